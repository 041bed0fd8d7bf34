import { FreeList } from '../../base/freeList.ts';
import { compressInBlocks, type Encoder } from './compressInBlocks.ts';
import type { WorkerPool } from './workerPool.ts';

/** Larger frames gain less than 0.2 % on layers, and smaller ones lose more than 1 %. */
const frameSize = 2 * 1024 * 1024;
/** Incompressible bytes grow by less than 0.4 % and a few bytes (ZSTD_compressBound). */
const outputRoom = frameSize + 64 * 1024;
/** Goes up when `frameSize` or a parameter changes. */
const version = 1;

/**
 * Independent frames in a row, which is valid zstd (RFC 8878 §3); Node has it since 22.15 and 23.8. The bytes do not
 * depend on the number of threads, but zstd promises the same bytes only within one version of its library, so that
 * `libraryVersion` is part of the id. Level 1 (fast) to 19 (small).
 */
export function zstdEncoder(level: number, libraryVersion: string, pool: WorkerPool): Encoder {
  const format = { format: 'zstd', level, blockSize: frameSize, historySize: 0 } as const;
  const buffers = new FreeList(() => new SharedArrayBuffer(frameSize + outputRoom));
  return {
    id: `zstd-${level}/v${version}-${libraryVersion}`,
    async *encode(bytes, { signal }) {
      for await (const { output } of compressInBlocks(bytes, format, { pool, buffers, signal })) yield output;
    },
  };
}
