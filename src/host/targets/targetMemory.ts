import type { Memento } from 'vscode';
import { hasHost } from '../connections/findByHost.ts';
import { isRecord } from '../record.ts';
import { formatTarget, parseTarget, type Target } from './target.ts';

const prefix = 'teaChest.lastTarget ';
const limit = 200;

interface Row {
  readonly origin: string;
  readonly target: string;
  /** When it was pushed there, in milliseconds since the epoch. */
  readonly at: number;
}

/** Where each image went last: a row for each image, the oldest forgotten first. */
export class TargetMemory {
  readonly #state: Memento;
  readonly #now: () => number;

  /** `state` has a row for each key, as windows write at the same time. */
  constructor(state: Memento, now: () => number = Date.now) {
    this.#state = state;
    this.#now = now;
  }

  last(image: string): { readonly origin: string; readonly target: Target } | undefined {
    const row = this.#row(prefix + image);
    if (row === undefined) return undefined;
    try {
      const { origin } = row;
      const place = { origin, host: new URL(origin).host };
      return { origin, target: parseTarget(row.target, (first) => hasHost(place, first)) };
    } catch {
      return undefined;
    }
  }

  async remember(image: string, origin: string, target: Target): Promise<void> {
    const row: Row = { origin, target: formatTarget(target), at: this.#now() };
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
    const row = this.#state.get<unknown>(key);
    if (!isRecord(row) || typeof row['origin'] !== 'string' || typeof row['target'] !== 'string') return undefined;
    return { origin: row['origin'], target: row['target'], at: typeof row['at'] === 'number' ? row['at'] : 0 };
  }
}
