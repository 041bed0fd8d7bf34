import { untilCancelled } from '../../base/cancel.ts';
import type { FreeList } from '../../base/freeList.ts';
import type { CompressTask } from './compressBlock.ts';
import type { WorkerPool } from './workerPool.ts';

/** Turns a stream of bytes into a compressed one. The same bytes in give the same bytes out. */
export interface Encoder {
  /** Format, level and version: two encoders of one id give the same bytes. */
  readonly id: string;
  /**
   * Compresses on the pool's threads. Stops when the signal fires or the consumer leaves the loop. Each piece is valid
   * until the next one is asked for: its memory is used again.
   */
  encode(bytes: AsyncIterable<Uint8Array>, options: { readonly signal: AbortSignal }): AsyncIterable<Uint8Array>;
}

interface BlockFormat extends Pick<CompressTask, 'format' | 'level'> {
  /** Bytes of every block but the last, however the stream's pieces fall. */
  readonly blockSize: number;
  /** At most how many of the bytes before a block are given to the compressor with it. */
  readonly historySize: number;
}

interface CompressedBlock {
  /** Valid until the next block is asked for. */
  readonly output: Uint8Array;
  /** Of the block before compression. */
  readonly crc32: number;
  /** Bytes of the block before compression. */
  readonly length: number;
}

interface Means {
  readonly pool: WorkerPool;
  /** Of history, block and output together, shared by all streams of an encoder. */
  readonly buffers: FreeList<SharedArrayBuffer>;
  readonly signal: AbortSignal;
}

/**
 * Compresses a stream block by block on the pool's threads, and gives the results in the stream's order. At most two
 * blocks more than there are threads are in flight: memory is constant, and a slow consumer slows the source down. When
 * the consumer leaves the loop or the signal fires, the blocks in flight are dropped.
 */
export async function* compressInBlocks(
  bytes: AsyncIterable<Uint8Array>,
  format: BlockFormat,
  { pool, buffers, signal: outer }: Means,
): AsyncGenerator<CompressedBlock, void, undefined> {
  const stop = new AbortController();
  const signal = AbortSignal.any([outer, stop.signal]);
  const outputStart = format.historySize + format.blockSize;
  const inFlight: Promise<{ readonly block: CompressedBlock; readonly buffer: SharedArrayBuffer }>[] = [];
  try {
    for await (const block of cutIntoBlocks(untilCancelled(bytes, signal), format, buffers)) {
      const { buffer, length } = block;
      const task = { ...block, format: format.format, level: format.level, outputStart };
      const compressed = pool.run(task, { signal }).then(({ outputLength, crc32 }) => {
        return { block: { output: new Uint8Array(buffer, outputStart, outputLength), crc32, length }, buffer };
      });
      // A failure is thrown when its turn comes, or not at all if an earlier block failed.
      compressed.catch(() => undefined);
      inFlight.push(compressed);
      if (inFlight.length >= pool.size + 2) yield* takeOldest();
    }
    while (inFlight.length > 0) yield* takeOldest();
  } finally {
    stop.abort();
  }

  /** Only a consumed block's buffer is released: a thread may still write to those of dropped blocks. */
  async function* takeOldest(): AsyncGenerator<CompressedBlock, void, undefined> {
    const oldest = await inFlight.shift();
    if (oldest === undefined) return;
    yield oldest.block;
    buffers.release(oldest.buffer);
  }
}

type Block = Pick<CompressTask, 'buffer' | 'history' | 'length' | 'isLast'>;

/** The last block is marked as such; it is empty only if the stream is. */
async function* cutIntoBlocks(
  pieces: AsyncIterable<Uint8Array>,
  { blockSize, historySize }: BlockFormat,
  buffers: FreeList<SharedArrayBuffer>,
): AsyncGenerator<Block, void, undefined> {
  let buffer = buffers.take();
  let history = 0;
  let length = 0;
  for await (const piece of pieces) {
    for (let offset = 0; offset < piece.byteLength;) {
      if (length === blockSize) {
        const next = buffers.take();
        const kept = Math.min(historySize, history + length);
        new Uint8Array(next).set(new Uint8Array(buffer, history + length - kept, kept));
        yield { buffer, history, length, isLast: false };
        [buffer, history, length] = [next, kept, 0];
      }
      const part = piece.subarray(offset, offset + blockSize - length);
      new Uint8Array(buffer).set(part, history + length);
      length += part.byteLength;
      offset += part.byteLength;
    }
  }
  yield { buffer, history, length, isLast: true };
}
