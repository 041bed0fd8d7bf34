import type { Memento } from 'vscode';
import { hasHost } from '../connections/findByHost.ts';
import { isRecord } from '../record.ts';
import { formatTarget, parseTarget, type Target } from './target.ts';

const stateKey = 'teaChest.lastTargets';
const limit = 200;

/** Where each image went last: `image reference → { origin, target }`, the oldest forgotten first. */
export class TargetMemory {
  readonly #state: Memento;

  constructor(state: Memento) {
    this.#state = state;
  }

  last(image: string): { readonly origin: string; readonly target: Target } | undefined {
    const row = this.#rows()[image];
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
    const others = Object.entries(this.#rows()).filter(([key]) => key !== image);
    const rows = [...others.slice(-(limit - 1)), [image, { origin, target: formatTarget(target) }] as const];
    await this.#state.update(stateKey, Object.fromEntries(rows));
  }

  /** Part of signing out of a registry. */
  async forgetRegistry(origin: string): Promise<void> {
    const rows = Object.entries(this.#rows()).filter(([, row]) => row.origin !== origin);
    await this.#state.update(stateKey, rows.length === 0 ? undefined : Object.fromEntries(rows));
  }

  #rows(): Readonly<Record<string, { readonly origin: string; readonly target: string }>> {
    const stored = this.#state.get<unknown>(stateKey);
    if (!isRecord(stored)) return {};
    const rows: [string, { origin: string; target: string }][] = [];
    for (const [image, row] of Object.entries(stored)) {
      if (!isRecord(row) || typeof row['origin'] !== 'string' || typeof row['target'] !== 'string') continue;
      rows.push([image, { origin: row['origin'], target: row['target'] }]);
    }
    return Object.fromEntries(rows);
  }
}
