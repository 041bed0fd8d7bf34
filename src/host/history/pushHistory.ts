import { randomBytes } from 'node:crypto';
import type { Disposable, Event, EventEmitter, Memento } from 'vscode';
import { readValue } from '../../core/base/json.ts';
import type { Logger } from '../../core/base/logger.ts';
import {
  formatIdentity,
  hasEnded,
  parseIdentity,
  thisMachine,
  type ProcessView,
} from '../../core/base/processIdentity.ts';
import type { PushRecord } from '../../core/push/record/pushRecord.ts';
import {
  isOver,
  newRecord,
  reducePush,
  withoutRegistries,
  type NewPush,
  type RecordChange,
} from '../../core/push/record/recordPush.ts';
import { ChangeBatch, type HistoryChange } from './changeBatch.ts';
import { recordVersion, storedRecord, type StoredRecord } from './storedRecord.ts';

export interface PushHistoryOptions {
  /** A row for each record, because several windows write at the same time. */
  readonly state: Memento & { watch(onChange: () => void): Pick<Disposable, 'dispose'> };
  readonly changed: Pick<EventEmitter<HistoryChange>, 'event' | 'fire' | 'dispose'>;
  readonly logger: Logger;
  readonly view?: () => ProcessView;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

interface OwnRecord {
  record: PushRecord;
  savedAt: number;
  /** Registries that were signed out of meanwhile: their images are removed when the push is over. */
  readonly signedOut: Set<string>;
}

const mostRecords = 100;
const longestAge = 30 * 24 * 60 * 60 * 1000;
/** Milliseconds between two writes of a running push: what a crash may lose of its progress. */
const saveInterval = 10_000;

/**
 * Running, queued and past pushes of this window and of others, kept across restarts. A push whose window has closed or
 * whose process has ended is shown as interrupted.
 */
export class PushHistory implements Disposable {
  readonly #options: PushHistoryOptions;
  readonly #view: () => ProcessView;
  readonly #now: () => number;
  readonly #batch: ChangeBatch;
  readonly #watcher: Pick<Disposable, 'dispose'>;
  /** The pushes of this window that are not over, and those whose end could not be written. */
  readonly #own = new Map<string, OwnRecord>();
  /** What was read from each row, by its value: a value is read once. */
  readonly #read = new WeakMap<object, StoredRecord | 'unreadable'>();
  /** The rows at the last look, to see what another window has changed. */
  #rows: ReadonlyMap<string, unknown> = new Map();
  /** Removed by this window since the last look. */
  readonly #removed = new Set<string>();
  /** Pushes that begin in the same millisecond keep their order. */
  #lastQueued = 0;
  #hasFailedToSave = false;

  constructor(options: PushHistoryOptions) {
    this.#options = options;
    this.#view = options.view ?? thisMachine;
    this.#now = options.now ?? Date.now;
    this.#batch = new ChangeBatch((change) => {
      options.changed.fire(change);
    });
    this.#watcher = options.state.watch(() => {
      this.#findForeignChanges();
    });
  }

  /** At most three times a second. */
  get onDidChange(): Event<HistoryChange> {
    return this.#options.changed.event;
  }

  /** Running ones first, then queued ones, both oldest first, then past ones, newest first. */
  list(): readonly PushRecord[] {
    const stored = this.#options.state.keys().flatMap((id) => this.find(id) ?? []);
    const unwritten = [...this.#own].flatMap(([id, { record }]) => (stored.some((one) => one.id === id) ? [] : record));
    return [...stored, ...unwritten].sort(byStateAndTime);
  }

  find(id: string): PushRecord | undefined {
    const own = this.#own.get(id);
    if (own !== undefined) return own.record;
    const row = this.#readRow(id);
    return row && this.#settle(row);
  }

  /** True if this window runs the push or will run it, so that it can be cancelled here. */
  isHere(id: string): boolean {
    const own = this.#own.get(id);
    return own !== undefined && !isOver(own.record.state);
  }

  /** How many pushes this window runs. */
  get runningHere(): number {
    return [...this.#own.values()].filter(({ record }) => record.state === 'running').length;
  }

  /** Adds a push that is about to run or to wait. Gives the function that records what happens to it. */
  begin(images: NewPush['images']): PushRecorder {
    const id = randomBytes(8).toString('hex');
    this.#lastQueued = Math.max(this.#now(), this.#lastQueued + 1);
    const own: OwnRecord = {
      record: newRecord({ id, at: this.#lastQueued, images }),
      savedAt: 0,
      signedOut: new Set(),
    };
    this.#own.set(id, own);
    this.#batch.add([id], { isList: true });
    void this.#save(own).then(() => this.#prune());
    return { id, apply: (change) => this.#apply(id, change) };
  }

  /** Removes records of pushes that are over. */
  async remove(ids: readonly string[]): Promise<void> {
    const over = ids.filter((id) => !this.isHere(id));
    for (const id of over) {
      this.#own.delete(id);
      this.#removed.add(id);
      await this.#options.state.update(id, undefined);
    }
    this.#batch.add(over, { isList: true });
  }

  /** Part of signing out of a registry, whose pushes have been stopped before. */
  async forgetRegistry(origin: string): Promise<void> {
    for (const { signedOut } of this.#own.values()) signedOut.add(origin);
    for (const record of this.list()) {
      if (!isOver(record.state) || record.images.every((image) => image.origin !== origin)) continue;
      const rest = withoutRegistries(record, new Set([origin]));
      if (rest === undefined) await this.remove([record.id]);
      else await this.#replace(rest);
    }
  }

  dispose(): void {
    this.#watcher.dispose();
    this.#batch.dispose();
    this.#options.changed.dispose();
  }

  /** Resolves when a change that must survive a crash is on disk, or could not be written. */
  async #apply(id: string, change: RecordChange): Promise<void> {
    const own = this.#own.get(id);
    const before = own?.record ?? this.find(id);
    if (before === undefined) return;
    const after = reducePush(before, change);
    if (after === before) return;
    if (own === undefined) {
      // An engine that is slow to give the history: the push is over.
      await this.#replace(after);
      return;
    }
    const isList = after.state !== before.state || after.position !== before.position;
    own.record = after;
    this.#batch.add([id], { isList });
    if (isOver(after.state)) await this.#end(id, own);
    else if (after.state !== before.state || this.#now() - own.savedAt >= saveInterval) await this.#save(own);
  }

  async #end(id: string, own: OwnRecord): Promise<void> {
    const rest = withoutRegistries(own.record, own.signedOut);
    if (rest === undefined) {
      await this.remove([id]);
      return;
    }
    own.record = rest;
    if (await this.#save(own)) this.#own.delete(id);
  }

  async #replace(record: PushRecord): Promise<void> {
    this.#batch.add([record.id], { isList: true });
    await this.#write(record);
  }

  async #save(own: OwnRecord): Promise<boolean> {
    own.savedAt = this.#now();
    return await this.#write(own.record);
  }

  /** False if the disk takes nothing more: that ends no push, and is logged once. */
  async #write(record: PushRecord): Promise<boolean> {
    const process = formatIdentity(this.#view().own);
    const row: StoredRecord = { version: recordVersion, process, savedAt: this.#now(), record };
    try {
      await this.#options.state.update(record.id, row);
      return true;
    } catch (error) {
      if (!this.#hasFailedToSave) this.#options.logger.warn(`The list of pushes could not be saved: ${String(error)}`);
      this.#hasFailedToSave = true;
      return false;
    }
  }

  /** Removes what is too old, and the oldest ones if there are too many. */
  async #prune(): Promise<void> {
    const over = this.list().filter(({ state }) => isOver(state));
    const oldest = this.#now() - longestAge;
    const surplus = over.filter((record, at) => at >= mostRecords || timeOf(record) < oldest);
    try {
      if (surplus.length > 0) await this.remove(surplus.map(({ id }) => id));
    } catch (error) {
      this.#options.logger.warn(`Old entries of the list of pushes could not be removed: ${String(error)}`);
    }
  }

  #readRow(id: string): StoredRecord | undefined {
    const value = this.#options.state.get(id);
    if (typeof value !== 'object' || value === null) return undefined;
    const known = this.#read.get(value) ?? readValue(storedRecord, value) ?? 'unreadable';
    this.#read.set(value, known);
    return known === 'unreadable' || known.record.id !== id ? undefined : known;
  }

  /** As it is now: a push whose process has ended does not run any more. */
  #settle({ record, process, savedAt }: StoredRecord): PushRecord {
    if (isOver(record.state)) return record;
    const owner = parseIdentity(process);
    const view = this.#view();
    const isOurs = process === formatIdentity(view.own);
    if (owner !== undefined && !isOurs && !hasEnded(owner, savedAt, view)) return record;
    return reducePush(record, { type: 'interrupted', at: savedAt });
  }

  #findForeignChanges(): void {
    const { state } = this.#options;
    const rows = new Map(state.keys().map((id) => [id, state.get(id)]));
    const before = this.#rows;
    this.#rows = rows;
    const ids = new Set([...rows.keys(), ...before.keys()]);
    const changed = [...ids].filter((id) => rows.get(id) !== before.get(id) && !this.#isOwnChange(id));
    this.#removed.clear();
    if (changed.length > 0) this.#batch.add(changed, { isList: true });
  }

  /**
   * What this window has written was reported then. To report it again would draw the list anew a moment later, and VS Code
   * drops a click on a row that is being replaced.
   */
  #isOwnChange(id: string): boolean {
    if (this.#own.has(id)) return true;
    const row = this.#readRow(id);
    return row === undefined ? this.#removed.has(id) : row.process === formatIdentity(this.#view().own);
  }
}

export interface PushRecorder {
  readonly id: string;
  /** Never rejects. Resolves when a change that must survive a crash is on disk, or could not be written. */
  readonly apply: (change: RecordChange) => Promise<void>;
}

function timeOf({ endedAt, startedAt, queuedAt }: PushRecord): number {
  return endedAt ?? startedAt ?? queuedAt;
}

function rank({ state }: PushRecord): number {
  if (state === 'running') return 0;
  return state === 'queued' ? 1 : 2;
}

function byStateAndTime(one: PushRecord, other: PushRecord): number {
  if (rank(one) !== rank(other)) return rank(one) - rank(other);
  const order = (one.position ?? 0) - (other.position ?? 0);
  if (order !== 0) return order;
  const age = one.queuedAt - other.queuedAt || (one.id < other.id ? -1 : 1);
  return isOver(one.state) ? timeOf(other) - timeOf(one) || -age : age;
}
