import * as v from 'valibot';
import type { Memento } from 'vscode';
import { readValue } from '../../core/base/json.ts';
import { chunkState, type ChunkState } from '../../core/registry/upload/chunkSizer.ts';

/** One value per registry, by origin, kept across windows and restarts: what uploads have found out about the way there. */
class OriginValues<T> {
  readonly #state: Memento;
  readonly #prefix: string;
  readonly #schema: v.GenericSchema<unknown, T>;
  readonly #isKept: (origin: string) => boolean;

  /**
   * `state` has a row for each key, as windows write at the same time. `isKept`: of other registries nothing is written.
   */
  constructor(
    state: Memento,
    key: string,
    schema: v.GenericSchema<unknown, T>,
    isKept: (origin: string) => boolean = () => true,
  ) {
    this.#state = state;
    this.#prefix = `${key} `;
    this.#schema = schema;
    this.#isKept = isKept;
  }

  get(origin: string): T | undefined {
    return readValue(this.#schema, this.#state.get(this.#prefix + origin));
  }

  set(origin: string, value: T): void {
    // What still comes in from a connection that is being closed must not outlive the sign-out.
    if (!this.#isKept(origin)) return;
    // Without it the next upload finds out anew.
    this.#state.update(this.#prefix + origin, value).then(undefined, () => undefined);
  }

  /** Part of signing out of a registry. */
  async forgetRegistry(origin: string): Promise<void> {
    await this.#state.update(this.#prefix + origin, undefined);
  }
}

/** A number per registry. */
export class PerOriginNumbers extends OriginValues<number> {
  constructor(state: Memento, key: string, isKept?: (origin: string) => boolean) {
    super(state, key, v.number(), isKept);
  }
}

/** The size of chunk that gets through to each registry, and the limit that was met on the way. */
export class PerOriginChunks extends OriginValues<ChunkState> {
  constructor(state: Memento, key: string, isKept?: (origin: string) => boolean) {
    super(state, key, chunkState, isKept);
  }
}
