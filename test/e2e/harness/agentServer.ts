import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

import type { AgentError, AgentReply, AgentRequest, AgentTask } from './agentProtocol.ts';

/** The test's side of the agent: gives it tasks, gets its replies. */
export interface AgentServer {
  /** For the agent's environment. Holds a secret that allows running commands in VS Code. */
  readonly address: string;
  ask(request: AgentRequest): Promise<unknown>;
  /** Rejects the open tasks, since the agent has ended. */
  abandon(reason: string): void;
  /** Tells the agent to end, and closes. */
  close(): Promise<void>;
}

/** An error that a command rejected with inside the extension host. */
export class RemoteError extends Error {
  override readonly name: string;
  readonly facts: Readonly<Record<string, unknown>>;
  readonly remoteStack: string | undefined;

  constructor(error: AgentError) {
    super(error.message);
    this.name = error.name;
    this.facts = error.facts;
    this.remoteStack = error.stack;
  }
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

export async function openAgentServer(): Promise<AgentServer> {
  const path = `/${randomBytes(16).toString('hex')}`;
  const tasks: AgentTask[] = [];
  const waiting = new Map<number, Waiting>();
  let idle: ServerResponse | undefined;
  let lastId = 0;
  let abandoned: string | undefined;

  /** Gives a task to a waiting poll, if there are both. */
  const hand = (): void => {
    const task = idle === undefined ? undefined : tasks.shift();
    if (task === undefined || idle === undefined) return;
    idle.end(JSON.stringify(task));
    idle = undefined;
  };
  const settle = (reply: AgentReply): void => {
    const asker = waiting.get(reply.id);
    waiting.delete(reply.id);
    if (reply.ok) asker?.resolve(reply.value);
    else asker?.reject(new RemoteError(reply.error));
  };
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.url !== path) {
      response.writeHead(404).end();
    } else if (request.method === 'POST') {
      settle(JSON.parse(await text(request)) as AgentReply);
      response.end();
    } else {
      idle = response;
      // An extension host that has ended runs no task.
      response.once('close', () => {
        if (idle === response) idle = undefined;
      });
      hand();
    }
  };
  const enqueue = (request: AgentRequest): number => {
    const id = ++lastId;
    tasks.push({ id, request });
    hand();
    return id;
  };

  const server = createServer((request, response) => void serve(request, response));
  // A poll waits for as long as a test takes.
  server.requestTimeout = 0;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    address: `http://127.0.0.1:${port}${path}`,
    ask: (request) =>
      new Promise((resolve, reject) => {
        if (abandoned !== undefined) reject(new Error(abandoned));
        else waiting.set(enqueue(request), { resolve, reject });
      }),
    abandon(reason) {
      abandoned = reason;
      for (const asker of waiting.values()) asker.reject(new Error(reason));
      waiting.clear();
    },
    async close() {
      const hadPoll = idle !== undefined;
      enqueue({ kind: 'end' });
      if (hadPoll) server.closeIdleConnections();
      server.close();
      setTimeout(() => {
        server.closeAllConnections();
      }, 2_000).unref();
      await once(server, 'close');
    },
  };
}
