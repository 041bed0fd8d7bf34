import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import { digestOf } from '../../../src/core/oci/digest.ts';

/** True if it answered in place of the registry. */
export type Meddle = (request: IncomingMessage, response: ServerResponse, nth: number) => boolean;

/** One registry that keeps what it is sent in memory, by the distribution spec, and may be meddled with. */
export class MemoryRegistry {
  /** `METHOD range-or-nothing`, in order of arrival. */
  readonly asked: string[] = [];
  readonly blobs = new Map<string, Buffer>();
  /** What each open session has. */
  readonly sessions = new Map<string, Buffer>();
  meddle: Meddle = () => false;
  origin = '';
  #turn = 0;

  readonly server = http.createServer((request, response) => {
    const range = request.headers['content-range'];
    this.asked.push([request.method, ...(range === undefined ? [] : [range])].join(' '));
    const nth = this.asked.filter((line) => line.split(' ')[0] === request.method).length;
    if (this.meddle(request, response, nth)) return;
    void this.#answer(request, response).catch(() => response.destroy());
  });

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', this.origin);
    const name = url.pathname.split('/').at(-1) ?? '';
    const bytes = await read(request);
    if (request.method === 'HEAD') {
      const blob = this.blobs.get(name);
      response.writeHead(blob === undefined ? 404 : 200, blob && { 'content-length': blob.byteLength }).end();
      return;
    }
    if (request.method === 'POST') {
      this.#accept(response, `s${++this.#turn}`, Buffer.alloc(0));
      return;
    }
    // As distribution does it, each answer names another place, and only the last of them counts.
    const had = url.searchParams.get('turn') === String(this.#turn) ? this.sessions.get(name) : undefined;
    if (had === undefined) {
      response.writeHead(404).end('{"errors":[{"code":"BLOB_UPLOAD_UNKNOWN","message":"unknown"}]}');
      return;
    }
    if (request.method === 'DELETE') {
      this.sessions.delete(name);
      response.writeHead(204).end();
    } else if (request.method === 'PATCH') {
      const expected = `${had.byteLength}-${had.byteLength + bytes.byteLength - 1}`;
      if (request.headers['content-range'] !== expected) response.writeHead(416).end();
      else this.#accept(response, name, Buffer.concat([had, bytes]), ++this.#turn);
    } else this.#commit(response, name, Buffer.concat([had, bytes]), url.searchParams.get('digest') ?? '');
  }

  #accept(response: ServerResponse, name: string, has: Buffer, turn = this.#turn): void {
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
