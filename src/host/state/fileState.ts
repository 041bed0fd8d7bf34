import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, watch, type FSWatcher } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import type { Disposable, Memento } from 'vscode';
import { parseJson } from '../../core/base/json.ts';
import { writeFileWhole } from '../../core/base/writeFileWhole.ts';

/** A folder that was changed less than that long before it was read, in milliseconds, may be changed again unseen. */
const clockGrain = 1_000;

/**
 * Rows that several windows write at the same time: each row is a file of its own, replaced whole. VS Code's own global
 * state is one value for all of an extension's keys, of which each window has a copy; whichever window writes last takes
 * away what the others have just written (VS Code 1.105: ExtensionMemento in extHostMemento.ts).
 */
export class FileState implements Memento {
  readonly #folder: string;
  #rows = new Map<string, unknown>();
  #files = new Map<string, ReadFile>();
  /** The folder's change time when `#rows` was read; undefined: to be looked at again. */
  #readAt: number | undefined;
  /** Looked at already, by the code that is running now. */
  #isFresh = false;
  /** Not on disk yet. */
  readonly #writing = new Map<string, { readonly value: unknown }>();
  #last: Promise<void> = Promise.resolve();

  constructor(folder: string) {
    this.#folder = folder;
  }

  keys(): readonly string[] {
    this.#refresh();
    const keys = new Set(this.#rows.keys());
    for (const [key, { value }] of this.#writing) {
      if (value === undefined) keys.delete(key);
      else keys.add(key);
    }
    return [...keys];
  }

  get<T>(key: string, otherwise: T): T;
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- as Memento has it
  get<T>(key: string): T | undefined;
  get<T>(key: string, otherwise?: T): T | undefined {
    const writing = this.#writing.get(key);
    if (writing === undefined) this.#refresh();
    const value = writing === undefined ? this.#rows.get(key) : writing.value;
    return value === undefined ? otherwise : (value as T);
  }

  /** Seen here at once; resolves when other windows see it. `undefined` removes the row. */
  async update(key: string, value: unknown): Promise<void> {
    const writing = { value };
    this.#writing.set(key, writing);
    const written = this.#last.then(() => this.#write(key, value));
    this.#last = written.catch(() => undefined);
    try {
      await written;
    } finally {
      if (this.#writing.get(key) === writing) this.#writing.delete(key);
      this.#readAt = undefined;
      this.#isFresh = false;
    }
  }

  /** Calls `onChange` when rows may have changed, here or in another window. */
  watch(onChange: () => void): Pick<Disposable, 'dispose'> {
    let watcher: FSWatcher | undefined;
    try {
      mkdirSync(this.#folder, { recursive: true });
      watcher = watch(this.#folder, { persistent: false }, onChange);
      watcher.on('error', () => undefined);
    } catch {
      // A file system that cannot be watched: changes are seen when the rows are read next.
    }
    return { dispose: () => watcher?.close() };
  }

  #refresh(): void {
    if (this.#isFresh) return;
    this.#isFresh = true;
    queueMicrotask(() => (this.#isFresh = false));
    const changedAt = statSync(this.#folder, { throwIfNoEntry: false })?.mtimeMs;
    if (changedAt !== undefined && changedAt === this.#readAt) return;
    const files = new Map(changedAt === undefined ? [] : this.#readFiles());
    this.#files = files;
    this.#rows = new Map([...files.values()].flatMap(({ row }) => (row === undefined ? [] : [[row.key, row.value]])));
    this.#readAt = changedAt !== undefined && Date.now() - changedAt > clockGrain ? changedAt : undefined;
  }

  /** A file is replaced, never changed: one that is the same has not to be read again. */
  *#readFiles(): Generator<[string, ReadFile]> {
    for (const name of readdirSync(this.#folder)) {
      if (!/^[0-9a-f]{32}\.json$/.test(name)) continue;
      const path = join(this.#folder, name);
      const found = statSync(path, { throwIfNoEntry: false });
      if (found === undefined) continue;
      const version = `${found.ino} ${found.mtimeMs} ${found.size}`;
      const before = this.#files.get(name);
      yield [name, before?.version === version ? before : { version, row: readRow(path) }];
    }
  }

  async #write(key: string, value: unknown): Promise<void> {
    const hash = createHash('sha256').update(key).digest('hex').slice(0, 32);
    const file = join(this.#folder, `${hash}.json`);
    if (value === undefined) await rm(file, { force: true });
    else await writeFileWhole(file, JSON.stringify({ key, value }));
  }
}

const storedRow = v.object({ key: v.string(), value: v.unknown() });

interface ReadFile {
  readonly version: string;
  readonly row: v.InferOutput<typeof storedRow> | undefined;
}

/** Undefined for what cannot be read: another window may have just removed it. */
function readRow(file: string): ReadFile['row'] {
  try {
    return parseJson(storedRow, readFileSync(file));
  } catch {
    return undefined;
  }
}
