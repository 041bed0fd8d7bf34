import { FreeList } from '../../base/freeList.ts';

/** Bytes of a piece. Fewer pieces cost less in each step of a push. */
export const pieceSize = 1024 * 1024;

/**
 * The buffers of one stream. A buffer is used again once the reader has consumed its bytes, of which `FreeList` alone does
 * not know: one piece holds bytes of several tar entries.
 */
export class ReceiveBuffers {
  readonly #buffers = new FreeList<Buffer>(() => Buffer.allocUnsafeSlow(pieceSize));
  /** In the stream's order; `end`: the position in the stream behind the piece. */
  readonly #inUse: { readonly piece: Buffer; readonly end: number }[] = [];

  take(): Buffer {
    return this.#buffers.take();
  }

  filled(piece: Buffer, end: number): void {
    this.#inUse.push({ piece, end });
  }

  /** The reader needs nothing before this position of the stream. */
  consumed(position: number): void {
    for (let first = this.#inUse[0]; first !== undefined && first.end <= position; first = this.#inUse[0]) {
      this.#inUse.shift();
      this.#buffers.release(first.piece);
    }
  }
}
