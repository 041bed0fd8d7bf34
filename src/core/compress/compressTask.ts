/**
 * One block of a layer on its way to a worker thread. The memory is shared with it and used again for later blocks:
 * given away instead, each block was new memory to the engine of JavaScript, which then stopped to collect garbage.
 */
export interface CompressTask {
  readonly format: 'gzip' | 'zstd';
  readonly level: number;
  /** First `history` bytes that came before the block, then its own `length` bytes; from `outputStart` on, the result. */
  readonly buffer: SharedArrayBuffer;
  readonly history: number;
  readonly length: number;
  readonly outputStart: number;
  /** The layer ends with this block. */
  readonly isLast: boolean;
}

export interface CompressResult {
  /** Bytes at `outputStart`. gzip: a piece of a DEFLATE stream that ends at a byte. zstd: a whole frame. */
  readonly outputLength: number;
  /** CRC-32 of the block; 0 where the format needs none. */
  readonly crc32: number;
}
