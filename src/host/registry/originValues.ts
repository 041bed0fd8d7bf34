import type * as v from 'valibot';
import type { Memento } from 'vscode';
import { readValue } from '../../core/base/json.ts';

/** A value for each registry, such as the link rate, kept across windows and restarts. */
export class OriginValues<T> {
  readonly #state: Memento;
  readonly #prefix: string;
  readonly #schema: v.GenericSchema<unknown, T>;
  readonly #isSaved: (origin: string) => boolean;

  /**
   * `state` has a row for each key, because several windows write at the same time. `isSaved`: nothing is written about
   * other registries.
   */
  constructor(
    state: Memento,
    key: string,
    schema: v.GenericSchema<unknown, T>,
    isSaved: (origin: string) => boolean = () => true,
  ) {
    this.#state = state;
    this.#prefix = `${key} `;
    this.#schema = schema;
    this.#isSaved = isSaved;
  }

  get(origin: string): T | undefined {
    return readValue(this.#schema, this.#state.get(this.#prefix + origin));
  }

  set(origin: string, value: T): void {
    // A connection that is being closed may still report values after the sign-out.
    if (!this.#isSaved(origin)) return;
    // If this fails, the next upload measures the value again.
    this.#state.update(this.#prefix + origin, value).then(undefined, () => undefined);
  }

  /** Part of signing out of a registry. */
  async forgetRegistry(origin: string): Promise<void> {
    await this.#state.update(this.#prefix + origin, undefined);
  }
}
