/** 2 to 4 ms of work: hashing, handing on, and what node does for each piece of 64 KiB. */
const bytesPerTurn = 512 * 1024;

/**
 * Keeps a fast engine from holding up the event loop, which belongs to all extensions of the window. Left alone, libuv
 * reads each socket up to 32 times before it looks at anything else: 2 MiB for each of the blobs that arrive at once.
 */
export class EventLoopBudget {
  #handled = 0;
  #next: Promise<void> | undefined;

  /**
   * Bytes have been handled. A promise where that is enough for this turn of the event loop, counted over all who share
   * this object; it resolves in the next turn, when timers and other sockets have had theirs.
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
