import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';

import type { Engine } from './engine.ts';
import { makeScratch } from './scratch.ts';

export interface Answer {
  readonly status: number;
  /** As JSON.parse gives it. */
  readonly body: unknown;
}

/** A proxy in front of a container engine that can change its responses: an engine that is not to be trusted. */
export interface ChangedAnswers {
  /** As DOCKER_HOST has it. */
  readonly host: string;
  /** The paths of all requests so far. */
  readonly requests: string[];
  /** Changes the responses to each GET of a matching path from now on. */
  change(path: RegExp, change: (answer: Answer) => Answer): void;
  /** Changes nothing any more. */
  clear(): void;
  close(): Promise<void>;
}

/** Forwards requests and responses, but no upgraded connections, which lists and exports do not use. */
export async function changeAnswers(engine: Engine): Promise<ChangedAnswers> {
  const scratch = await makeScratch('changed-answers');
  const path = join(scratch.path, 'docker.sock');
  const socketPath = engine.host.replace('unix://', '');
  let changes: { readonly path: RegExp; readonly change: (answer: Answer) => Answer }[] = [];
  const requests: string[] = [];
  const server = createServer((asked, response) => {
    const { method = 'GET', url = '/', headers } = asked;
    requests.push(url);
    const onward = httpRequest({ socketPath, method, path: url, headers, agent: false });
    const found = method === 'GET' ? changes.find((each) => each.path.test(url)) : undefined;
    onward.on('response', (answer) => {
      if (found === undefined) passOn(answer, response);
      else void answerChanged(answer, response, found.change);
    });
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    asked.pipe(onward);
  });
  await once(server.listen(path), 'listening');
  return {
    host: `unix://${path}`,
    requests,
    change: (fitting, change) => {
      changes = [{ path: fitting, change }, ...changes];
    },
    clear: () => {
      changes = [];
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await scratch.remove();
    },
  };
}

function passOn(answer: IncomingMessage, response: ServerResponse): void {
  response.writeHead(answer.statusCode ?? 500, answer.headers);
  // An event stream has a head long before it has a body.
  response.flushHeaders();
  answer.on('error', () => response.destroy());
  answer.pipe(response);
}

async function answerChanged(
  answer: IncomingMessage,
  response: ServerResponse,
  change: (answer: Answer) => Answer,
): Promise<void> {
  const text = (await buffer(answer)).toString('utf8');
  const { status, body } = change({ status: answer.statusCode ?? 500, body: JSON.parse(text) as unknown });
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}
