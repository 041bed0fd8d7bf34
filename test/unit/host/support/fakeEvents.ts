export class Disposable {
  static from(...all: readonly { dispose(): unknown }[]): Disposable {
    const joined = new Disposable();
    joined.dispose = () => {
      for (const one of all) one.dispose();
    };
    return joined;
  }

  readonly #work: (() => unknown) | undefined;

  constructor(work?: () => unknown) {
    this.#work = work;
  }

  dispose(): void {
    this.#work?.();
  }
}

export class EventEmitter<T> {
  readonly #listeners = new Set<(value: T) => unknown>();

  readonly event = (listener: (value: T) => unknown): Disposable => {
    this.#listeners.add(listener);
    return Disposable.from({ dispose: () => this.#listeners.delete(listener) });
  };

  fire(value: T): void {
    for (const listener of this.#listeners) listener(value);
  }

  dispose(): void {
    this.#listeners.clear();
  }
}
