import type { BlockBuffers } from './blockBuffers.ts';
import { cutIntoBlocks, untilAborted, type BlockShape } from './blocks.ts';
import type { CompressTask } from './compressTask.ts';
import type { WorkerPool } from './workerPool.ts';

export interface CompressedBlock {
  /** Good until the next block is asked for. */
  readonly output: Uint8Array;
  readonly crc32: number;
  /** How many bytes of the stream went in. */
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
  { pool, buffers }: { readonly pool: WorkerPool; readonly buffers: BlockBuffers },
  options: { readonly signal: AbortSignal },
): AsyncGenerator<CompressedBlock, void, undefined> {
  const leaving = new AbortController();
  const signal = AbortSignal.any([options.signal, leaving.signal]);
  const { format, level } = how;
  const outputStart = how.history + how.size;
  const underWay: Promise<{ readonly block: CompressedBlock; readonly buffer: SharedArrayBuffer }>[] = [];
  try {
    for await (const block of cutIntoBlocks(untilAborted(tar, signal), how, () => buffers.take())) {
      const { buffer, length } = block;
      const done = pool.run({ ...block, format, level, outputStart }, { signal }).then(({ outputLength, crc32 }) => {
        return { block: { output: new Uint8Array(buffer, outputStart, outputLength), crc32, length }, buffer };
      });
      // Its failure is reported when its turn comes, or not at all if an earlier one failed.
      done.catch(() => undefined);
      underWay.push(done);
      if (underWay.length >= pool.size + 2) yield* settle();
    }
    while (underWay.length > 0) yield* settle();
  } finally {
    leaving.abort();
  }

  /** What a thread may still be writing to is never given back: it is dropped with the thread's answer. */
  async function* settle(): AsyncGenerator<CompressedBlock, void, undefined> {
    const oldest = await underWay.shift();
    if (oldest === undefined) return;
    yield oldest.block;
    buffers.giveBack(oldest.buffer);
  }
}
