import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isDigest } from '../oci/digest.ts';
import { octetStream } from '../oci/mediaTypes.ts';
import { EventLoopBudget } from './eventLoopBudget.ts';
import { RelayError } from './relayErrors.ts';
import type { RelaySource } from './relaySource.ts';
import type { ServedRepository } from './servedRepository.ts';

/** The pull half of the OCI distribution spec for one image, while one pull runs. */
export class RelayReadRepository implements ServedRepository {
  readonly #source: RelaySource;
  readonly #budget = new EventLoopBudget();
  readonly #closed = new AbortController();

  constructor(source: RelaySource) {
    this.#source = source;
  }

  async answer(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    const [, kind, reference = ''] = /^(blobs|manifests)\/([^/]+)$/.exec(path) ?? [];
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    if (kind === undefined || !isRead) {
      throw new RelayError(405, 'UNSUPPORTED', 'This endpoint only gives one image to one container engine.');
    }
    // An engine that is cancelled closes its connections: then nothing more is read from the registry.
    const gone = new AbortController();
    response.once('close', () => {
      gone.abort();
    });
    const signal = AbortSignal.any([this.#closed.signal, gone.signal]);
    if (kind === 'manifests') await this.#manifest(request, response, reference, signal);
    else await this.#blob(request, response, reference, signal);
  }

  /** Breaks off the responses that are still being sent. */
  close(): void {
    this.#closed.abort();
  }

  async #manifest(
    { method }: IncomingMessage,
    response: ServerResponse,
    reference: string,
    signal: AbortSignal,
  ): Promise<void> {
    const manifest = await this.#source.manifest(reference, signal);
    if (manifest === undefined) throw new RelayError(404, 'MANIFEST_UNKNOWN', `The manifest ${reference} is not here.`);
    response.writeHead(200, {
      'content-type': manifest.mediaType,
      'content-length': manifest.bytes.byteLength,
      'docker-content-digest': manifest.digest,
    });
    response.end(method === 'GET' ? manifest.bytes : undefined);
  }

  async #blob(
    { method, headers }: IncomingMessage,
    response: ServerResponse,
    digest: string,
    signal: AbortSignal,
  ): Promise<void> {
    const size = isDigest(digest) ? this.#source.blobSize(digest) : undefined;
    if (!isDigest(digest) || size === undefined) {
      throw new RelayError(404, 'BLOB_UNKNOWN', `The blob ${digest} is not of this image.`);
    }
    const from = startOfRange(headers.range, size);
    const common = { 'content-type': octetStream, 'docker-content-digest': digest, 'accept-ranges': 'bytes' };
    const range = from === 0 ? {} : { 'content-range': `bytes ${from}-${size - 1}/${size}` };
    const writeHead = (): void => {
      response.writeHead(from === 0 ? 200 : 206, { ...common, ...range, 'content-length': size - from });
    };
    if (method === 'HEAD') {
      writeHead();
      response.end();
      return;
    }
    await this.#send(response, writeHead, this.#source.readBlob(digest, from, signal), signal);
  }

  /** A blob that breaks off after its head was sent cannot become an error response: its connection is closed instead. */
  async #send(
    response: ServerResponse,
    writeHead: () => void,
    pieces: AsyncIterable<Uint8Array>,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      for await (const piece of pieces) {
        if (!response.headersSent) writeHead();
        if (!response.write(piece)) await once(response, 'drain', { signal });
        await this.#budget.spend(piece.byteLength);
      }
      if (!response.headersSent) writeHead();
      response.end();
    } catch (error) {
      if (!response.headersSent && !signal.aborted) throw error;
      response.destroy();
    }
  }
}

/**
 * The first byte that is wanted. Engines ask for the rest of a blob whose connection broke, `bytes=100-`. Any other range
 * is answered with the whole blob, as RFC 9110 §14.2 allows.
 */
function startOfRange(header: string | undefined, size: number): number {
  const [, start] = /^bytes=(\d+)-$/.exec(header ?? '') ?? [];
  if (start === undefined) return 0;
  if (Number(start) < size) return Number(start);
  throw new RelayError(416, 'SIZE_INVALID', `The blob has ${size} bytes.`, { 'content-range': `bytes */${size}` });
}
