import { cancelledBy, throwIfCancelled } from './cancel.ts';

/**
 * At most `size` holders at a time; waiters are served in order of arrival. p-limit and async-sema are no smaller here:
 * with neither does a waiter leave the queue when its signal fires.
 */
export class Semaphore {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(size: number) {
    if (!Number.isInteger(size) || size < 1) throw new RangeError(`a semaphore cannot have ${String(size)} holders`);
    this.#free = size;
  }

  /** Runs `work` as one of the holders. A waiter whose signal fires leaves the queue with `cancelled`. */
  async run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    await this.#acquire(signal);
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }

  async #acquire(signal: AbortSignal | undefined): Promise<void> {
    throwIfCancelled(signal);
    if (this.#free > 0) {
      this.#free--;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      // Not `orCancelled`: a waiter that was just served must not be cancelled before it knows.
      const acquire = (): void => {
        signal?.removeEventListener('abort', abort);
        resolve();
      };
      const abort = (): void => {
        const index = this.#waiting.indexOf(acquire);
        if (index >= 0) this.#waiting.splice(index, 1);
        if (signal !== undefined) reject(cancelledBy(signal));
      };
      signal?.addEventListener('abort', abort, { once: true });
      this.#waiting.push(acquire);
    });
  }
}
