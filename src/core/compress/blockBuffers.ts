/** Memory for blocks and what becomes of them, shared with the threads and used again, by all layers of a push. */
export class BlockBuffers {
  readonly #bytes: number;
  readonly #spare: SharedArrayBuffer[] = [];

  /** `bytes`: of each. */
  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  take(): SharedArrayBuffer {
    return this.#spare.pop() ?? new SharedArrayBuffer(this.#bytes);
  }

  /** Only what nobody reads or writes any more. */
  giveBack(buffer: SharedArrayBuffer): void {
    this.#spare.push(buffer);
  }
}
