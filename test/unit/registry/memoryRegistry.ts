import { once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { digestOf } from '../../../src/core/oci/digest.ts';

/** True if it answered instead of the registry. */
export type Intercept = (request: IncomingMessage, response: ServerResponse, nth: number) => boolean;

/** A registry by the distribution spec that keeps everything in memory, and whose answers a test may replace. */
export class MemoryRegistry {
  /** `METHOD range-or-nothing`, in order of arrival. */
  readonly asked: string[] = [];
  readonly blobs = new Map<string, Buffer>();
  /** By tag and by digest. */
  readonly manifests = new Map<string, { readonly bytes: Buffer; readonly type: string }>();
  /** What each open session has, piece by piece. */
  readonly sessions = new Map<string, readonly Buffer[]>();
  intercept: Intercept = () => false;
  origin = '';
  #turn = 0;

  readonly server = http.createServer((request, response) => {
    const range = request.headers['content-range'];
    this.asked.push([request.method, ...(range === undefined ? [] : [range])].join(' '));
    const nth = this.asked.filter((line) => line.split(' ')[0] === request.method).length;
    if (this.intercept(request, response, nth)) return;
    void this.#answer(request, response).catch(() => response.destroy());
  });

  /** Listens until the test ends. */
  async start(t: { after(work: () => Promise<void>): void }): Promise<this> {
    await once(this.server.listen(0, '127.0.0.1'), 'listening');
    this.origin = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
    t.after(async () => {
      this.server.closeAllConnections();
      await new Promise((resolve) => this.server.close(resolve));
    });
    return this;
  }

  /** How often it was asked by this method. */
  count(method: string): number {
    return this.asked.filter((line) => line.split(' ')[0] === method).length;
  }

  /** Does the work of a request, for a test that replaces the answer alone. */
  async work(request: IncomingMessage, response: ServerResponse): Promise<void> {
    await this.#answer(request, response);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', this.origin);
    const name = url.pathname.split('/').at(-1) ?? '';
    const bytes = await read(request);
    if (url.pathname === '/v2/') {
      response.end('{}');
      return;
    }
    if (url.pathname.includes('/manifests/')) {
      this.#manifest(request, response, name, bytes);
      return;
    }
    if (request.method === 'HEAD' || (request.method === 'GET' && !url.pathname.includes('/uploads/'))) {
      const blob = this.blobs.get(name);
      if (blob === undefined) response.writeHead(404).end();
      else response.writeHead(200, { 'content-length': blob.byteLength }).end(blob);
      return;
    }
    if (request.method === 'POST') {
      this.#accept(response, `s${++this.#turn}`, []);
      return;
    }
    // As in distribution, each response has another Location, and only the last one is valid.
    const had = url.searchParams.get('turn') === String(this.#turn) ? this.sessions.get(name) : undefined;
    if (had === undefined) {
      response.writeHead(404).end('{"errors":[{"code":"BLOB_UPLOAD_UNKNOWN","message":"unknown"}]}');
      return;
    }
    const size = had.reduce((sum, piece) => sum + piece.byteLength, 0);
    if (request.method === 'GET') {
      response.writeHead(204, size === 0 ? {} : { range: `0-${size - 1}` }).end();
    } else if (request.method === 'DELETE') {
      this.sessions.delete(name);
      response.writeHead(204).end();
    } else if (request.method === 'PATCH') {
      const expected = `${size}-${size + bytes.byteLength - 1}`;
      if (request.headers['content-range'] !== expected) response.writeHead(416).end();
      else this.#accept(response, name, [...had, bytes], ++this.#turn);
    } else this.#commit(response, name, Buffer.concat([...had, bytes]), url.searchParams.get('digest') ?? '');
  }

  #manifest(request: IncomingMessage, response: ServerResponse, name: string, bytes: Buffer): void {
    if (request.method === 'PUT') {
      const manifest = { bytes, type: request.headers['content-type'] ?? '' };
      for (const key of [name, digestOf(bytes)]) this.manifests.set(key, manifest);
      response.writeHead(201, { 'docker-content-digest': digestOf(bytes) }).end();
      return;
    }
    const found = this.manifests.get(name);
    if (found === undefined) {
      response.writeHead(404).end('{"errors":[{"code":"MANIFEST_UNKNOWN","message":"unknown"}]}');
      return;
    }
    const headers = { 'content-type': found.type, 'docker-content-digest': digestOf(found.bytes) };
    response.writeHead(200, { ...headers, 'content-length': found.bytes.byteLength }).end(found.bytes);
  }

  #accept(response: ServerResponse, name: string, has: readonly Buffer[], turn = this.#turn): void {
    this.sessions.set(name, has);
    response.writeHead(202, { location: `/v2/own/app/blobs/uploads/${name}?turn=${turn}` }).end();
  }

  #commit(response: ServerResponse, name: string, blob: Buffer, digest: string): void {
    if (digestOf(blob) !== digest) {
      response.writeHead(400).end('{"errors":[{"code":"DIGEST_INVALID","message":"digest"}]}');
      return;
    }
    this.sessions.delete(name);
    this.blobs.set(digest, blob);
    response.writeHead(201, { 'docker-content-digest': digest }).end();
  }
}

async function read(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of request as AsyncIterable<Buffer>) pieces.push(piece);
  return Buffer.concat(pieces);
}
