interface Piece {
  readonly start: number;
  readonly bytes: Uint8Array;
}

/** The last bytes of something that grows, as the pieces in which they came: whoever follows closely needs no disk. */
export class RecentBytes {
  readonly #most: number;
  #pieces: Piece[] = [];
  #held = 0;

  /** Keeps at most that many bytes. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Adds what follows; `start` is where. The bytes must not change afterwards. */
  add(start: number, bytes: Uint8Array): void {
    if (this.#most === 0) return;
    this.#pieces.push({ start, bytes });
    this.#held += bytes.byteLength;
    let gone = 0;
    while (this.#held > this.#most && gone < this.#pieces.length) {
      this.#held -= this.#pieces[gone++]?.bytes.byteLength ?? 0;
    }
    if (gone > 0) this.#pieces.splice(0, gone);
  }

  /** What is held from `at` on, up to `end`, in one piece or part of one; undefined if `at` is not held any more. */
  from(at: number, end: number): Uint8Array | undefined {
    const index = this.#indexOf(at);
    const piece = this.#pieces[index];
    if (piece === undefined || piece.start + piece.bytes.byteLength <= at) return undefined;
    return piece.bytes.subarray(at - piece.start, Math.min(piece.bytes.byteLength, end - piece.start));
  }

  clear(): void {
    this.#pieces = [];
    this.#held = 0;
  }

  /** The last piece that begins at or before `at`; -1 if there is none. */
  #indexOf(at: number): number {
    let low = 0;
    let high = this.#pieces.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#pieces[middle]?.start ?? 0) <= at) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}
