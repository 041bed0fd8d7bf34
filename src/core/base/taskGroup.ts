import { isCancelled } from './errors.ts';

/**
 * Work that runs side by side and stands or falls together: the first failure stops the others, and nobody leaves
 * before all have come to rest. So nothing runs on behind an error that was already shown.
 */
export class TaskGroup {
  /** Fires when the outer signal does, or as soon as one task has failed. */
  readonly signal: AbortSignal;
  readonly #stop = new AbortController();
  readonly #running = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | undefined;

  constructor(outer: AbortSignal) {
    this.signal = AbortSignal.any([outer, this.#stop.signal]);
  }

  /** Begins a task beside the others. */
  start(work: () => Promise<void>): void {
    const task = this.#guard(work).finally(() => this.#running.delete(task));
    this.#running.add(task);
  }

  /** Runs `main`, waits for everything that was started meanwhile, and throws the failure that came first. */
  async run(main: () => Promise<void>): Promise<void> {
    this.start(main);
    while (this.#running.size > 0) await Promise.all(this.#running);
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  async #guard(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      // What fails because we stopped it says only `cancelled`; the cause is the failure that made us stop.
      if (this.#failure === undefined || (isCancelled(this.#failure.error) && !isCancelled(error))) {
        this.#failure = { error };
      }
      this.#stop.abort(error);
    }
  }
}
