import type { Memento } from 'vscode';
import { readChunkState, type ChunkState } from '../../core/registry/chunkSizer.ts';
import { isRecord } from '../record.ts';

/** One value per registry, by origin, kept across windows and restarts: what uploads have found out about the way there. */
class OriginValues<T> {
  readonly #state: Memento;
  readonly #key: string;
  readonly #read: (stored: unknown) => T | undefined;
  readonly #isKept: (origin: string) => boolean;

  /** `read`: undefined for what is no such value. `isKept`: of other registries nothing is written. */
  constructor(
    state: Memento,
    key: string,
    read: (stored: unknown) => T | undefined,
    isKept: (origin: string) => boolean = () => true,
  ) {
    this.#state = state;
    this.#key = key;
    this.#read = read;
    this.#isKept = isKept;
  }

  get(origin: string): T | undefined {
    return this.#read(this.#rows()[origin]);
  }

  set(origin: string, value: T): void {
    // What still comes in from a connection that is being closed must not outlive the sign-out.
    if (!this.#isKept(origin)) return;
    void this.#state.update(this.#key, { ...this.#rows(), [origin]: value });
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

/** A number per registry. */
export class OriginNumbers extends OriginValues<number> {
  constructor(state: Memento, key: string, isKept?: (origin: string) => boolean) {
    super(state, key, (stored) => (typeof stored === 'number' ? stored : undefined), isKept);
  }
}

/** The size of chunk that gets through to each registry, and the limit that was met on the way. */
export class OriginChunks extends OriginValues<ChunkState> {
  constructor(state: Memento, key: string, isKept?: (origin: string) => boolean) {
    super(state, key, readChunkState, isKept);
  }
}
