import { cutIntoBlocks, untilAborted } from './blocks.ts';
import type { BlockShape } from './blocks.ts';
import type { CompressResult, CompressTask } from './compressTask.ts';
import type { WorkerPool } from './workerPool.ts';

/** A block's result, and how many bytes of the stream went in. */
export interface CompressedBlock extends Omit<CompressResult, 'buffer'> {
  readonly length: number;
}

/**
 * Compresses a stream block by block on the pool's threads; results come in the stream's order. At most two blocks
 * more than there are threads are under way, so memory stays the same however long the stream is, and a consumer who
 * takes his time slows the source down. Leaving the loop, or the signal, drops everything under way.
 */
export async function* compressInBlocks(
  tar: AsyncIterable<Uint8Array>,
  how: BlockShape & Pick<CompressTask, 'format' | 'level'>,
  pool: WorkerPool,
  options: { readonly signal: AbortSignal },
): AsyncGenerator<CompressedBlock, void, undefined> {
  const leaving = new AbortController();
  const signal = AbortSignal.any([options.signal, leaving.signal]);
  const spareBuffers: ArrayBuffer[] = [];
  const takeBuffer = (): ArrayBuffer => spareBuffers.pop() ?? new ArrayBuffer(how.history + how.size);
  const underWay: Promise<CompressedBlock>[] = [];
  try {
    for await (const block of cutIntoBlocks(untilAborted(tar, signal), how, takeBuffer)) {
      const { length } = block;
      const done = pool
        .run({ ...block, format: how.format, level: how.level }, { signal })
        .then(({ buffer, output, crc32 }) => {
          spareBuffers.push(buffer);
          return { output, crc32, length };
        });
      // Its failure is reported when its turn comes, or not at all if an earlier one failed.
      done.catch(() => undefined);
      underWay.push(done);
      const oldest = underWay.length >= pool.size + 2 ? underWay.shift() : undefined;
      if (oldest !== undefined) yield await oldest;
    }
    for (const done of underWay) yield await done;
  } finally {
    leaving.abort();
  }
}
