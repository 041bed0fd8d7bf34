import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { TeaChestError } from '../base/errors.ts';
import type { CompressResult, CompressTask } from './compressTask.ts';
import { webAssembly } from './deflate/webAssembly.ts';
import type { WasmModule } from './deflate/webAssembly.ts';

export interface WorkerPoolOptions {
  /** The worker threads' script: compressWorker, bundled or as it is. */
  readonly worker: string | URL;
  /** The compiled assembly/deflate.ts. */
  readonly deflate: string | URL;
  /** How many threads at most; by default one per core, and four at most. */
  readonly size?: number;
  /** A thread that had nothing to do for so many milliseconds is stopped. */
  readonly idleMs?: number;
}

/** A thread makes next to no objects: a small nursery keeps what it makes from piling up. In MiB. */
const resourceLimits = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 64 };

interface Job {
  readonly task: CompressTask;
  readonly resolve: (result: CompressResult) => void;
  readonly reject: (error: TeaChestError) => void;
}

interface Member {
  readonly worker: Worker;
  job: Job | undefined;
  idleTimer: NodeJS.Timeout | undefined;
  hasAnswered: boolean;
}

/**
 * Threads that compress blocks. They start when there is work, serve it in order of arrival, and stop after a while
 * without any; they keep the process alive only while they work. Node's own thread pool (files, DNS, zlib) stays free.
 */
export class WorkerPool {
  /** How many blocks are worked on at the same time. */
  readonly size: number;
  readonly #options: WorkerPoolOptions;
  readonly #idleMs: number;
  readonly #members = new Set<Member>();
  readonly #queue: Job[] = [];
  #module: Promise<WasmModule> | undefined;
  #closed = false;

  constructor(options: WorkerPoolOptions) {
    this.size = Math.max(1, options.size ?? Math.min(availableParallelism(), 4));
    this.#options = options;
    this.#idleMs = options.idleMs ?? 10_000;
  }

  /** Threads there are at this moment, at work or idle. */
  get threads(): number {
    return this.#members.size;
  }

  /**
   * Compresses one block. Rejects with `cancelled` at once when the signal fires (a thread that is at it finishes
   * that block unheard), and with `internal` if the thread cannot start or breaks.
   */
  async run(task: CompressTask, options: { readonly signal: AbortSignal }): Promise<CompressResult> {
    const { signal } = options;
    const module = await this.#load();
    return new Promise<CompressResult>((resolve, reject) => {
      const cancel = (): void => {
        const place = this.#queue.indexOf(job);
        if (place >= 0) this.#queue.splice(place, 1);
        reject(new TeaChestError('cancelled', 'Cancelled.', { cause: signal.reason }));
      };
      const job: Job = {
        task,
        resolve: (result) => {
          signal.removeEventListener('abort', cancel);
          resolve(result);
        },
        reject: (error) => {
          signal.removeEventListener('abort', cancel);
          reject(error);
        },
      };
      if (signal.aborted || this.#closed) {
        cancel();
        return;
      }
      signal.addEventListener('abort', cancel, { once: true });
      this.#queue.push(job);
      this.#dispatch(module);
    });
  }

  /** Stops all threads now; work not done is `cancelled`. */
  async close(): Promise<void> {
    this.#closed = true;
    const cancelled = new TeaChestError('cancelled', 'Compression was stopped.');
    for (const job of this.#queue.splice(0)) job.reject(cancelled);
    const members = [...this.#members];
    for (const member of members) this.#dismiss(member, cancelled);
    await Promise.all(members.map((member) => member.worker.terminate()));
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
      const idle = [...this.#members].find((member) => member.job === undefined);
      if (idle === undefined && this.#members.size >= this.size) return;
      const job = this.#queue.shift();
      if (job === undefined) return;
      try {
        this.#give(job, idle ?? this.#start(module));
      } catch (error) {
        job.reject(failure('Tea Chest could not start a compression thread', error));
      }
    }
  }

  #give(job: Job, member: Member): void {
    clearTimeout(member.idleTimer);
    member.job = job;
    member.worker.ref();
    member.worker.postMessage(job.task);
  }

  #start(module: WasmModule): Member {
    const worker = new Worker(this.#options.worker, {
      name: 'Tea Chest compression',
      workerData: { deflate: module },
      resourceLimits,
    });
    const member: Member = { worker, job: undefined, idleTimer: undefined, hasAnswered: false };
    this.#members.add(member);
    worker.on('message', (result: CompressResult) => {
      const job = member.job;
      member.job = undefined;
      member.hasAnswered = true;
      this.#rest(member);
      job?.resolve(result);
      this.#dispatch(module);
    });
    worker.on('error', (error) => {
      const what = member.hasAnswered ? 'A compression thread broke' : 'Tea Chest could not start a compression thread';
      this.#dismiss(member, failure(what, error));
      this.#dispatch(module);
    });
    worker.on('exit', (code) => {
      this.#dismiss(member, failure('A compression thread ended by itself', new Error(`exit code ${code}`)));
      this.#dispatch(module);
    });
    return member;
  }

  #rest(member: Member): void {
    member.worker.unref();
    member.idleTimer = setTimeout(() => {
      this.#members.delete(member);
      void member.worker.terminate();
    }, this.#idleMs).unref();
  }

  #dismiss(member: Member, reason: TeaChestError): void {
    clearTimeout(member.idleTimer);
    this.#members.delete(member);
    member.job?.reject(reason);
    member.job = undefined;
  }
}

function failure(what: string, error: unknown): TeaChestError {
  const words = error instanceof Error ? error.message : String(error);
  return new TeaChestError('internal', `${what}: ${words}`, { cause: error });
}
