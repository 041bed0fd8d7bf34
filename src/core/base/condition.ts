import { orCancelled } from './cancel.ts';

/**
 * A condition variable: the one way in which a waiter here sleeps until something has changed. Each waiter checks for
 * itself whether the change is the one that it needs, and waits again if not.
 */
export class Condition {
  #next: PromiseWithResolvers<undefined> | undefined;

  /** Resolves at the next `notifyAll`; rejects with `cancelled` when the signal fires. */
  wait(signal?: AbortSignal): Promise<void> {
    this.#next ??= Promise.withResolvers();
    return signal === undefined ? this.#next.promise : orCancelled(this.#next.promise, signal);
  }

  notifyAll(): void {
    this.#next?.resolve(undefined);
    this.#next = undefined;
  }
}
