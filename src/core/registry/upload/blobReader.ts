import * as l10n from '@vscode/l10n';
import { TeaChestError } from '../../base/errors.ts';
import type { BlobDescriptor, BlobSource, ReplayableBlob, StreamedBlob } from '../../ports/blobSource.ts';
import type { UploadOptions } from '../../ports/blobTarget.ts';
import type { RequestBody } from '../http/httpTypes.ts';

/** Reads a blob as the bodies of the requests that upload it. */
export interface BlobReader {
  /** End of the bytes that the connection has asked for. */
  readonly position: number;
  /** True if the blob is complete and has no more than so many bytes; waits until that is known. */
  isAtMost(bytes: number): Promise<boolean>;
  /** The end of a chunk of at most `size` bytes that begins at `start`; `start` itself at the end of the blob. */
  chunkEnd(start: number, size: number): Promise<number>;
  /** Digest and size, once the blob is complete. */
  finished(): Promise<BlobDescriptor>;
  /** The bytes from `start` (included) to `end` (excluded). */
  body(start: number, end: number): RequestBody;
  /** Nothing more will be read. */
  close(): void;
}

export function readerOf(source: BlobSource, { signal, onSent, firstBytes }: UploadOptions): BlobReader {
  return source.replayable
    ? new ReplayReader(source, { signal, onSent, firstBytes })
    : new StreamReader(source, onSent);
}

class ReplayReader implements BlobReader {
  position = 0;
  readonly #source: ReplayableBlob;
  readonly #signal: AbortSignal;
  readonly #onSent: (bytes: number) => void;
  readonly #firstBytes: number;

  constructor(source: ReplayableBlob, { signal, onSent, firstBytes = Infinity }: UploadOptions) {
    this.#source = source;
    this.#signal = signal;
    this.#onSent = onSent;
    this.#firstBytes = firstBytes;
  }

  async isAtMost(limit: number): Promise<boolean> {
    const { bytes, complete } = await this.#source.available(0, limit + 1, this.#signal);
    return complete && bytes <= limit;
  }

  async chunkEnd(start: number, size: number): Promise<number> {
    const { bytes } = await this.#source.available(start, Math.min(size, this.#firstBytes), this.#signal);
    return Math.min(bytes, start + size);
  }

  async finished(): Promise<BlobDescriptor> {
    // A source that is written only as far as it is read must not wait.
    await this.#source.available(0, Number.MAX_SAFE_INTEGER, this.#signal);
    return this.#source.finished;
  }

  body(start: number, end: number): RequestBody {
    this.position = start;
    return { length: end - start, replayable: true, open: () => this.#read(start, end) };
  }

  close(): void {
    // The source closes itself.
  }

  async *#read(start: number, end: number): AsyncGenerator<Uint8Array> {
    this.position = start;
    this.#onSent(start);
    for await (const bytes of this.#source.read(start, end)) {
      this.position += bytes.byteLength;
      yield bytes;
      this.#onSent(this.position);
    }
  }
}

/** Cuts a stream into bodies, one after the other. */
class StreamReader implements BlobReader {
  position = 0;
  readonly #blob: StreamedBlob;
  readonly #pieces: AsyncIterator<Uint8Array>;
  readonly #onSent: (bytes: number) => void;
  #rest: Uint8Array | undefined;

  constructor(blob: StreamedBlob, onSent: (bytes: number) => void) {
    this.#blob = blob;
    this.#pieces = blob.bytes[Symbol.asyncIterator]();
    this.#onSent = onSent;
  }

  isAtMost(bytes: number): Promise<boolean> {
    return Promise.resolve(this.#blob.size <= bytes);
  }

  /** Does not wait for the bytes: the request of a chunk begins before they are there. */
  chunkEnd(start: number, size: number): Promise<number> {
    return Promise.resolve(Math.min(this.#blob.size, start + size));
  }

  finished(): Promise<BlobDescriptor> {
    return Promise.resolve(this.#blob);
  }

  body(start: number, end: number): RequestBody {
    let isOpened = false;
    // Opened once: a first reader that still waits for a piece would get one that the second needs.
    const open = (): AsyncIterable<Uint8Array> => {
      if (isOpened)
        throw new TeaChestError('uploadLost', l10n.t('The bytes of a stream were sent and cannot be sent again.'));
      isOpened = true;
      return this.#take(end - start);
    };
    return { length: end - start, replayable: false, onWritten: this.#blob.onWritten, open };
  }

  close(): void {
    // Not waited for: the source may be waiting for bytes that will never come.
    void this.#pieces.return?.().catch(() => undefined);
  }

  async *#take(length: number): AsyncGenerator<Uint8Array> {
    for (let left = length; left > 0;) {
      const piece = this.#rest ?? (await this.#next());
      const part = piece.byteLength <= left ? piece : piece.subarray(0, left);
      this.#rest = part === piece ? undefined : piece.subarray(left);
      left -= part.byteLength;
      this.position += part.byteLength;
      yield part;
      this.#onSent(this.position);
    }
  }

  async #next(): Promise<Uint8Array> {
    const next = await this.#pieces.next();
    if (next.done === true) throw new TeaChestError('internal', l10n.t('Fewer bytes came than were announced.'));
    return next.value;
  }
}
