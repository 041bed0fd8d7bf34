/** What has changed in the list of pushes. */
export interface HistoryChange {
  readonly ids: ReadonlySet<string>;
  /** Records were added or removed, or have another state, so that their order may be another one. */
  readonly isList: boolean;
}

/**
 * Milliseconds between two reports. VS Code waits until a tree has not changed for 200 ms before it draws it again
 * (extHostTreeViews.ts), so that changes at a shorter distance are never shown.
 */
const interval = 300;

/** Collects changes, and reports them at most every 300 ms: the first at once. */
export class ChangeBatch {
  readonly #report: (change: HistoryChange) => void;
  #ids = new Set<string>();
  #isList = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(report: (change: HistoryChange) => void) {
    this.#report = report;
  }

  add(ids: readonly string[], { isList }: { readonly isList: boolean }): void {
    for (const id of ids) this.#ids.add(id);
    this.#isList ||= isList;
    if (this.#timer === undefined) this.#flush();
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#ids.clear();
  }

  #flush(): void {
    this.#timer = undefined;
    if (this.#ids.size === 0) return;
    const change = { ids: this.#ids, isList: this.#isList };
    this.#ids = new Set();
    this.#isList = false;
    this.#timer = setTimeout(() => {
      this.#flush();
    }, interval);
    this.#timer.unref();
    this.#report(change);
  }
}
