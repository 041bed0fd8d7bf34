import type { IncomingMessage } from 'node:http';
import { DigestCounter, type Digest } from '../oci/digest.ts';
import type { EventLoopBudget } from './eventLoopBudget.ts';
import type { BlobClaim, IncomingBlob, RelayBackend } from './relayBackend.ts';
import { RelayError } from './relayErrors.ts';

/** One upload of the distribution spec: bytes are added in order until it is committed or given up. */
export class RelayUpload {
  readonly id: string;
  readonly #backend: RelayBackend;
  readonly #turns: EventLoopBudget;
  #received = new DigestCounter();
  #blob: Promise<IncomingBlob> | undefined;
  #busy = false;

  constructor(id: string, backend: RelayBackend, turns: EventLoopBudget) {
    this.id = id;
    this.#backend = backend;
    this.#turns = turns;
  }

  /** Bytes that have arrived. */
  get size(): number {
    return this.#received.bytes;
  }

  /** As the spec has it: first and last byte, both included; `0-0` stands for nothing as well. */
  get range(): string {
    return `0-${Math.max(0, this.size - 1)}`;
  }

  /** Adds a request's body. With a `Content-Range` it must begin where the last one ended, and have that length. */
  async append(request: IncomingMessage, claimed?: Digest): Promise<void> {
    const range = parseRange(request);
    if (range !== undefined && range.start !== this.size) {
      throw new RelayError(416, 'BLOB_UPLOAD_INVALID', `This upload has ${this.size} bytes; go on from there.`, {
        range: this.range,
      });
    }
    if (this.#busy) throw new RelayError(409, 'BLOB_UPLOAD_INVALID', 'Another request is adding to this upload.');
    this.#busy = true;
    try {
      const before = this.size;
      await this.#take(request, claimed === undefined ? undefined : claimOf(request, claimed, before));
      if (range !== undefined && this.size - before !== range.end - range.start + 1) {
        throw new RelayError(400, 'SIZE_INVALID', 'The body’s length is not that of its Content-Range.');
      }
    } catch (error) {
      // What arrived of a torn body cannot be told apart from what did not.
      this.drop();
      throw error;
    } finally {
      this.#busy = false;
    }
  }

  /** Closes the upload as the blob of that digest; resolves when it is where it belongs. */
  async commit(digest: Digest): Promise<void> {
    const blob = await this.#begin({ digest, size: this.size });
    if (this.#received.digest() !== digest) {
      this.drop();
      throw new RelayError(400, 'DIGEST_INVALID', `The bytes that arrived do not hash to ${digest}.`);
    }
    this.#blob = undefined;
    await blob.commit(digest);
  }

  /** Forgets what arrived: all of it will be sent again. */
  startOver(): void {
    this.drop();
    this.#received = new DigestCounter();
  }

  drop(): void {
    void this.#blob?.then(
      (blob) => {
        blob.drop();
      },
      () => undefined,
    );
    this.#blob = undefined;
  }

  #begin(claim: BlobClaim | undefined): Promise<IncomingBlob> {
    this.#blob ??= this.#backend.beginBlob(claim);
    return this.#blob;
  }

  async #take(request: IncomingMessage, claim: BlobClaim | undefined): Promise<void> {
    const blob = await this.#begin(claim);
    await eachPiece(request, (piece) => {
      this.#received.update(piece);
      const turn = this.#turns.spend(piece.byteLength);
      const room = blob.write(piece);
      return room === undefined || turn === undefined ? (room ?? turn) : room.then(() => turn);
    });
    if (!request.complete) throw new RelayError(400, 'BLOB_UPLOAD_INVALID', 'The body broke off.');
  }
}

/** Shows a body's pieces as they arrive, and waits where it is told to; ends with the body, whole or not. */
function eachPiece(request: IncomingMessage, onPiece: (piece: Buffer) => Promise<void> | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => {
      request.off('data', take);
      reject(error instanceof Error ? error : new Error('the bytes were not taken', { cause: error }));
    };
    const take = (piece: Buffer): void => {
      try {
        const wait = onPiece(piece);
        if (wait === undefined) return;
        request.pause();
        wait.then(() => request.resume(), fail);
      } catch (error) {
        fail(error);
      }
    };
    request.once('end', resolve).once('close', resolve).once('error', fail).on('data', take);
    if (request.destroyed) resolve();
  });
}

/** A blob that comes whole, in one body of a known length. */
function claimOf(request: IncomingMessage, digest: Digest, before: number): BlobClaim | undefined {
  const length = request.headers['content-length'];
  return before > 0 || length === undefined ? undefined : { digest, size: Number(length) };
}

function parseRange(request: IncomingMessage): { readonly start: number; readonly end: number } | undefined {
  const header = request.headers['content-range'];
  if (header === undefined) return undefined;
  const [, start, end] = /^(?:bytes[ =])?(\d+)-(\d+)(?:\/.*)?$/.exec(header) ?? [];
  if (start === undefined || end === undefined || Number(end) < Number(start)) {
    throw new RelayError(416, 'BLOB_UPLOAD_INVALID', `“${header}” is not a range.`);
  }
  return { start: Number(start), end: Number(end) };
}
