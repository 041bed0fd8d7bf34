import * as v from 'valibot';
import type { Memento } from 'vscode';
import { lenient, readValue } from '../../core/base/json.ts';
import type { Logger } from '../../core/base/logger.ts';

const prefix = 'teaChest.pulledImage ';
const mostRows = 200;
/** Milliseconds. After this time a name that gets the same image again was built. */
const longestKept = 24 * 60 * 60_000;
/** Milliseconds after which a pull that says nothing has ended with its window. */
const longestSilence = 2 * 60_000;
/** Milliseconds between two signs of life of a running pull. */
export const pullHeartbeatMs = 30_000;

const storedRow = v.object({
  origin: v.string(),
  /** Milliseconds since the epoch. */
  at: v.number(),
  /** Absent while it is being pulled. */
  id: lenient(v.string()),
});

type Row = Readonly<v.InferOutput<typeof storedRow>>;

/**
 * What the windows of this machine pull and have pulled lately: for push on build, because an image that another window
 * pulls by the relay or an archive looks like a build. Never rejects: a pull does not need it.
 */
export class PulledImages {
  readonly #state: Memento;
  readonly #logger: Pick<Logger, 'warn'>;
  readonly #now: () => number;

  /** `state` has a row for each name, and all windows share it. */
  constructor(state: Memento, logger: Pick<Logger, 'warn'>, now: () => number = Date.now) {
    this.#state = state;
    this.#logger = logger;
    this.#now = now;
  }

  /** The image ID for each `repository:tag`; undefined while it is being pulled. */
  names(): ReadonlyMap<string, string | undefined> {
    return new Map(
      this.#rows().flatMap(([key, row]) => (this.#isOld(row) ? [] : [[key.slice(prefix.length), row.id]])),
    );
  }

  /** Call it again every `pullHeartbeatMs` while the pull runs. Resolves when other windows know it. */
  async begin(name: string, origin: string): Promise<void> {
    await this.#update(name, { origin, at: this.#now() });
  }

  /** `id`: undefined if the pull failed. Removes rows that are too old or too many. */
  async end(name: string, origin: string, id: string | undefined): Promise<void> {
    await this.#update(name, id === undefined ? undefined : { origin, at: this.#now(), id });
    const rows = this.#rows().toSorted(([, one], [, other]) => other.at - one.at);
    const removed = rows.filter(([, row], at) => at >= mostRows || this.#isOld(row));
    for (const [key] of removed) await this.#update(key.slice(prefix.length), undefined);
  }

  /** Part of signing out of a registry. */
  async forgetRegistry(origin: string): Promise<void> {
    for (const [key, row] of this.#rows()) if (row.origin === origin) await this.#state.update(key, undefined);
  }

  async #update(name: string, row: Row | Omit<Row, 'id'> | undefined): Promise<void> {
    try {
      await this.#state.update(prefix + name, row);
    } catch (error) {
      this.#logger.warn(`That ${name} is pulled could not be noted for other windows: ${String(error)}`);
    }
  }

  #isOld({ at, id }: Row): boolean {
    return this.#now() - at > (id === undefined ? longestSilence : longestKept);
  }

  #rows(): [string, Row][] {
    return this.#state
      .keys()
      .filter((key) => key.startsWith(prefix))
      .flatMap((key): [string, Row][] => {
        const row = readValue(storedRow, this.#state.get(key));
        return row === undefined ? [] : [[key, row]];
      });
  }
}
