import { isCancelled } from './errors.ts';

/**
 * Tasks that run concurrently: the first failure stops the others, and `run` returns only when all have ended, so that
 * nothing goes on behind an error that was already shown. `Promise.all` and p-all do not wait for the others.
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

  start(work: () => Promise<void>): void {
    const task = this.#catch(work).finally(() => this.#running.delete(task));
    this.#running.add(task);
  }

  /** Runs `main`, waits for every task that was started meanwhile, and throws the first failure. */
  async run(main: () => Promise<void>): Promise<void> {
    this.start(main);
    while (this.#running.size > 0) await Promise.all(this.#running);
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  async #catch(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      // A task that fails because the group was stopped says `cancelled`, which is not the reason.
      if (this.#failure === undefined || (isCancelled(this.#failure.error) && !isCancelled(error))) {
        this.#failure = { error };
      }
      this.#stop.abort(error);
    }
  }
}
