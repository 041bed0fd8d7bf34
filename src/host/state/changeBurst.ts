import type { sleep } from '../../core/base/cancel.ts';

/** Milliseconds: a command of docker's or kind's writes several files. */
const quietMs = 300;

/** Runs `work` once after changes that come close together; never twice at the same time. */
export class ChangeBurst {
  readonly #work: () => Promise<void>;
  readonly #signal: AbortSignal;
  readonly #wait: typeof sleep;
  #changes = 0;
  #isRunning = false;

  constructor(work: () => Promise<void>, signal: AbortSignal, wait: typeof sleep) {
    this.#work = work;
    this.#signal = signal;
    this.#wait = wait;
  }

  readonly note = (): void => {
    this.#changes++;
    if (this.#isRunning) return;
    this.#isRunning = true;
    void this.#run().catch(() => undefined);
  };

  async #run(): Promise<void> {
    try {
      for (let seen: number | undefined; seen !== this.#changes;) {
        seen = this.#changes;
        await this.#wait(quietMs, this.#signal);
        if (seen === this.#changes) await this.#work();
      }
    } finally {
      this.#isRunning = false;
    }
  }
}
