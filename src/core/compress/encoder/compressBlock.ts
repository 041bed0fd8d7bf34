import { constants, crc32, zstdCompressSync } from 'node:zlib';
import type { Deflater } from './deflate/deflater.ts';

/**
 * A block of a stream. Its memory may be shared with a thread, and is used again for later blocks: when blocks were
 * transferred instead, each was new memory to V8, which then stopped to collect garbage.
 */
export interface CompressTask {
  readonly format: 'gzip' | 'zstd';
  readonly level: number;
  /** The last `history` bytes before the block, then its own `length` bytes; the output from `outputStart` on. */
  readonly buffer: SharedArrayBuffer;
  readonly history: number;
  readonly length: number;
  readonly outputStart: number;
  /** The stream ends with this block. */
  readonly isLast: boolean;
}

export interface CompressResult {
  /** Bytes at `outputStart`. gzip: a part of a DEFLATE stream that ends at a byte boundary. zstd: a whole frame. */
  readonly outputLength: number;
  /** CRC-32 of the block; 0 where the format needs none. */
  readonly crc32: number;
}

/** Compresses one block on the thread that calls it. */
export function compressBlock(deflater: Deflater, task: CompressTask): CompressResult {
  const bytes = new Uint8Array(task.buffer, 0, task.history + task.length);
  const block = bytes.subarray(task.history);
  const output = new Uint8Array(task.buffer, task.outputStart);
  if (task.format === 'gzip') {
    const outputLength = deflater.compress(bytes, task.history, task.isLast, task.level, output);
    return { outputLength, crc32: crc32(block) };
  }
  const frame = zstdCompressSync(block, {
    // One output buffer that is large enough: by default Node collects pieces of 16 KiB.
    chunkSize: output.byteLength,
    // Written to the frame's header, as decoders like it.
    pledgedSrcSize: task.length,
    params: { [constants.ZSTD_c_compressionLevel]: task.level },
  });
  output.set(frame);
  // Before `release`: after it the length is 0.
  const outputLength = frame.byteLength;
  release(frame);
  return { outputLength, crc32: 0 };
}

/** Frees a large buffer at once: a thread that makes few objects collects garbage too late (docs/performance.md). */
function release({ buffer }: Buffer): void {
  // Smaller ones are parts of Node's shared pool.
  if (buffer instanceof ArrayBuffer && buffer.byteLength > Buffer.poolSize) buffer.transfer(0);
}
