import { fileURLToPath } from 'node:url';
import type { TestContext } from 'node:test';
import { buildWasm } from '../../../scripts/buildWasm.mjs';
import type { LayerCodec } from '../../../src/core/ports/layerCodec.ts';
import { WorkerPool } from '../../../src/core/compress/encoder/workerPool.ts';
import type { WorkerPoolOptions } from '../../../src/core/compress/encoder/workerPool.ts';

export const workerFile = fileURLToPath(
  new URL('../../../src/core/compress/encoder/compressWorker.ts', import.meta.url),
);

/** A pool of real threads that run the source as it is; closed with the test. */
export async function openPool(t: TestContext, options: Partial<WorkerPoolOptions> = {}): Promise<WorkerPool> {
  const pool = new WorkerPool({ worker: workerFile, deflate: await buildWasm(), size: 2, ...options });
  t.after(() => pool.close());
  return pool;
}

/** All that a codec makes of a stream. */
export async function encodeAll(
  codec: LayerCodec,
  tar: AsyncIterable<Uint8Array>,
  signal = new AbortController().signal,
): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of codec.encode(tar, { signal })) pieces.push(piece.slice());
  return Buffer.concat(pieces);
}
