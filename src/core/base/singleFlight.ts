import { orCancelled } from './cancel.ts';

/** Shares one run of some work, and its result, among all callers. A failure is not kept: the next call tries again. */
export class SingleFlight<T> {
  readonly #work: () => Promise<T>;
  #running: Promise<T> | undefined;

  /** `work` needs a signal of its own: a caller that cancels must not fail the others. */
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
