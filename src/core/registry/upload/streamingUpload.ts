import type { StreamedBlob, BlobUpload } from '../../ports/blobTarget.ts';
import { TeaChestError } from '../../base/errors.ts';
import { checkStoredDigest, headBlob } from '../blobs/headBlob.ts';
import { isChunkTaken } from './chunkedUpload.ts';
import type { ChunkSizer } from './chunkSizer.ts';
import { commitUpload } from './commitUpload.ts';
import type { RegistryResponse, RequestBody } from '../http/httpTypes.ts';
import { patchRefused, wholeRefused } from './patchRefusal.ts';
import { isTransientStatus, isUnreachable, settle, type Outcome, type Timing } from '../http/retry.ts';
import { isDoubtful, isStored } from './sendAndVerify.ts';
import { uploadLocation } from './uploadLocation.ts';
import { closeSession, commitSession, patchSession, toError, type RepositoryContext } from './uploadSession.ts';

export interface StreamingUploadTools {
  readonly sizer: ChunkSizer;
  readonly timing: Timing;
  /** Blobs up to this many bytes go in one request, as docker push sends them; larger ones in chunks. */
  readonly wholeUpTo: number;
}

/**
 * An open upload session for bytes that cannot be read again: used once by `send`, or closed by `close`. Each chunk's
 * request begins before its bytes are there, so that neither side waits for the other to be done with one.
 */
export class StreamingUpload implements BlobUpload {
  readonly #context: RepositoryContext;
  readonly #tools: StreamingUploadTools;
  #session: URL;
  #isOpen = true;

  constructor(context: RepositoryContext, session: URL, tools: StreamingUploadTools) {
    this.#context = context;
    this.#session = session;
    this.#tools = tools;
  }

  /** Resolves when the registry has the blob. If it rejects, the session is closed, and the bytes are spent. */
  async send(
    blob: StreamedBlob,
    { signal, onSent }: { readonly signal: AbortSignal; readonly onSent: (bytes: number) => void },
  ): Promise<void> {
    onSent(0);
    const cursor = new Cursor(blob, onSent);
    try {
      if (blob.size <= this.#tools.wholeUpTo) await this.#sendWhole(blob, cursor, signal);
      else await this.#sendChunks(blob, cursor, signal);
      this.#isOpen = false;
    } finally {
      cursor.close();
      await this.close(signal);
    }
  }

  /** Deletes the session, unless it has become a blob. */
  async close(signal: AbortSignal): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    await closeSession(this.#context, this.#session, signal);
  }

  async #sendWhole(blob: StreamedBlob, cursor: Cursor, signal: AbortSignal): Promise<void> {
    const { sizer } = this.#tools;
    const body = cursor.body(blob.size);
    const outcome = await settle(commitSession(this.#context, this.#session, blob.digest, signal, { body }));
    if ('error' in outcome && isUnreachable(outcome.error) && cursor.position > 0) sizer.broken(blob.size);
    try {
      await this.#judgeCommit(outcome, blob, signal);
    } catch (error) {
      // Only a limit: Forgejo's quota is a 413 too, and no chunk is small enough for that.
      if (error instanceof TeaChestError && error.code === 'bodyTooLarge') sizer.tooLarge(blob.size);
      throw sizer.chunksRefused === undefined ? error : wholeRefused(sizer.chunksRefused, error);
    }
  }

  async #sendChunks(blob: StreamedBlob, cursor: Cursor, signal: AbortSignal): Promise<void> {
    const { sizer, timing } = this.#tools;
    while (cursor.position < blob.size) {
      const start = cursor.position;
      const length = Math.min(sizer.size, blob.size - start);
      const began = timing.now();
      let response: RegistryResponse;
      try {
        response = await patchSession(this.#context, this.#session, start, cursor.body(length), signal);
      } catch (error) {
        if (isUnreachable(error) && cursor.position > start) sizer.broken(length);
        throw error;
      }
      if (!isChunkTaken(response)) throw this.#refusedChunk(response, length);
      // The engine's pace counts as well; the size grows no faster for that.
      sizer.accepted(length, timing.now() - began);
      this.#session = uploadLocation(response, this.#context.origin, this.#session);
    }
    const response = await commitUpload(this.#context, this.#session, blob, { signal, timing });
    if (response !== undefined) checkStoredDigest(this.#context, response, blob.digest);
  }

  /** `chunksRefused` as well is for whoever has the bytes to send again: they then go in one request. */
  #refusedChunk(response: RegistryResponse, length: number): TeaChestError {
    const { sizer } = this.#tools;
    const chunksRefused = patchRefused(response);
    if (chunksRefused !== undefined) return chunksRefused;
    const failure = toError(this.#context, response, 'PATCH', `take a piece of a layer of ${this.#context.repository}`);
    if (failure.code === 'bodyTooLarge') sizer.tooLarge(length);
    else if (response.status !== 429 && isTransientStatus(response.status)) sizer.broken(length);
    return failure;
  }

  async #judgeCommit(outcome: Outcome, { digest, size }: StreamedBlob, signal: AbortSignal): Promise<void> {
    if ('response' in outcome && isStored(outcome.response)) {
      checkStoredDigest(this.#context, outcome.response, digest);
      return;
    }
    if (isDoubtful(outcome) && (await headBlob(this.#context, digest, signal)) === size) return;
    if ('error' in outcome) throw outcome.error;
    throw toError(this.#context, outcome.response, 'PUT', `store a layer of ${this.#context.repository}`);
  }
}

/** Cuts passing bytes into bodies, one after the other. */
class Cursor {
  /** Bytes that were handed on. */
  position = 0;
  readonly #pieces: AsyncIterator<Uint8Array>;
  readonly #onSent: (bytes: number) => void;
  readonly #onWritten: ((piece: Uint8Array) => void) | undefined;
  #rest: Uint8Array | undefined;

  constructor({ bytes, onWritten }: StreamedBlob, onSent: (bytes: number) => void) {
    this.#pieces = bytes[Symbol.asyncIterator]();
    this.#onWritten = onWritten;
    this.#onSent = onSent;
  }

  /** The next `length` bytes, which can be opened once. */
  body(length: number): RequestBody {
    let isOpened = false;
    return {
      length,
      once: true,
      ...(this.#onWritten === undefined ? {} : { onWritten: this.#onWritten }),
      open: () => {
        if (isOpened) throw new TeaChestError('uploadLost', 'These bytes have passed and cannot be sent again.');
        isOpened = true;
        return this.#take(length);
      },
    };
  }

  /** Nothing more will be read. Not waited for: the source may be waiting for bytes that nobody wants any more. */
  close(): void {
    void this.#pieces.return?.().catch(() => undefined);
  }

  async *#take(length: number): AsyncGenerator<Uint8Array> {
    for (let left = length; left > 0;) {
      const piece = this.#rest ?? (await this.#next());
      const taken = piece.byteLength <= left ? piece : piece.subarray(0, left);
      this.#rest = taken === piece ? undefined : piece.subarray(left);
      left -= taken.byteLength;
      this.position += taken.byteLength;
      yield taken;
      this.#onSent(this.position);
    }
  }

  async #next(): Promise<Uint8Array> {
    const next = await this.#pieces.next();
    if (next.done === true) throw new TeaChestError('internal', 'Fewer bytes came than were announced.');
    return next.value;
  }
}
