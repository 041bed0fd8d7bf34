import { parentPort, workerData } from 'node:worker_threads';
import { compressBlock, type CompressTask } from './compressBlock.ts';
import { Deflater, type WasmModule } from './deflate/deflater.ts';

// The script of a worker thread (see WorkerPool): compresses one block per message. An exception ends the thread.

const deflater = new Deflater((workerData as { readonly deflate: WasmModule }).deflate);

parentPort?.on('message', (task: CompressTask) => {
  parentPort?.postMessage(compressBlock(deflater, task));
});
