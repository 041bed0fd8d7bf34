import { throwIfCancelled } from './cancel.ts';

/** Lets waiters sleep until something changed; each then looks for itself whether that was what it waited for. */
export class Waker {
  #sleepers = new Set<() => void>();

  /** Resolves at the next `wakeAll`; rejects with `cancelled` when the signal fires. */
  async changed(signal: AbortSignal): Promise<void> {
    throwIfCancelled(signal);
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        signal.removeEventListener('abort', wake);
        resolve();
      };
      signal.addEventListener('abort', wake, { once: true });
      this.#sleepers.add(wake);
    });
    throwIfCancelled(signal);
  }

  wakeAll(): void {
    const sleepers = this.#sleepers;
    this.#sleepers = new Set();
    for (const wake of sleepers) wake();
  }
}
