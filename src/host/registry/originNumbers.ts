import type { Memento } from 'vscode';
import { isRecord } from '../record.ts';

/** One number per registry, by origin, kept across windows and restarts: what uploads have found out about the way there. */
export class OriginNumbers {
  readonly #state: Memento;
  readonly #key: string;
  readonly #isKept: (origin: string) => boolean;

  /** `isKept`: of other registries nothing is written. */
  constructor(state: Memento, key: string, isKept: (origin: string) => boolean = () => true) {
    this.#state = state;
    this.#key = key;
    this.#isKept = isKept;
  }

  get(origin: string): number | undefined {
    const number = this.#rows()[origin];
    return typeof number === 'number' ? number : undefined;
  }

  set(origin: string, number: number): void {
    // What still comes in from a connection that is being closed must not outlive the sign-out.
    if (!this.#isKept(origin)) return;
    void this.#state.update(this.#key, { ...this.#rows(), [origin]: number });
  }

  /** Part of signing out of a registry. */
  async forgetRegistry(origin: string): Promise<void> {
    const rows = Object.entries(this.#rows()).filter(([key]) => key !== origin);
    await this.#state.update(this.#key, rows.length === 0 ? undefined : Object.fromEntries(rows));
  }

  #rows(): Readonly<Record<string, unknown>> {
    const stored = this.#state.get<unknown>(this.#key);
    return isRecord(stored) ? stored : {};
  }
}
