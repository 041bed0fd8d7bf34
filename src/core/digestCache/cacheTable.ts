import { LRUCache } from 'lru-cache';
import * as v from 'valibot';
import { listOf, readValue } from '../base/json.ts';

interface Entry<T> {
  value: T;
  /** Milliseconds since the epoch. */
  usedAt: number;
}

/** A bounded table that is kept in a file, together with the rows of other windows. The least recently used rows go first. */
export class CacheTable<T> {
  readonly #schema: v.GenericSchema<unknown, T>;
  readonly #entries: LRUCache<string, Entry<T>>;
  readonly #now: () => number;
  /** Wrong rows: they must not come back from the file. */
  readonly #wrong = new Set<string>();
  /** True if rows have changed since the last write. */
  #isChanged = false;

  constructor(schema: v.GenericSchema<unknown, T>, limit: number, now: () => number) {
    this.#schema = schema;
    // With `max`, lru-cache would allocate all rows at once: 4 ms and 0.4 MB for a table of 20 000.
    this.#entries = new LRUCache({ maxSize: limit, sizeCalculation: () => 1 });
    this.#now = now;
  }

  get isChanged(): boolean {
    return this.#isChanged;
  }

  get(key: string): T | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    entry.usedAt = this.#now();
    this.#isChanged = true;
    return entry.value;
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  set(key: string, value: T): void {
    this.#entries.set(key, { value, usedAt: this.#now() });
    this.#wrong.delete(key);
    this.#isChanged = true;
  }

  /** Removes a row that has proved to be wrong, here and from the file. */
  deleteWrong(key: string): void {
    this.#entries.delete(key);
    this.#wrong.add(key);
    this.#isChanged = true;
  }

  /** Puts another value into each row, or removes the row where `change` gives undefined. */
  revise(change: (value: T, key: string, usedAt: number) => T | undefined): void {
    for (const [key, entry] of [...this.#entries.entries()]) {
      const value = change(entry.value, key, entry.usedAt);
      if (value === undefined) this.#entries.delete(key);
      else entry.value = value;
    }
    this.#isChanged = true;
  }

  /** Adds the rows that `toJSON` gave here earlier or in another window, without those that do not fit. */
  add(stored: unknown): void {
    const row = v.tuple([v.string(), v.object({ value: this.#schema, usedAt: v.number() })]);
    const rows = readValue(listOf(row), stored) ?? [];
    const added = rows.filter(([key]) => !this.#entries.has(key) && !this.#wrong.has(key));
    if (added.length === 0) return;
    const oldestFirst = [...added, ...this.toJSON()].sort(([, one], [, other]) => one.usedAt - other.usedAt);
    this.#entries.clear();
    for (const [key, entry] of oldestFirst) this.#entries.set(key, entry);
  }

  /** All that there is now is written. */
  markSaved(): void {
    this.#isChanged = false;
  }

  /** The rows, the least recently used first. */
  toJSON(): [string, Entry<T>][] {
    return [...this.#entries.entries()].reverse();
  }
}
