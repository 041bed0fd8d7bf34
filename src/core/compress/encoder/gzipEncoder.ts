import { FreeList } from '../../base/freeList.ts';
import { compressInBlocks, type Encoder } from './compressInBlocks.ts';
import { crc32Combine } from './crc32Combine.ts';
import { deflateBlockSize, deflateOutputRoom, deflateVersion, historySize } from './deflate/deflater.ts';
import type { WorkerPool } from './workerPool.ts';

/** RFC 1952 §2.3: deflate, no flags, no time, unknown file system: nothing that differs between machines. */
const header = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255);

/** One gzip member; the same bytes on every machine and with any number of threads. Level 1 (fast) to 9 (small). */
export function gzipEncoder(level: number, pool: WorkerPool): Encoder {
  const format = { format: 'gzip', level, blockSize: deflateBlockSize, historySize } as const;
  const buffers = new FreeList(() => new SharedArrayBuffer(historySize + deflateBlockSize + deflateOutputRoom));
  return {
    id: `gzip-${level}/v${deflateVersion}`,
    async *encode(bytes, { signal }) {
      let checksum = 0;
      let size = 0;
      yield header.slice();
      for await (const block of compressInBlocks(bytes, format, { pool, buffers, signal })) {
        checksum = crc32Combine(checksum, block.crc32, block.length);
        size += block.length;
        yield block.output;
      }
      const trailer = new DataView(new ArrayBuffer(8));
      trailer.setUint32(0, checksum, true);
      trailer.setUint32(4, size % 2 ** 32, true);
      yield new Uint8Array(trailer.buffer);
    },
  };
}
