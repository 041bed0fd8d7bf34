/** The part of WebAssembly used here. Node has it, but its types come with those of the DOM, which the core does without. */
interface WebAssemblyApi {
  compile(bytes: Uint8Array): Promise<WasmModule>;
  readonly Instance: new (module: WasmModule, imports: Record<string, never>) => { readonly exports: unknown };
}

/** Compiled code, which can be passed to other threads. */
export type WasmModule = object & { readonly __wasmModule?: never };

export const webAssembly = (globalThis as unknown as { readonly WebAssembly: WebAssemblyApi }).WebAssembly;

/** What assembly/deflate.ts exports. */
interface DeflateExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly inputOffset: { readonly value: number };
  readonly outputOffset: { readonly value: number };
  compress(history: number, length: number, isLast: boolean, level: number): number;
}

/** How far back a DEFLATE match may reach (RFC 1951 §2): the bytes before a block that are useful to it. */
export const historySize = 32 * 1024;
/** The largest block. */
export const deflateBlockSize = 1024 * 1024;
/** The largest output of a block: incompressible bytes are stored, with five bytes more for each 64 KiB. */
export const deflateOutputRoom = deflateBlockSize + 64 * 1024;
/** Goes up whenever the same input would give other output. */
export const deflateVersion = 1;

/** An instance of assembly/deflate.ts. It computes with integers alone: the same bytes on every machine. */
export class Deflater {
  readonly #exports: DeflateExports;

  constructor(module: WasmModule) {
    this.#exports = new webAssembly.Instance(module, {}).exports as DeflateExports;
  }

  /**
   * Compresses what follows the first `history` bytes of `bytes`, and writes to `output`, which must have
   * `deflateOutputRoom` bytes; returns the output's size. The outputs of blocks, joined in order, are one DEFLATE stream:
   * each ends at a byte boundary, and `isLast` ends the stream. Level 1 is fast, 9 is small.
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
