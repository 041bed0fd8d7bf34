import { parentPort, workerData } from 'node:worker_threads';
import { constants, crc32, zstdCompressSync } from 'node:zlib';
import { Deflater, type WasmModule } from './deflate/deflater.ts';
import type { CompressResult, CompressTask } from './workerPool.ts';

// The script of a worker thread (see WorkerPool): compresses one block per message. An exception ends the thread.

const deflater = new Deflater((workerData as { readonly deflate: WasmModule }).deflate);

function compress(task: CompressTask): CompressResult {
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

parentPort?.on('message', (task: CompressTask) => {
  parentPort?.postMessage(compress(task));
});
