/** Milliseconds for which a person waits for one page. */
const pageTimeout = 20_000;

/**
 * A list that is read page by page, and kept until it is disposed of. A failure ends it: what was read before stays, and
 * another listing begins anew.
 */
export class Listing<T, End> {
  readonly items: T[] = [];
  /** What the list says at its end, if it says anything. */
  end: End | undefined;
  failure: unknown;
  #isDone = false;
  readonly #stop = new AbortController();
  readonly #rows: AsyncGenerator<T, End, void>;
  #reading: Promise<void> = Promise.resolve();

  constructor(start: (call: { readonly signal: AbortSignal }) => AsyncGenerator<T, End, void>) {
    this.#rows = start({ signal: this.#stop.signal });
  }

  /** Reads until there are so many items, or no more. Callers wait for each other. */
  async fill(count: number): Promise<void> {
    this.#reading = this.#reading.then(() => this.#read(count));
    await this.#reading;
  }

  get hasMore(): boolean {
    return !this.#isDone && this.failure === undefined;
  }

  dispose(): void {
    this.#stop.abort();
  }

  async #read(count: number): Promise<void> {
    const timer = setTimeout(() => {
      this.#stop.abort(new DOMException('The registry takes too long to answer.', 'TimeoutError'));
    }, pageTimeout);
    try {
      while (this.hasMore && this.items.length < count) {
        const row = await this.#rows.next();
        if (row.done !== true) this.items.push(row.value);
        else {
          this.#isDone = true;
          this.end = row.value;
        }
      }
    } catch (error) {
      this.failure = error;
    } finally {
      clearTimeout(timer);
    }
  }
}
