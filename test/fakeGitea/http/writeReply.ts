import { createReadStream } from 'node:fs';
import { STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { pipeline } from 'node:stream/promises';
import type { Reply } from './reply.ts';
import { ConnectionLost, type RequestBody } from './requestBody.ts';

/** Go reads so many bytes of a body that its handler has not read. If there are more, it closes the connection. */
const drainLimit = 256 * 1024;
/** Go's server sends a body without Content-Length in one piece up to here, above it in chunks. */
const chunkingSize = 2048;
/**
 * Milliseconds: how long the connection stays open for reading after an early answer, so that a reset does not destroy the answer. Go
 * waits 500 ms (net/http, rstAvoidanceDelay). Here it is longer: on a busy machine a test's client needs more.
 */
export const lingerMs = 5_000;

export interface Outgoing {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly body: RequestBody;
  /** Close the connection after so many bytes of the response's body. */
  readonly cutAfter?: number;
}

/** Writes a response as Go's http server does: its headers, and how it treats a request body that was not read. */
export async function writeReply(outgoing: Outgoing, reply: Reply): Promise<void> {
  const headers = new Map(Object.entries(reply.headers ?? {}));
  const head = outgoing.request.method === 'HEAD';
  const size = bodySize(reply);
  const fixed = typeof reply.body === 'object' || size <= chunkingSize;
  const empty = size === 0 && (head || reply.status === 204 || reply.status === 304);
  if (fixed && !empty && !headers.has('Content-Length')) headers.set('Content-Length', String(size));

  if (!(await hasNoRestToSpeakOf(outgoing.body))) {
    headers.set('Connection', 'close');
    await writeAndLinger(outgoing.request, reply, headers);
    return;
  }
  const { response } = outgoing;
  response.statusCode = reply.status;
  for (const [name, value] of headers) response.setHeader(name, value);
  if (!headers.has('Connection')) response.removeHeader('Connection'); // Go does not announce keep-alive
  await (head ? finish(response) : writeBody(outgoing, reply));
  if (reply.closes === true) outgoing.request.socket.destroySoon();
}

function bodySize({ body }: Reply): number {
  if (body === undefined) return 0;
  return typeof body === 'string' ? Buffer.byteLength(body) : body.end - body.start;
}

async function hasNoRestToSpeakOf(body: RequestBody): Promise<boolean> {
  if (body.complete) return true;
  if (body.unread >= drainLimit) return false;
  return body.drain(drainLimit);
}

async function writeBody({ response, cutAfter }: Outgoing, { body }: Reply): Promise<void> {
  const size = bodySize({ status: 0, ...(body === undefined ? {} : { body }) });
  const cut = cutAfter !== undefined && cutAfter < size;
  const end = cut ? cutAfter : size;
  if (typeof body === 'object') {
    const { path, start } = body;
    if (end > 0) await pipeline(createReadStream(path, { start, end: start + end - 1 }), response, { end: !cut });
    else response.flushHeaders();
  } else if (body !== undefined) {
    response.write(Buffer.from(body).subarray(0, end));
  }
  if (cut) {
    response.socket?.destroySoon();
    return;
  }
  if (!response.writableEnded) await finish(response);
}

async function finish(response: ServerResponse): Promise<void> {
  if (response.socket === null || response.socket.destroyed) throw new ConnectionLost('the client has left');
  const done = once(response, 'close');
  response.end();
  await done;
}

/**
 * Answers while the client is still sending: sends the answer, ends this side, and waits for the client to close. Node
 * would drop the connection at once, and the answer with it.
 */
async function writeAndLinger(
  request: IncomingMessage,
  reply: Reply,
  headers: ReadonlyMap<string, string | readonly string[]>,
): Promise<void> {
  const { socket } = request;
  const lines = [`HTTP/1.1 ${reply.status} ${STATUS_CODES[reply.status] ?? ''}`];
  for (const [name, values] of headers) for (const value of [values].flat()) lines.push(`${name}: ${value}`);
  lines.push(`Date: ${new Date().toUTCString()}`, '', typeof reply.body === 'string' ? reply.body : '');
  const timer = setTimeout(() => socket.destroy(), lingerMs);
  socket.end(lines.join('\r\n'));
  if (!socket.destroyed) await once(socket, 'close');
  clearTimeout(timer);
}
