/** Bytes of a piece. The fewer pieces there are, the less each of the many steps of a push costs. */
export const pieceSize = 1024 * 1024;

/**
 * The memory through which a stream passes, used again once its reader is done with what was there: for an image of
 * gigabytes, new memory for each piece made JavaScript's engine collect garbage over and over.
 */
export class ReceiveBuffers {
  readonly #spare: Buffer[] = [];
  /** In the stream's order; `end`: the position in the stream of what follows the piece. */
  readonly #inUse: { readonly piece: Buffer; readonly end: number }[] = [];

  take(): Buffer {
    return this.#spare.pop() ?? Buffer.allocUnsafeSlow(pieceSize);
  }

  filled(piece: Buffer, end: number): void {
    this.#inUse.push({ piece, end });
  }

  /** The reader needs nothing more of what comes before this position of the stream. */
  consumed(position: number): void {
    for (let first = this.#inUse[0]; first !== undefined && first.end <= position; first = this.#inUse[0]) {
      this.#inUse.shift();
      this.#spare.push(first.piece);
    }
  }
}
