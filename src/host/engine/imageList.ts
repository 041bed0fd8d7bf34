import { sleep } from '../../core/base/cancel.ts';
import { isCancelled, toTeaChestError, type TeaChestError } from '../../core/base/errors.ts';
import type { Logger } from '../../core/base/logger.ts';
import type { EngineImage } from '../../core/docker/types.ts';
import type { EngineLink } from './engine.ts';
import { listShownImages } from './listShownImages.ts';

export type ImageListState =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'ready'; readonly images: readonly EngineImage[] }
  | { readonly kind: 'problem'; readonly error: TeaChestError };

/** Milliseconds. A build fires a burst of events; the list is refreshed after it, or after the longest delay. */
const quietMs = 300;
const longestBurstMs = 900;
const shortestRetryMs = 1000;
const longestRetryMs = 30_000;
/** While the list is visible, it has to return soon after the engine does. */
const longestVisibleRetryMs = 2000;

/** The engine's images. Follows the engine's events after the first `open`. */
export class ImageList {
  readonly #link: EngineLink;
  readonly #logger: Logger;
  readonly #onChange: (state: ImageListState) => void;
  readonly #life = new AbortController();
  #state: ImageListState = { kind: 'unknown' };
  #loading: Promise<void> | undefined;
  #attempt = new AbortController();
  #stale = false;
  readonly #sleep: typeof sleep;
  /** The number of events so far. */
  #events = 0;
  #burst = false;
  #visible = false;
  #pause = new AbortController();
  #watch: AbortController | undefined;

  constructor(link: EngineLink, logger: Logger, onChange: (state: ImageListState) => void, wait: typeof sleep = sleep) {
    this.#link = link;
    this.#logger = logger;
    this.#onChange = onChange;
    this.#sleep = wait;
  }

  get state(): ImageListState {
    return this.#state;
  }

  /** Loads the list at the first call, and begins to follow events. */
  async open(): Promise<ImageListState> {
    if (this.#state.kind === 'unknown') {
      this.#startWatching();
      await this.refresh();
    }
    return this.#state;
  }

  /** Loads the list again. Calls during a load lead to one more load, not several. */
  async refresh(): Promise<void> {
    this.#stale = true;
    this.#loading ??= this.#begin();
    await this.#settled();
  }

  /** Looks for the engine again, after the person asked or its setting changed. Does not wait for a load that hangs. */
  async reconnect(): Promise<void> {
    this.#link.reset();
    this.#attempt.abort();
    this.#attempt = new AbortController();
    this.#loading = undefined;
    this.#startWatching();
    await this.refresh();
  }

  /** A stopped engine is looked for at once when the list becomes visible, and more often while it is. */
  setVisible(visible: boolean): void {
    if (visible && !this.#visible && this.#state.kind === 'problem') this.#pause.abort();
    this.#visible = visible;
  }

  dispose(): void {
    this.#watch?.abort();
    this.#life.abort();
  }

  /** After `reconnect` it waits for the new load. */
  async #settled(): Promise<void> {
    while (this.#loading !== undefined) await this.#loading;
  }

  #begin(): Promise<void> {
    const signal = AbortSignal.any([this.#attempt.signal, this.#life.signal]);
    const loading = this.#loadWhileStale(signal).finally(() => {
      if (this.#loading === loading) this.#loading = undefined;
    });
    return loading;
  }

  async #loadWhileStale(signal: AbortSignal): Promise<void> {
    while (this.#stale && !signal.aborted) {
      this.#stale = false;
      await this.#load(signal);
    }
  }

  async #load(signal: AbortSignal): Promise<void> {
    try {
      const engine = await this.#link.get();
      const images = await listShownImages(engine, { signal });
      if (!signal.aborted && !sameImages(this.#state, images)) this.#set({ kind: 'ready', images });
    } catch (error) {
      if (isCancelled(error) || signal.aborted) return;
      const problem = toTeaChestError(error, 'engine');
      this.#link.reset();
      // A stopped engine is looked for repeatedly. The same failure is logged and shown once.
      if (this.#state.kind === 'problem' && this.#state.error.message === problem.message) return;
      this.#logger.warn(`The images could not be listed (${problem.code}): ${problem.message}`);
      this.#set({ kind: 'problem', error: problem });
    }
  }

  #startWatching(): void {
    this.#watch?.abort();
    this.#watch = new AbortController();
    void this.#follow(AbortSignal.any([this.#watch.signal, this.#life.signal]));
  }

  /** Follows the engine's events. Tries again with growing delays when the connection ends. */
  async #follow(signal: AbortSignal): Promise<void> {
    const stopped = (): boolean => signal.aborted;
    for (let wait = shortestRetryMs; !stopped(); wait = Math.min(wait * 2, longestRetryMs)) {
      try {
        const engine = await this.#link.get();
        if (this.#state.kind === 'problem') await this.refresh();
        for await (const { action } of engine.events({ signal })) {
          wait = shortestRetryMs;
          this.#logger.trace(`Event of the engine's images: ${action}`);
          this.#noteEvent();
        }
      } catch (error) {
        if (!stopped()) this.#logger.debug(`The engine's events ended: ${toTeaChestError(error).message}`);
      }
      if (stopped()) return;
      // Changes without a connection fire no event, and the engine itself may be gone.
      this.#link.reset();
      await this.refresh();
      this.#pause = new AbortController();
      const pause = Math.min(wait, this.#longestPause());
      await this.#sleep(pause, AbortSignal.any([signal, this.#pause.signal])).catch(() => undefined);
    }
  }

  /** By ssh each attempt is a login, and servers limit their rate. */
  #longestPause(): number {
    const endpoint = this.#state.kind === 'problem' ? this.#state.error.facts['endpoint'] : undefined;
    const isSsh = typeof endpoint === 'string' && endpoint.startsWith('ssh:');
    return this.#visible && !isSsh ? longestVisibleRetryMs : longestRetryMs;
  }

  #noteEvent(): void {
    this.#events++;
    if (this.#burst) return;
    this.#burst = true;
    void this.#refreshAfterBurst().catch(() => undefined);
  }

  async #refreshAfterBurst(): Promise<void> {
    let seen: number | undefined;
    for (let waited = 0; seen !== this.#events && waited < longestBurstMs; waited += quietMs) {
      seen = this.#events;
      await this.#sleep(quietMs, this.#life.signal);
    }
    // Later events may not be in this list.
    this.#burst = false;
    await this.refresh();
  }

  #set(state: ImageListState): void {
    this.#state = state;
    this.#onChange(state);
  }
}

/** A pull of an image that exists already fires events too. The view need not be updated then. */
function sameImages(state: ImageListState, images: readonly EngineImage[]): boolean {
  return state.kind === 'ready' && JSON.stringify(state.images) === JSON.stringify(images);
}
