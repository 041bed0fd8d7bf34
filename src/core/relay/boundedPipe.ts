import { Condition } from '../base/condition.ts';
import type { TeaChestError } from '../base/errors.ts';

/** Bytes of one blob that may wait for the registry. */
const highWaterMark = 1024 * 1024;

/**
 * Passes the pieces of one blob from the engine to the registry, in memory. The last piece waits until all of them were
 * checked against the digest: wrong bytes never become a whole blob. Not a node stream: `write` returns nothing while there
 * is room, so that most pieces cost no promise, and a PassThrough would have to hold the last piece back as well.
 */
export class BoundedPipe {
  #pieces: Uint8Array[] = [];
  #waiting = 0;
  #state: 'open' | 'verified' | 'abandoned' = 'open';
  #failure: TeaChestError | undefined;
  /** The reader waits for pieces, the writer for room. */
  readonly #changed = new Condition();

  /** Returns a promise if the writer has to wait. Bytes for an abandoned pipe are dropped. */
  write(piece: Uint8Array): Promise<void> | undefined {
    if (this.#state === 'abandoned') return undefined;
    this.#pieces.push(piece);
    this.#waiting += piece.byteLength;
    this.#changed.notifyAll();
    return this.#isFull() ? this.#hasRoom() : undefined;
  }

  /** All bytes have arrived and have the expected digest. */
  verified(): void {
    if (this.#state === 'open') this.#state = 'verified';
    this.#changed.notifyAll();
  }

  /** The rest will not come: the reader gets the reason. */
  fail(reason: TeaChestError): void {
    this.#failure ??= reason;
    this.abandon();
  }

  get isFailed(): boolean {
    return this.#failure !== undefined;
  }

  /** Nothing reads any more. */
  abandon(): void {
    this.#state = 'abandoned';
    this.#pieces = [];
    this.#waiting = 0;
    this.#changed.notifyAll();
  }

  async *read(): AsyncGenerator<Uint8Array, void, void> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#pieces.length > (this.#state === 'verified' ? 0 : 1)) {
        const piece = this.#pieces.shift();
        if (piece === undefined) return;
        this.#waiting -= piece.byteLength;
        this.#changed.notifyAll();
        yield piece;
      } else if (this.#state === 'open') await this.#changed.wait();
      else return;
    }
  }

  async #hasRoom(): Promise<void> {
    while (this.#isFull()) await this.#changed.wait();
  }

  /** Not with one piece, however large: the reader takes it only when the next one has come. */
  #isFull(): boolean {
    return this.#state === 'open' && this.#waiting >= highWaterMark && this.#pieces.length > 1;
  }
}

/**
 * Frees a piece's memory at once: left to the garbage collector, the pieces of a push made V8 walk through the whole heap
 * again and again (docs/performance.md). A part of a buffer is left alone, because others may use the rest of it.
 */
export function detachBuffer({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}
