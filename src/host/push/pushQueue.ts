import { cancelledBy } from '../../core/base/cancel.ts';

interface Waiter {
  readonly id: string;
  readonly begin: () => void;
  readonly onPosition: (position: number) => void;
}

/**
 * Lets a limited number of runs go on at one time; the others wait in the order in which they came. Unlike `Semaphore` its
 * limit may change, its waiters see their position, and one of them can be moved to the front.
 */
export class PushQueue {
  readonly #limit: () => number;
  #running = 0;
  #waiting: readonly Waiter[] = [];

  /** `limit` is asked whenever a run comes or ends, and at `update`. */
  constructor(limit: () => number) {
    this.#limit = limit;
  }

  /**
   * Resolves when it is this run's turn, with the function that ends it. Rejects with `cancelled` when the signal fires first.
   * `onPosition` is called with the position among those that wait, from 1 on, and whenever that changes.
   */
  async enter(id: string, signal: AbortSignal, onPosition: (position: number) => void): Promise<() => void> {
    if (signal.aborted) throw cancelledBy(signal);
    if (this.#running < this.#limit() && this.#waiting.length === 0) this.#running++;
    else await this.#wait(id, signal, onPosition);
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      this.#running--;
      this.update();
    };
  }

  /** The run is the next one. False if it does not wait. */
  moveToFront(id: string): boolean {
    const waiter = this.#waiting.find((one) => one.id === id);
    if (waiter === undefined) return false;
    this.#setWaiting([waiter, ...this.#waiting.filter((one) => one !== waiter)]);
    return true;
  }

  /** Call when the limit may have changed. */
  update(): void {
    const free = Math.max(0, this.#limit() - this.#running);
    const next = this.#waiting.slice(0, free);
    this.#running += next.length;
    if (next.length > 0) this.#setWaiting(this.#waiting.slice(free));
    for (const { begin } of next) begin();
  }

  #wait(id: string, signal: AbortSignal, onPosition: Waiter['onPosition']): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        this.#setWaiting(this.#waiting.filter((one) => one !== waiter));
        reject(cancelledBy(signal));
      };
      const begin = (): void => {
        signal.removeEventListener('abort', abort);
        resolve();
      };
      const waiter: Waiter = { id, begin, onPosition };
      signal.addEventListener('abort', abort, { once: true });
      this.#setWaiting([...this.#waiting, waiter]);
    });
  }

  #setWaiting(waiting: readonly Waiter[]): void {
    const before = this.#waiting;
    this.#waiting = waiting;
    waiting.forEach((waiter, at) => {
      if (before[at] !== waiter) waiter.onPosition(at + 1);
    });
  }
}
