/** Closes what was opened, the last first, also if opening the next failed: a program that still runs keeps the test from ending. */
export class Closing {
  readonly #closers: (() => Promise<void>)[] = [];

  add(close: () => Promise<void>): void {
    this.#closers.unshift(close);
  }

  async close(): Promise<void> {
    for (const close of this.#closers.splice(0)) await close();
  }
}
