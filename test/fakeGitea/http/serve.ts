import { breakConnection } from './breakConnection.ts';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { exchangeOf, type Exchange } from './exchange.ts';
import type { FaultAction, Faults } from './faults.ts';
import { bodyTooLarge } from './proxyReplies.ts';
import type { Reply } from './reply.ts';
import { RequestBody } from './requestBody.ts';
import type { RequestLog, RequestRecord } from './requestLog.ts';
import { writeReply } from './writeReply.ts';

export interface Service {
  readonly log: RequestLog;
  readonly faults: Faults;
  readonly toStorage: boolean;
  readonly expireTokens: () => void;
  readonly handle: (exchange: Exchange) => Reply | Promise<Reply>;
}

/** Handles one request: log, fault, handler, response. Never throws: a broken connection is `cut` in the log. */
export async function serve(service: Service, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const record = service.log.begin(request, service.toStorage);
  const length = Number(request.headers['content-length'] ?? 0);
  const fault = service.faults.take(record.method, record.path, length);
  record.fault = fault?.kind;
  try {
    const body = new RequestBody(request, record, fault);
    const reply = await answer(service, request, body, fault);
    if (reply === undefined) {
      request.socket.destroy();
    } else {
      record.status = reply.status;
      const cutAfter = fault?.kind === 'cutReply' ? { cutAfter: fault.afterBytes } : {};
      await writeReply({ request, response, body, ...cutAfter }, reply);
      record.outcome = fault?.kind === 'cutReply' ? 'cut' : 'answered';
    }
  } catch (error) {
    if (!request.socket.destroyed) failLoudly(record, response, error);
  }
  if (record.outcome === 'open') record.outcome = 'cut';
}

/** Undefined: the connection is closed without a response. */
async function answer(
  service: Service,
  request: IncomingMessage,
  body: RequestBody,
  fault: FaultAction | undefined,
): Promise<Reply | undefined> {
  const exchange = exchangeOf(request, body);
  switch (fault?.kind) {
    case 'reset':
      breakConnection(request.socket);
      return undefined;
    case 'answer':
      return fault.reply;
    case 'bodyLimit':
      return bodyTooLarge();
    case 'stall':
      if (fault.afterBytes !== undefined) break;
      if (!request.socket.destroyed) await once(request.socket, 'close');
      return undefined;
    case 'loseAnswer':
      await service.handle(exchange);
      return undefined;
    case 'delay':
      await sleep(fault.ms);
      break;
    case 'expireTokens':
      service.expireTokens();
      break;
    case 'cutRequest':
    case 'cutReply':
    case undefined:
  }
  return service.handle(exchange);
}

/** A bug of the fake Gitea must not look like a refusal by Gitea. */
function failLoudly(record: RequestRecord, response: ServerResponse, error: unknown): void {
  record.status = 599;
  record.outcome = 'answered';
  const details = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`The fake Gitea broke at ${record.method} ${record.path}: ${details}\n`);
  if (response.headersSent) response.destroy();
  else response.writeHead(599).end('The fake Gitea broke; see its standard error.\n');
}
