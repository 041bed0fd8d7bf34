interface Piece {
  readonly start: number;
  readonly bytes: Uint8Array;
}

/** The last bytes of a growing blob, in the pieces in which they came: a reader that follows closely needs no disk. */
export class RecentBytes {
  readonly #capacity: number;
  #pieces: Piece[] = [];
  #held = 0;

  /** `capacity`: bytes. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Adds the bytes from position `start` on. They must not change afterwards. */
  add(start: number, bytes: Uint8Array): void {
    if (this.#capacity === 0) return;
    this.#pieces.push({ start, bytes });
    this.#held += bytes.byteLength;
    let dropped = 0;
    while (this.#held > this.#capacity && dropped < this.#pieces.length) {
      this.#held -= this.#pieces[dropped++]?.bytes.byteLength ?? 0;
    }
    if (dropped > 0) this.#pieces.splice(0, dropped);
  }

  /** Bytes from `at` on, of one piece and not beyond `end`; undefined if `at` was dropped. */
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

  /** Index of the last piece that begins at or before `at`; -1 if there is none. */
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
