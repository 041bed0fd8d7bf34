import type { Memento } from 'vscode';

/**
 * VS Code's global state of one extension as several windows see it (ExtensionMemento in extHostMemento.ts): all keys are
 * one value, each window has a copy of it, an update changes the copy and writes all of it, and what others wrote
 * replaces the copy later, in `synchronize`.
 */
export class SharedGlobalState {
  #stored = '{}';
  readonly #windows: { copy: Record<string, unknown>; isStale: boolean }[] = [];

  open(): Memento {
    const window = { copy: this.#read(), isStale: false };
    this.#windows.push(window);
    return {
      keys: () => Object.keys(window.copy).filter((key) => window.copy[key] !== undefined),
      get: <T>(key: string, otherwise?: T) => (window.copy[key] ?? otherwise) as T,
      update: (key: string, value: unknown) => {
        window.copy[key] = value;
        this.#stored = JSON.stringify(window.copy);
        for (const other of this.#windows) if (other !== window) other.isStale = true;
        return Promise.resolve();
      },
    };
  }

  /** Every window gets what the others wrote. */
  synchronize(): void {
    for (const window of this.#windows) {
      if (window.isStale) window.copy = this.#read();
      window.isStale = false;
    }
  }

  #read(): Record<string, unknown> {
    return JSON.parse(this.#stored) as Record<string, unknown>;
  }
}
