import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Repository } from '../../../src/core/registry/repository.ts';
import { clientFor, type TestClient } from '../gitea/testClient.ts';
import { call } from './setUp.ts';
import { MemoryRegistry, type Intercept } from './memoryRegistry.ts';

export const page = '<!DOCTYPE html><html><head><title>Sign in</title></head><body></body></html>';

export interface Rig {
  readonly registry: MemoryRegistry;
  readonly client: TestClient;
  readonly app: Repository;
}

/** A registry that is no Gitea, and one of its repositories as the extension sees it. */
export async function startRegistry(
  t: { after(work: () => Promise<void>): void },
  options: Parameters<typeof clientFor>[1] = {},
): Promise<Rig> {
  const registry = await new MemoryRegistry().start(t);
  const client = clientFor(registry.origin, options);
  t.after(async () => client.close());
  return { registry, client, app: await client.repository('own/app', call) };
}

/** Which requests a fault meets. */
export interface When {
  readonly method: string;
  /** Tested against the path with its query. */
  readonly path?: RegExp;
  /** How many of them, from the first on; all by default. */
  readonly times?: number;
}

function matcher({ method, path, times = Infinity }: When): (request: IncomingMessage) => boolean {
  let met = 0;
  return (request) => request.method === method && (path?.test(request.url ?? '') ?? true) && met++ < times;
}

/** This answer in place of the registry's, once the body was read. */
export function answers(when: When, status: number, headers: Record<string, string> = {}, body = ''): Intercept {
  const matches = matcher(when);
  return (request, response) => {
    if (!matches(request)) return false;
    request.resume();
    request.once('end', () => response.writeHead(status, headers).end(body));
    return true;
  };
}

export const answersPage = (when: When, status: number): Intercept =>
  answers(when, status, { 'content-type': 'text/html', server: 'nginx' }, page);

/** The registry does all the work, and this status replaces its answer; without `status` the connection ends. */
export function losesAnswer(registry: MemoryRegistry, when: When, status?: number): Intercept {
  const matches = matcher(when);
  return (request, response) => {
    if (!matches(request)) return false;
    const nobody = { writeHead: () => nobody, end: () => nobody } as unknown as ServerResponse;
    void registry.work(request, nobody).then(() => {
      if (status === undefined) request.socket.destroy();
      else response.writeHead(status, { 'content-type': 'text/html', server: 'nginx' }).end(page);
    });
    return true;
  };
}

/** Ends the connection under every body that is larger than this: a size limit without any answer. */
export function cutsAbove(bytes: number): Intercept {
  return (request) => {
    if (Number(request.headers['content-length'] ?? 0) <= bytes) return false;
    let arrived = 0;
    request.on('data', (piece: Buffer) => {
      arrived += piece.byteLength;
      if (arrived > bytes) request.socket.destroy();
    });
    return true;
  };
}

/** The first that answers. */
export const oneOf =
  (...all: readonly Intercept[]): Intercept =>
  (...exchange) =>
    all.some((intercept) => intercept(...exchange));

/** Passes the registry's own answer on, without or with other headers. */
export function changesHeaders(
  registry: MemoryRegistry,
  when: When,
  headers: Record<string, string | undefined>,
): Intercept {
  const matches = matcher(when);
  return (request, response) => {
    if (!matches(request)) return false;
    const writeHead = response.writeHead.bind(response);
    response.writeHead = ((status: number, given: Record<string, string> = {}) => {
      const changed = Object.entries({ ...given, ...headers }).filter(([, value]) => value !== undefined);
      return writeHead(status, Object.fromEntries(changed) as Record<string, string>);
    }) as typeof response.writeHead;
    void registry.work(request, response).catch(() => response.destroy());
    return true;
  };
}
