import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, watch, type FSWatcher } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import type { Disposable, Memento } from 'vscode';
import { parseJson } from '../../core/base/json.ts';
import { writeFileWhole } from '../../core/base/writeFileWhole.ts';

/** Milliseconds. A change of the folder within this time of the last one may leave its modification time unchanged. */
const clockResolutionMs = 1_000;

/**
 * A Memento that several windows can write at the same time: each key has a file of its own. VS Code's global state is one
 * value for all keys of an extension, and each window has a copy of it, so the last window that writes overwrites the
 * changes of the others (VS Code 1.105: ExtensionMemento in extHostMemento.ts).
 */
export class FileState implements Memento {
  readonly #folder: string;
  #rows = new Map<string, unknown>();
  #files = new Map<string, ReadFile>();
  /** The folder's modification time when `#rows` was read. Undefined: read the folder again. */
  #readAt: number | undefined;
  /** The folder was checked already in this microtask. */
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

  /** Visible here at once. Resolves when it is visible to other windows. `undefined` removes the row. */
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

  /** Calls `onChange` if rows may have changed, in this window or another one. */
  watch(onChange: () => void): Pick<Disposable, 'dispose'> {
    let watcher: FSWatcher | undefined;
    try {
      mkdirSync(this.#folder, { recursive: true });
      watcher = watch(this.#folder, { persistent: false }, onChange);
      watcher.on('error', () => undefined);
    } catch {
      // The file system cannot be watched: changes are noticed when the rows are read next.
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
    this.#readAt = changedAt !== undefined && Date.now() - changedAt > clockResolutionMs ? changedAt : undefined;
  }

  /** Files are replaced, never modified, so an unchanged one need not be read again. */
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

/** Undefined if the file cannot be read: another window may have removed it. */
function readRow(file: string): ReadFile['row'] {
  try {
    return parseJson(storedRow, readFileSync(file));
  } catch {
    return undefined;
  }
}
