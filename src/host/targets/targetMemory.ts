import * as v from 'valibot';
import type { Memento } from 'vscode';
import { lenient, readValue } from '../../core/base/json.ts';
import { digestSchema } from '../../core/oci/digest.ts';
import type { LastPush } from '../../core/sync/compareSyncState.ts';
import { hasHost } from '../connections/findByHost.ts';
import { formatTarget, parseTarget, type Target } from './target.ts';

const prefix = 'teaChest.lastTarget ';
const limit = 200;

const storedRow = v.object({
  origin: v.string(),
  target: v.string(),
  /** Time of the push, in milliseconds since the epoch. */
  at: v.fallback(v.number(), 0),
  /** What was pushed; absent in rows of earlier versions. */
  pushed: lenient(v.object({ imageId: v.string(), digest: digestSchema, createdAt: lenient(v.string()) })),
});

type Row = Readonly<v.InferOutput<typeof storedRow>>;

export interface LastTarget {
  readonly origin: string;
  readonly target: Target;
  /** What was pushed there, and when, in milliseconds since the epoch; undefined if that was not recorded. */
  readonly push?: (LastPush & { readonly at: number }) | undefined;
}

/** The last target of each image, and what was pushed there. Removes the oldest rows if there are too many. */
export class TargetMemory {
  readonly #state: Memento;
  readonly #now: () => number;

  /** `state` has a row for each key, because several windows write at the same time. */
  constructor(state: Memento, now: () => number = Date.now) {
    this.#state = state;
    this.#now = now;
  }

  last(image: string): LastTarget | undefined {
    const row = this.#row(prefix + image);
    if (row === undefined) return undefined;
    try {
      const { origin, pushed, at } = row;
      const registry = { origin, host: new URL(origin).host };
      const push = pushed && { ...pushed, createdAt: pushed.createdAt, at };
      return { origin, target: parseTarget(row.target, (first) => hasHost(registry, first)), push };
    } catch {
      return undefined;
    }
  }

  /** True if any image was pushed to a registry that is still signed in to. */
  hasAny(): boolean {
    return this.#rows().length > 0;
  }

  /** True if any image was pushed to this registry since the person signed in to it. */
  hasOrigin(origin: string): boolean {
    return this.#rows().some(([, row]) => row.origin === origin);
  }

  /** The first part of the repositories of this registry that were pushed to, lower case, the last one first. */
  owners(origin: string): readonly string[] {
    const rows = this.#rows().filter(([, row]) => row.origin === origin);
    const repositories = rows
      .sort(([, one], [, other]) => other.at - one.at)
      .map(([key]) => this.last(key.slice(prefix.length))?.target.repository ?? '');
    const owners = repositories
      .filter((repository) => repository.includes('/'))
      .map((path) => path.split('/')[0] ?? '');
    return [...new Set(owners.map((owner) => owner.toLowerCase()))];
  }

  async remember(image: string, origin: string, target: Target, pushed?: LastPush): Promise<void> {
    const row: Row = { origin, target: formatTarget(target), at: this.#now(), pushed };
    await this.#state.update(prefix + image, row);
    const surplus = this.#rows()
      .sort(([, one], [, other]) => other.at - one.at)
      .slice(limit);
    for (const [key] of surplus) await this.#state.update(key, undefined);
  }

  /** Part of signing out of a registry. */
  async forgetRegistry(origin: string): Promise<void> {
    for (const [key, row] of this.#rows()) {
      if (row.origin === origin) await this.#state.update(key, undefined);
    }
  }

  #rows(): [string, Row][] {
    const keys = this.#state.keys().filter((key) => key.startsWith(prefix));
    return keys.flatMap((key): [string, Row][] => {
      const row = this.#row(key);
      return row === undefined ? [] : [[key, row]];
    });
  }

  #row(key: string): Row | undefined {
    return readValue(storedRow, this.#state.get(key));
  }
}
