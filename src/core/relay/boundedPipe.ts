import type { TeaChestError } from '../base/errors.ts';

/** Bytes that may wait for the registry, of each blob. */
const room = 1024 * 1024;

/**
 * Hands a blob's pieces from the engine on to the registry, and keeps nothing. The last piece waits until all have been
 * held to the digest: what is wrong never becomes a whole blob.
 */
export class BoundedPipe {
  #pieces: Uint8Array[] = [];
  #waiting = 0;
  #state: 'open' | 'verified' | 'abandoned' = 'open';
  #failure: TeaChestError | undefined;
  /** Who waits for a change: the reader for pieces, the writer for room. */
  #changed: PromiseWithResolvers<undefined> | undefined;

  /** A promise while too much waits. Once the pipe is abandoned, bytes go nowhere. */
  write(piece: Uint8Array): Promise<void> | undefined {
    if (this.#state === 'abandoned') return undefined;
    this.#pieces.push(piece);
    this.#waiting += piece.byteLength;
    this.#wake();
    return this.#waiting < room ? undefined : this.#hasRoom();
  }

  /** All has arrived, and is what it should be. */
  verified(): void {
    if (this.#state === 'open') this.#state = 'verified';
    this.#wake();
  }

  /** The rest will not come: the reader is told why. */
  fail(reason: TeaChestError): void {
    this.#failure ??= reason;
    this.abandon();
  }

  /** The sender has given it up. */
  get isFailed(): boolean {
    return this.#failure !== undefined;
  }

  /** Nobody reads any more. */
  abandon(): void {
    this.#state = 'abandoned';
    this.#pieces = [];
    this.#waiting = 0;
    this.#wake();
  }

  async *read(): AsyncGenerator<Uint8Array, void, void> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#pieces.length > (this.#state === 'verified' ? 0 : 1)) {
        const piece = this.#pieces.shift();
        if (piece === undefined) return;
        this.#waiting -= piece.byteLength;
        this.#wake();
        yield piece;
      } else if (this.#state === 'open') await this.#change();
      else return;
    }
  }

  async #hasRoom(): Promise<void> {
    while (this.#waiting >= room && this.#state === 'open') await this.#change();
  }

  #change(): Promise<undefined> {
    this.#changed ??= Promise.withResolvers();
    return this.#changed.promise;
  }

  #wake(): void {
    this.#changed?.resolve(undefined);
    this.#changed = undefined;
  }
}
