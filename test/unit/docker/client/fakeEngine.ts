import { mkdtemp, rename, rm } from 'node:fs/promises';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { Engine } from '../../../../src/core/docker/client/engine.ts';
import { parseEndpoint } from '../../../../src/core/docker/endpoint/parseEndpoint.ts';

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export interface FakeEngine extends AsyncDisposable {
  readonly socket: string;
  readonly engine: Engine;
  /** Paths with query, in order of arrival. */
  readonly requests: string[];
  /** Stops listening and leaves the socket's file behind, as a crash does. */
  crash(): Promise<string>;
  /** Resolves when every connection that was made has ended. */
  allClosed(): Promise<void>;
}

/** Speaks HTTP on a unix socket as an engine does. Paths in `routes` are without the version; `/version` answers 1.41. */
export async function startFakeEngine(routes: Record<string, Handler>): Promise<FakeEngine> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'fake-engine-'));
  const socket = path.join(folder, 'docker.sock');
  const requests: string[] = [];
  const all: Record<string, Handler> = {
    '/version': json(200, { Version: '20.10.24', ApiVersion: '1.41', MinAPIVersion: '1.12' }),
    ...routes,
  };
  const server = http.createServer((request, response) => {
    const url = request.url ?? '';
    requests.push(url);
    const route = url.replace(/^\/v1\.\d+/, '').replace(/\?.*$/, '');
    (all[route] ?? json(404, { message: `no route ${route}` }))(request, response);
  });
  const ends: Promise<unknown>[] = [];
  server.on('connection', (connection) => ends.push(new Promise((resolve) => connection.once('close', resolve))));
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  const engine = engineAt(`unix://${socket}`);
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return {
    socket,
    engine,
    requests,
    allClosed: async () => {
      await Promise.all(ends);
    },
    crash: async () => {
      const stale = path.join(folder, 'stale.sock');
      await rename(socket, stale);
      await close();
      return stale;
    },
    [Symbol.asyncDispose]: async () => {
      engine.dispose();
      if (server.listening) await close();
      await rm(folder, { recursive: true });
    },
  };
}

export function engineAt(url: string, options?: ConstructorParameters<typeof Engine>[1]): Engine {
  return new Engine(parseEndpoint(url, { source: 'this test', platform: 'linux', tls: undefined }), options);
}

export async function listOf<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

export function json(status: number, body: unknown): Handler {
  return (_request, response) => {
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
  };
}

/** What `GET /images/{name}/json` says of an image. */
export function inspection(id: string, diffIds: readonly string[] = []): object {
  return {
    Id: id,
    RepoTags: ['app:1'],
    RootFS: { Type: 'layers', Layers: diffIds },
    Size: 1234,
    Os: 'linux',
    Architecture: 'arm64',
    Variant: 'v8',
    Config: { Labels: { 'org.opencontainers.image.revision': 'abc' } },
    Created: '2026-11-24T10:50:24.193551349Z',
  };
}
