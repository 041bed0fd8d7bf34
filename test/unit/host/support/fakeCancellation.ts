interface Listener {
  dispose(): void;
}

interface Token {
  readonly isCancellationRequested: boolean;
  readonly onCancellationRequested: (listener: () => unknown) => Listener;
}

/** VS Code’s class of this name. */
export class CancellationTokenSource {
  readonly #listeners = new Set<() => unknown>();
  #isCancelled = false;
  readonly token: Token;

  constructor() {
    const isCancelled = (): boolean => this.#isCancelled;
    this.token = {
      get isCancellationRequested() {
        return isCancelled();
      },
      onCancellationRequested: (listener) => {
        this.#listeners.add(listener);
        return { dispose: () => void this.#listeners.delete(listener) };
      },
    };
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  cancel(): void {
    this.#isCancelled = true;
    for (const listener of this.#listeners) listener();
  }

  dispose(): void {
    this.#listeners.clear();
  }
}
