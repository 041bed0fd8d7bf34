/** 2 to 4 ms of work: hashing, writing, and node's own work for each piece of 64 KiB. */
const bytesPerTurn = 512 * 1024;

/**
 * Limits how many bytes are handled in one turn of the event loop, which all extensions of the window share. Without it
 * libuv reads each socket up to 32 times before anything else runs: 2 MiB for each of the blobs that arrive at once. The
 * delay (p99) was 39–48 ms without it and is 22–31 ms with it (docs/performance.md).
 */
export class EventLoopBudget {
  #handled = 0;
  #next: Promise<void> | undefined;

  /**
   * Counts bytes that were handled, for all users of this object together. Returns a promise if the budget of this turn is
   * spent; it resolves in the next turn, after timers and other sockets.
   */
  spend(bytes: number): Promise<void> | undefined {
    this.#handled += bytes;
    this.#next ??= new Promise((resolve) => {
      setImmediate(() => {
        this.#handled = 0;
        this.#next = undefined;
        resolve();
      });
    });
    return this.#handled < bytesPerTurn ? undefined : this.#next;
  }
}
