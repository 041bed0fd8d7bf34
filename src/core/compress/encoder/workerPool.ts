import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import * as l10n from '@vscode/l10n';
import { orCancelled, throwIfCancelled } from '../../base/cancel.ts';
import { TeaChestError } from '../../base/errors.ts';
import { compressBlock, type CompressResult, type CompressTask } from './compressBlock.ts';
import { Deflater, webAssembly, type WasmModule } from './deflate/deflater.ts';

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
 * A stream of at most this many bytes is compressed without a thread while none runs, up to `mostHere` in all: starting a
 * thread takes some 70 ms, such a block 1 to 3 ms at these levels.
 */
const smallStream = 512 * 1024;
const mostHere = 1024 * 1024;
const quickLevels: Readonly<Record<CompressTask['format'], number>> = { gzip: 4, zstd: 5 };

/** In MiB. A thread makes few objects; in a large young generation their garbage would pile up. */
const resourceLimits = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 64 };

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
  #deflater: Deflater | undefined;
  /** Bytes that were compressed without a thread since the last one ran. */
  #bytesHere = 0;
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
    if (this.#closed) throw stopped();
    if (this.#needsNoThread(task)) {
      this.#bytesHere += task.length;
      return compressBlock((this.#deflater ??= new Deflater(module)), task);
    }
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
    const cancelled = stopped();
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
      throw failure(l10n.t`Tea Chest could not load its compressor: ${messageOf(error)}`, error);
    }
  }

  /** The bytes are the same on any thread. */
  #needsNoThread({ format, level, history, length, isLast }: CompressTask): boolean {
    const isSmall = isLast && history === 0 && length <= smallStream && level <= quickLevels[format];
    return isSmall && this.#threads.size === 0 && this.#bytesHere + length <= mostHere;
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
        job.reject(notStarted(error));
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
    this.#bytesHere = 0;
    worker.on('message', (result: CompressResult) => {
      const job = thread.job;
      thread.job = undefined;
      thread.hasAnswered = true;
      this.#stopWhenIdle(thread);
      job?.resolve(result);
      this.#dispatch(module);
    });
    worker.on('error', (error) => {
      const broken = (): TeaChestError => failure(l10n.t`A compression thread broke: ${messageOf(error)}`, error);
      this.#remove(thread, thread.hasAnswered ? broken() : notStarted(error));
      this.#dispatch(module);
    });
    worker.on('exit', (code) => {
      const sentence = l10n.t`A compression thread ended by itself: exit code ${code}`;
      this.#remove(thread, failure(sentence, new Error(`exit code ${code}`)));
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

function stopped(): TeaChestError {
  return new TeaChestError('cancelled', l10n.t('Compression was stopped.'));
}

function notStarted(error: unknown): TeaChestError {
  return failure(l10n.t`Tea Chest could not start a compression thread: ${messageOf(error)}`, error);
}

function failure(message: string, cause: unknown): TeaChestError {
  return new TeaChestError('internal', message, { cause });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
