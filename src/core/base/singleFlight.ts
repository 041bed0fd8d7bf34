import { throwIfCancelled } from './cancel.ts';
import { TeaChestError } from './errors.ts';

/** Work that is done once for all who need its result. A failure is not kept: what failed once may work the next time. */
export class SingleFlight<T> {
  readonly #work: () => Promise<T>;
  #running: Promise<T> | undefined;

  /** `work` runs under a signal of its own: that one caller cancels must not fail the others. */
  constructor(work: () => Promise<T>) {
    this.#work = work;
  }

  async get(signal: AbortSignal): Promise<T> {
    const running = (this.#running ??= this.#work());
    running.catch(() => {
      if (this.#running === running) this.#running = undefined;
    });
    return orCancelled(running, signal);
  }
}

/** Waits for shared work, but no longer than the caller's signal allows. */
export async function orCancelled<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  throwIfCancelled(signal);
  return new Promise<T>((resolve, reject) => {
    const abort = (): void => {
      reject(new TeaChestError('cancelled', 'Cancelled.', { cause: signal.reason }));
    };
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', abort);
    });
  });
}
