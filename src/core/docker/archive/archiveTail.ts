import { appendedErrorMessage } from '../client/engineErrorMessage.ts';

/** The end of what was received so far: engines append their error text to a stream that they cannot finish. */
export class ArchiveTail {
  /** Bytes kept. */
  readonly capacity = 8192;
  #kept: Buffer = Buffer.alloc(0);
  #total = 0;

  push(chunk: Uint8Array): void {
    this.#total += chunk.byteLength;
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const joined = bytes.byteLength >= this.capacity ? bytes : Buffer.concat([this.#kept, bytes]);
    // A copy: the chunk's memory is used again.
    this.#kept = Buffer.from(joined.subarray(-this.capacity));
  }

  /** Bytes received in all. */
  get total(): number {
    return this.#total;
  }

  /** True if the last `length` bytes (at most `capacity`) are there and all zero. */
  isZero(length: number): boolean {
    const end = this.#kept.subarray(-length);
    return end.byteLength === length && end.every((byte) => byte === 0);
  }

  /** What the engine says of its failure, if it appended that. */
  words(): string | undefined {
    return appendedErrorMessage(this.#kept);
  }
}
