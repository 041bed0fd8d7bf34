import { parentPort, workerData } from 'node:worker_threads';
import { constants, crc32, zstdCompressSync } from 'node:zlib';
import type { CompressResult, CompressTask } from './compressTask.ts';
import { Deflater } from './deflate/deflater.ts';
import type { WasmModule } from './deflate/webAssembly.ts';

// A worker thread's own script (see WorkerPool): compresses one block per message. What it throws ends the thread.

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
    // One output buffer that is sure to be large enough: by default Node collects pieces of 16 KiB.
    chunkSize: output.byteLength,
    // Puts the size in the frame's header, and spares the room for more.
    pledgedSrcSize: task.length,
    params: { [constants.ZSTD_c_compressionLevel]: task.level },
  });
  output.set(frame);
  // Of a buffer without memory it is 0.
  const outputLength = frame.byteLength;
  release(frame);
  return { outputLength, crc32: 0 };
}

/** Gives a large buffer's memory back at once: a thread that makes few objects collects its garbage much too late. */
function release({ buffer }: Buffer): void {
  // Smaller ones are parts of a buffer that others have parts of as well.
  if (buffer instanceof ArrayBuffer && buffer.byteLength > Buffer.poolSize) buffer.transfer(0);
}

parentPort?.on('message', (task: CompressTask) => {
  parentPort?.postMessage(compress(task));
});
