/**
 * Buffers that are used again. New memory for every block of an image of gigabytes made V8 collect garbage over and over
 * (docs/performance.md), so each stream takes its buffers from such a list.
 */
export class FreeList<T> {
  readonly #create: () => T;
  readonly #free: T[] = [];

  constructor(create: () => T) {
    this.#create = create;
  }

  take(): T {
    return this.#free.pop() ?? this.#create();
  }

  /** Only a buffer that nothing reads or writes any more. */
  release(buffer: T): void {
    this.#free.push(buffer);
  }
}
