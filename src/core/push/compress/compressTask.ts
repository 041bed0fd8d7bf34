/** One block of a layer on its way to a worker thread. `buffer` is given away and comes back with the result. */
export interface CompressTask {
  readonly format: 'gzip' | 'zstd';
  readonly level: number;
  /** First `history` bytes that came before the block, then its own `length` bytes. */
  readonly buffer: ArrayBuffer;
  readonly history: number;
  readonly length: number;
  /** The layer ends with this block. */
  readonly isLast: boolean;
}

export interface CompressResult {
  /** gzip: a piece of a DEFLATE stream that ends at a byte. zstd: a whole frame. The receiver owns it. */
  readonly output: Uint8Array<ArrayBuffer>;
  /** CRC-32 of the block; 0 where the format needs none. */
  readonly crc32: number;
  /** The task's buffer, to be used again. */
  readonly buffer: ArrayBuffer;
}
