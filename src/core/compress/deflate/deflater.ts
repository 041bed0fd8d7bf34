import { webAssembly } from './webAssembly.ts';
import type { WasmModule } from './webAssembly.ts';

/** What assembly/deflate.ts exports. */
interface DeflateExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly inputOffset: { readonly value: number };
  readonly outputOffset: { readonly value: number };
  compress(history: number, length: number, isLast: boolean, level: number): number;
}

/** How far back a DEFLATE match may reach (RFC 1951 §2): what a block must be given of the bytes before it. */
export const historySize = 32 * 1024;
/** The most bytes that `Deflater` takes at once. */
export const deflateBlockSize = 1024 * 1024;
/** Room for what becomes of a block: what cannot be compressed is stored, with five bytes for each piece of 64 KiB. */
export const deflateOutputRoom = deflateBlockSize + 64 * 1024;
/** Part of the codec's id: goes up whenever the encoder would turn the same bytes into other bytes. */
export const deflateVersion = 1;

/** The DEFLATE encoder of assembly/deflate.ts: integers only, so it gives the same bytes on every machine. */
export class Deflater {
  readonly #exports: DeflateExports;

  constructor(module: WasmModule) {
    this.#exports = new webAssembly.Instance(module, {}).exports as DeflateExports;
  }

  /**
   * Compresses what follows the first `history` bytes of `bytes`. Such pieces, joined in order, are one DEFLATE
   * stream; each ends at a byte, the last one ends the stream. Level 1 is fast, 9 is small. The piece is put at the start of
   * `output`, which has `deflateOutputRoom`; gives its size.
   */
  compress(bytes: Uint8Array, history: number, isLast: boolean, level: number, output: Uint8Array): number {
    const { memory, inputOffset, outputOffset } = this.#exports;
    const length = bytes.byteLength - history;
    if (history > historySize || length < 0 || length > deflateBlockSize) {
      throw new RangeError(`a block of ${length} bytes after ${history} does not fit`);
    }
    const heap = new Uint8Array(memory.buffer);
    heap.set(bytes, inputOffset.value);
    const size = this.#exports.compress(history, length, isLast, level);
    output.set(heap.subarray(outputOffset.value, outputOffset.value + size));
    return size;
  }
}
