import { open, rm, type FileHandle } from 'node:fs/promises';
import { throwIfCancelled } from '../base/cancel.ts';
import { TeaChestError } from '../base/errors.ts';
import { Waker } from '../base/waker.ts';
import type { Digest } from '../oci/digest.ts';
import type { GrowingBlob } from '../ports/growingBlob.ts';
import { RecentBytes } from './recentBytes.ts';
import { explainSpoolFailure } from './explainSpoolFailure.ts';

/** Read in pieces of this many bytes: large enough to be quick, small enough to keep many blobs cheap. */
const readSize = 512 * 1024;
/** As much as is written of a blob that nobody reads yet. */
const initialAllowance = 1024 * 1024;

/**
 * A blob in a file that one writer fills while readers follow. The whole blob stays until it is closed: Gitea poisons
 * an upload session whose PATCH broke, and then everything is sent again from byte 0.
 */
export class SpooledBlob implements GrowingBlob {
  readonly finished: Promise<{ readonly digest: Digest; readonly size: number }>;
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #onGrown: (bytes: number) => void;
  readonly #recent: RecentBytes;
  #bytes = 0;
  #wanted = 0;
  #complete = false;
  #failure: TeaChestError | undefined;
  readonly #waker = new Waker();
  #settle!: { resolve: (value: { digest: Digest; size: number }) => void; reject: (error: TeaChestError) => void };

  private constructor(path: string, file: FileHandle, onGrown: (bytes: number) => void, recent: number) {
    this.#path = path;
    this.#file = file;
    this.#onGrown = onGrown;
    this.#recent = new RecentBytes(recent);
    this.finished = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    // Whoever waits on `finished` gets the rejection; when nobody does, it must not become an unhandled one.
    this.finished.catch(() => undefined);
  }

  /**
   * Creates the file, readable by this user only. `onGrown` is told how many bytes each write added; `recent` bytes are
   * kept in memory besides, for a reader that follows closely (`writeAll` only).
   */
  static async create(path: string, onGrown: (bytes: number) => void, recent = 0): Promise<SpooledBlob> {
    try {
      return new SpooledBlob(path, await open(path, 'wx+', 0o600), onGrown, recent);
    } catch (error) {
      throw explainSpoolFailure(error, path);
    }
  }

  /** Bytes written so far. */
  get size(): number {
    return this.#bytes;
  }

  /** Appends; one writer only, each call awaited. */
  async write(bytes: Uint8Array): Promise<void> {
    try {
      for (let done = 0; done < bytes.byteLength;) {
        const { bytesWritten } = await this.#file.write(bytes, done, bytes.byteLength - done, this.#bytes);
        done += bytesWritten;
        this.#bytes += bytesWritten;
        this.#onGrown(bytesWritten);
      }
    } catch (error) {
      throw explainSpoolFailure(error, this.#path);
    }
    this.#waker.wakeAll();
  }

  /** Appends several pieces in one go, which costs a fraction of as many writes. They must not change afterwards. */
  async writeAll(pieces: readonly Uint8Array[]): Promise<void> {
    const wanted = pieces.reduce((sum, { byteLength }) => sum + byteLength, 0);
    let written: number;
    try {
      ({ bytesWritten: written } = await this.#file.writev(pieces, this.#bytes));
    } catch (error) {
      throw explainSpoolFailure(error, this.#path);
    }
    if (written < wanted) {
      // A disk that is getting full takes less than it is given; the next write tells.
      await this.write(Buffer.concat(pieces));
      return;
    }
    for (const piece of pieces) {
      this.#recent.add(this.#bytes, piece);
      this.#bytes += piece.byteLength;
    }
    this.#onGrown(written);
    this.#waker.wakeAll();
  }

  /**
   * Resolves once there is reason to write more: readers have asked for bytes up to less than `ahead` before what is
   * there, or a little of the blob is all that is there. Rejects if the blob is given up.
   */
  async needed(ahead: number, signal: AbortSignal): Promise<void> {
    while (this.#bytes >= (this.#wanted === 0 ? initialAllowance : this.#wanted + ahead)) {
      if (this.#failure !== undefined) throw this.#failure;
      await this.#waker.changed(signal);
    }
  }

  /** Resolves once more than a little of the blob is there, or all of it; true: that is all. */
  async begun(signal: AbortSignal): Promise<boolean> {
    return (await this.#reached(initialAllowance, signal)).complete;
  }

  /** Says that no more comes and what the blob turned out to be. */
  complete(digest: Digest): void {
    this.#complete = true;
    this.#settle.resolve({ digest, size: this.#bytes });
    this.#waker.wakeAll();
  }

  /** Says that the rest will never come; readers get the reason. */
  fail(reason: TeaChestError): void {
    this.#failure = reason;
    this.#settle.reject(reason);
    this.#waker.wakeAll();
  }

  async available(offset: number, want: number, signal: AbortSignal): Promise<{ bytes: number; complete: boolean }> {
    if (offset + want > this.#wanted) {
      this.#wanted = offset + want;
      this.#waker.wakeAll();
    }
    return await this.#reached(offset + want, signal);
  }

  async #reached(end: number, signal: AbortSignal): Promise<{ bytes: number; complete: boolean }> {
    for (;;) {
      throwIfCancelled(signal);
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#complete || this.#bytes >= end) return { bytes: this.#bytes, complete: this.#complete };
      await this.#waker.changed(signal);
    }
  }

  async *read(start: number, end: number): AsyncGenerator<Uint8Array> {
    if (start < 0 || end > this.#bytes) throw new RangeError(`bytes ${start}–${end} are not all there yet`);
    // The next piece is read while the last one is on its way: a disk and a socket need not wait for each other.
    // Two pieces of memory by turns: new memory for each of gigabytes was most of what there was to collect.
    const size = Math.min(readSize, end - start);
    let filling = Buffer.allocUnsafeSlow(size);
    let leaving = Buffer.allocUnsafeSlow(size);
    let ahead = start < end ? this.#piece(filling, start, end) : undefined;
    for (let at = start; ahead !== undefined;) {
      const piece = await ahead;
      at += piece.byteLength;
      [filling, leaving] = [leaving, filling];
      ahead = at < end ? this.#piece(filling, at, end) : undefined;
      // If the consumer leaves, nobody awaits it.
      ahead?.catch(() => undefined);
      yield piece;
    }
  }

  /** Bytes from `at` on: what is still in memory, or what it reads into `memory`. */
  async #piece(memory: Buffer, at: number, end: number): Promise<Uint8Array> {
    const recent = this.#recent.from(at, end);
    if (recent !== undefined) return recent;
    const piece = memory.subarray(0, end - at);
    for (let done = 0; done < piece.byteLength;) {
      const { bytesRead } = await this.#readAt(piece.subarray(done), at + done);
      if (bytesRead === 0)
        throw new TeaChestError('spoolFailed', `The temporary file ${this.#path} has become shorter.`);
      done += bytesRead;
    }
    return piece;
  }

  /** Closes and removes the file. Whoever still waits for more of it is told that there will be none. */
  async discard(): Promise<void> {
    this.fail(this.#failure ?? new TeaChestError('cancelled', 'The temporary file was discarded.'));
    this.#recent.clear();
    await this.#file.close();
    await rm(this.#path, { force: true });
  }

  async #readAt(piece: Buffer, at: number): Promise<{ bytesRead: number }> {
    try {
      return await this.#file.read(piece, 0, piece.byteLength, at);
    } catch (error) {
      throw explainSpoolFailure(error, this.#path);
    }
  }
}
