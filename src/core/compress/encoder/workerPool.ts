import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { orCancelled, throwIfCancelled } from '../../base/cancel.ts';
import { TeaChestError } from '../../base/errors.ts';
import { webAssembly, type WasmModule } from './deflate/deflater.ts';

export interface WorkerPoolOptions {
  /** The script of the worker threads: compressWorker, bundled or not. */
  readonly worker: string | URL;
  /** The compiled deflate/assembly/deflate.ts. */
  readonly deflate: string | URL;
  /** Most threads; by default one per core, and at most four. */
  readonly size?: number;
  /** Milliseconds after which an idle thread is stopped. */
  readonly idleMs?: number;
}

/**
 * A block of a stream on its way to a thread. The memory is shared with the thread and used again for later blocks: when
 * blocks were transferred instead, each was new memory to V8, which then stopped to collect garbage.
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

/** In MiB. A thread makes few objects; in a large young generation their garbage would pile up. */
const resourceLimits = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 64 };

const closedMessage = 'Compression was stopped.';

interface Job {
  readonly task: CompressTask;
  readonly resolve: (result: CompressResult) => void;
  readonly reject: (error: TeaChestError) => void;
}

interface Thread {
  readonly worker: Worker;
  job: Job | undefined;
  idleTimer: NodeJS.Timeout | undefined;
  hasAnswered: boolean;
}

/**
 * Threads that compress blocks, in order of arrival. They start when there is work and stop after a while without any;
 * they keep the process alive only while they work. Node's own thread pool (files, DNS, zlib) stays free. piscina
 * could do this, but brings a worker script of its own that would have to be shipped beside ours.
 */
export class WorkerPool {
  /** How many blocks are compressed at the same time. */
  readonly size: number;
  readonly #options: WorkerPoolOptions;
  readonly #idleMs: number;
  readonly #threads = new Set<Thread>();
  readonly #queue: Job[] = [];
  #module: Promise<WasmModule> | undefined;
  #closed = false;

  constructor(options: WorkerPoolOptions) {
    this.size = Math.max(1, options.size ?? Math.min(availableParallelism(), 4));
    this.#options = options;
    this.#idleMs = options.idleMs ?? 10_000;
  }

  /** Threads that run at this moment, busy or idle. */
  get threads(): number {
    return this.#threads.size;
  }

  /**
   * Compresses one block. Rejects with `cancelled` as soon as the signal fires, though a thread that has begun finishes
   * the block, and with `internal` if the thread cannot start or breaks.
   */
  async run(task: CompressTask, options: { readonly signal: AbortSignal }): Promise<CompressResult> {
    const { signal } = options;
    const module = await this.#load();
    throwIfCancelled(signal);
    if (this.#closed) throw new TeaChestError('cancelled', closedMessage);
    const { promise, resolve, reject } = Promise.withResolvers<CompressResult>();
    const job: Job = { task, resolve, reject };
    this.#queue.push(job);
    this.#dispatch(module);
    try {
      return await orCancelled(promise, signal);
    } finally {
      const index = this.#queue.indexOf(job);
      if (index >= 0) this.#queue.splice(index, 1);
    }
  }

  /** Stops all threads now; unfinished blocks are `cancelled`. */
  async close(): Promise<void> {
    this.#closed = true;
    const cancelled = new TeaChestError('cancelled', closedMessage);
    for (const job of this.#queue.splice(0)) job.reject(cancelled);
    const threads = [...this.#threads];
    for (const thread of threads) this.#remove(thread, cancelled);
    await Promise.all(threads.map((thread) => thread.worker.terminate()));
  }

  async #load(): Promise<WasmModule> {
    this.#module ??= readFile(this.#options.deflate).then((bytes) => webAssembly.compile(bytes));
    try {
      return await this.#module;
    } catch (error) {
      this.#module = undefined;
      throw failure('Tea Chest could not load its compressor', error);
    }
  }

  #dispatch(module: WasmModule): void {
    while (this.#queue.length > 0) {
      const idle = [...this.#threads].find((thread) => thread.job === undefined);
      if (idle === undefined && this.#threads.size >= this.size) return;
      const job = this.#queue.shift();
      if (job === undefined) return;
      try {
        this.#assign(job, idle ?? this.#start(module));
      } catch (error) {
        job.reject(failure('Tea Chest could not start a compression thread', error));
      }
    }
  }

  #assign(job: Job, thread: Thread): void {
    clearTimeout(thread.idleTimer);
    thread.job = job;
    thread.worker.ref();
    thread.worker.postMessage(job.task);
  }

  #start(module: WasmModule): Thread {
    const worker = new Worker(this.#options.worker, {
      name: 'Tea Chest compression',
      workerData: { deflate: module },
      resourceLimits,
    });
    const thread: Thread = { worker, job: undefined, idleTimer: undefined, hasAnswered: false };
    this.#threads.add(thread);
    worker.on('message', (result: CompressResult) => {
      const job = thread.job;
      thread.job = undefined;
      thread.hasAnswered = true;
      this.#stopWhenIdle(thread);
      job?.resolve(result);
      this.#dispatch(module);
    });
    worker.on('error', (error) => {
      const what = thread.hasAnswered ? 'A compression thread broke' : 'Tea Chest could not start a compression thread';
      this.#remove(thread, failure(what, error));
      this.#dispatch(module);
    });
    worker.on('exit', (code) => {
      this.#remove(thread, failure('A compression thread ended by itself', new Error(`exit code ${code}`)));
      this.#dispatch(module);
    });
    return thread;
  }

  #stopWhenIdle(thread: Thread): void {
    thread.worker.unref();
    thread.idleTimer = setTimeout(() => {
      this.#threads.delete(thread);
      void thread.worker.terminate();
    }, this.#idleMs).unref();
  }

  #remove(thread: Thread, reason: TeaChestError): void {
    clearTimeout(thread.idleTimer);
    this.#threads.delete(thread);
    thread.job?.reject(reason);
    thread.job = undefined;
  }
}

function failure(what: string, error: unknown): TeaChestError {
  const message = error instanceof Error ? error.message : String(error);
  return new TeaChestError('internal', `${what}: ${message}`, { cause: error });
}
