import type { Memento } from 'vscode';
import type { ChunkMemory } from '../../core/registry/chunkSizer.ts';
import { isRecord } from '../record.ts';

const stateKey = 'teaChest.chunkSizes';

/** The size of upload chunk that got through to each registry, in bytes, kept across windows and restarts. */
export class StoredChunkMemory implements ChunkMemory {
  readonly #state: Memento;

  constructor(state: Memento) {
    this.#state = state;
  }

  get(origin: string): number | undefined {
    const bytes = this.#rows()[origin];
    return typeof bytes === 'number' ? bytes : undefined;
  }

  set(origin: string, bytes: number): void {
    void this.#state.update(stateKey, { ...this.#rows(), [origin]: bytes });
  }

  /** Part of signing out of a registry. */
  async forgetRegistry(origin: string): Promise<void> {
    const rows = Object.entries(this.#rows()).filter(([key]) => key !== origin);
    await this.#state.update(stateKey, rows.length === 0 ? undefined : Object.fromEntries(rows));
  }

  #rows(): Readonly<Record<string, unknown>> {
    const stored = this.#state.get<unknown>(stateKey);
    return isRecord(stored) ? stored : {};
  }
}
