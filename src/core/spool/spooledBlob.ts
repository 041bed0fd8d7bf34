import { open, rm, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import * as l10n from '@vscode/l10n';
import { throwIfCancelled } from '../base/cancel.ts';
import { Condition } from '../base/condition.ts';
import { systemCode, TeaChestError } from '../base/errors.ts';
import type { Digest } from '../oci/digest.ts';
import type { ReplayableBlob } from '../ports/blobSource.ts';
import { RecentBytes } from './recentBytes.ts';

/** Bytes of a piece: large enough to be quick, small enough for many blobs at once. */
const readSize = 512 * 1024;
/** Bytes that are written before the first reader asks. */
const initialAllowance = 1024 * 1024;

/**
 * A blob in a file that one writer fills while readers follow. The whole blob stays until it is closed: on Gitea an upload
 * session is unusable after a broken PATCH, and then everything is sent again from byte 0 (docs/gitea.md §2).
 */
export class SpooledBlob implements ReplayableBlob {
  readonly replayable = true;
  readonly finished: Promise<{ readonly digest: Digest; readonly size: number }>;
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #onGrown: (bytes: number) => void;
  readonly #recent: RecentBytes;
  #bytes = 0;
  #wanted = 0;
  #complete = false;
  #failure: TeaChestError | undefined;
  readonly #changed = new Condition();
  readonly #outcome = Promise.withResolvers<{ readonly digest: Digest; readonly size: number }>();

  private constructor(path: string, file: FileHandle, onGrown: (bytes: number) => void, recent: number) {
    this.#path = path;
    this.#file = file;
    this.#onGrown = onGrown;
    this.#recent = new RecentBytes(recent);
    this.finished = this.#outcome.promise;
    // It must not be an unhandled rejection where nobody waits for it.
    this.finished.catch(() => undefined);
  }

  /**
   * Creates the file, readable by this user only. `onGrown` gets the number of bytes that each write added; the last
   * `recent` bytes are kept in memory as well, for a reader that follows closely (`writeAll` only).
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
    this.#changed.notifyAll();
  }

  /** Appends several pieces with one system call. They must not change afterwards. */
  async writeAll(pieces: readonly Uint8Array[]): Promise<void> {
    const total = pieces.reduce((sum, { byteLength }) => sum + byteLength, 0);
    let written: number;
    try {
      ({ bytesWritten: written } = await this.#file.writev(pieces, this.#bytes));
    } catch (error) {
      throw explainSpoolFailure(error, this.#path);
    }
    if (written < total) {
      // The disk is almost full: the next write gives the reason.
      await this.write(Buffer.concat(pieces));
      return;
    }
    for (const piece of pieces) {
      this.#recent.add(this.#bytes, piece);
      this.#bytes += piece.byteLength;
    }
    this.#onGrown(written);
    this.#changed.notifyAll();
  }

  /**
   * Backpressure for the writer: resolves once less than `ahead` bytes are written beyond what readers have asked for, or
   * beyond `initialAllowance` before they ask. Rejects if the blob has failed.
   */
  async waitForDemand(ahead: number, signal: AbortSignal): Promise<void> {
    while (this.#bytes >= (this.#wanted === 0 ? initialAllowance : this.#wanted + ahead)) {
      if (this.#failure !== undefined) throw this.#failure;
      await this.#changed.wait(signal);
    }
  }

  /** True if the whole blob has at most `initialAllowance` bytes. Resolves as soon as that is known. */
  async isSmall(signal: AbortSignal): Promise<boolean> {
    return (await this.#reached(initialAllowance, signal)).complete;
  }

  /** The blob is whole. */
  complete(digest: Digest): void {
    this.#complete = true;
    this.#outcome.resolve({ digest, size: this.#bytes });
    this.#changed.notifyAll();
  }

  /** The rest will not come: readers get the reason. */
  fail(reason: TeaChestError): void {
    this.#failure = reason;
    this.#outcome.reject(reason);
    this.#changed.notifyAll();
  }

  async available(offset: number, want: number, signal: AbortSignal): Promise<{ bytes: number; complete: boolean }> {
    if (offset + want > this.#wanted) {
      this.#wanted = offset + want;
      this.#changed.notifyAll();
    }
    return await this.#reached(offset + want, signal);
  }

  async #reached(end: number, signal: AbortSignal): Promise<{ bytes: number; complete: boolean }> {
    for (;;) {
      throwIfCancelled(signal);
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#complete || this.#bytes >= end) return { bytes: this.#bytes, complete: this.#complete };
      await this.#changed.wait(signal);
    }
  }

  async *read(start: number, end: number): AsyncGenerator<Uint8Array> {
    if (start < 0 || end > this.#bytes) throw new RangeError(`bytes ${start}–${end} are not all there yet`);
    // The next piece is read from disk while the last one is being sent. Two buffers in turn: new memory for each piece
    // was most of the garbage of an export (docs/performance.md).
    const size = Math.min(readSize, end - start);
    let filling = Buffer.allocUnsafeSlow(size);
    let sending = Buffer.allocUnsafeSlow(size);
    let ahead = start < end ? this.#piece(filling, start, end) : undefined;
    for (let at = start; ahead !== undefined;) {
      const piece = await ahead;
      at += piece.byteLength;
      [filling, sending] = [sending, filling];
      ahead = at < end ? this.#piece(filling, at, end) : undefined;
      // Nobody awaits it if the consumer leaves the loop.
      ahead?.catch(() => undefined);
      yield piece;
    }
  }

  /** Bytes from `at` on: those that are still in memory, or else read into `memory`. */
  async #piece(memory: Buffer, at: number, end: number): Promise<Uint8Array> {
    const recent = this.#recent.from(at, end);
    if (recent !== undefined) return recent;
    const piece = memory.subarray(0, end - at);
    for (let done = 0; done < piece.byteLength;) {
      const { bytesRead } = await this.#readAt(piece.subarray(done), at + done);
      if (bytesRead === 0)
        throw new TeaChestError('spoolFailed', l10n.t`The temporary file ${this.#path} has become shorter.`);
      done += bytesRead;
    }
    return piece;
  }

  /** Closes and removes the file. Readers that wait get `cancelled`. */
  async discard(): Promise<void> {
    this.fail(this.#failure ?? new TeaChestError('cancelled', l10n.t('The temporary file was discarded.')));
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

const diskFull = new Set(['ENOSPC', 'EDQUOT']);

/** The error for a failed operation on a file of the spool. */
export function explainSpoolFailure(error: unknown, path: string): TeaChestError {
  if (error instanceof TeaChestError) return error;
  const folder = dirname(path);
  const code = systemCode(error);
  if (code !== undefined && diskFull.has(code)) {
    return new TeaChestError(
      'spoolFull',
      l10n.t`The disk is full: compressed layers are kept in ${folder} until the registry has them, and there is no room left for the next bytes (${code}).`,
      { stage: 'spool', cause: error, facts: { folder } },
    );
  }
  const message = error instanceof Error ? error.message : String(error);
  return new TeaChestError('spoolFailed', l10n.t`The temporary folder ${folder} cannot be used: ${message}`, {
    stage: 'spool',
    cause: error,
    facts: { folder },
  });
}
