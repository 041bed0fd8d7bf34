import { sleep } from '../../core/base/cancel.ts';
import { isCancelled, toTeaChestError, type TeaChestError } from '../../core/base/errors.ts';
import type { Logger } from '../../core/base/logger.ts';
import type { EngineImage } from '../../core/docker/types.ts';
import type { EngineLink } from './engine.ts';
import { listShownImages } from './shownImages.ts';

export type ImageListState =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'ready'; readonly images: readonly EngineImage[] }
  | { readonly kind: 'problem'; readonly error: TeaChestError };

/** A build fires a burst of events: one list after it is enough, but a burst that does not end must not be waited for. */
const quietMs = 300;
const longestBurstMs = 900;
const shortestRetryMs = 1000;
const longestRetryMs = 30_000;
/** While somebody looks at the list, it is to come back soon after the engine does. */
const longestVisibleRetryMs = 2000;

/** The engine's images, kept up to date by its events once somebody has looked. */
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
  /** Counts what the engine told. */
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

  /** Loads the list if nobody has yet, and begins to watch. */
  async open(): Promise<ImageListState> {
    if (this.#state.kind === 'unknown') {
      this.#startWatching();
      await this.refresh();
    }
    return this.#state;
  }

  /** Asks the engine anew. A call while one is under way makes one more round, not several. */
  async refresh(): Promise<void> {
    this.#stale = true;
    this.#loading ??= this.#begin();
    await this.#rest();
  }

  /** Looks for the engine anew, as a person asks for or after its setting changed. Waits for no load that hangs. */
  async reconnect(): Promise<void> {
    this.#link.reset();
    this.#attempt.abort();
    this.#attempt = new AbortController();
    this.#loading = undefined;
    this.#startWatching();
    await this.refresh();
  }

  /** Somebody began, or ceased, to look at the list. An engine that is away is looked for at once, and then more often. */
  setVisible(visible: boolean): void {
    if (visible && !this.#visible && this.#state.kind === 'problem') this.#pause.abort();
    this.#visible = visible;
  }

  dispose(): void {
    this.#watch?.abort();
    this.#life.abort();
  }

  /** Whoever waits for a load that is given up waits for the one in its place. */
  async #rest(): Promise<void> {
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
      // An engine that is away is looked for again and again: nothing to say or to draw anew then.
      if (this.#state.kind === 'problem' && this.#state.error.message === problem.message) return;
      this.#logger.warn(`The image list is not to be had (${problem.code}): ${problem.message}`);
      this.#set({ kind: 'problem', error: problem });
    }
  }

  #startWatching(): void {
    this.#watch?.abort();
    this.#watch = new AbortController();
    void this.#follow(AbortSignal.any([this.#watch.signal, this.#life.signal]));
  }

  /** Follows the engine's events for ever; when the engine goes away, tries again ever more slowly. */
  async #follow(signal: AbortSignal): Promise<void> {
    const stopped = (): boolean => signal.aborted;
    for (let wait = shortestRetryMs; !stopped(); wait = Math.min(wait * 2, longestRetryMs)) {
      try {
        const engine = await this.#link.get();
        if (this.#state.kind === 'problem') await this.refresh();
        for await (const { action } of engine.events({ signal })) {
          wait = shortestRetryMs;
          this.#logger.trace(`The engine tells of its images: ${action}`);
          this.#noteEvent();
        }
      } catch (error) {
        if (!stopped()) this.#logger.debug(`The engine's events ended: ${toTeaChestError(error).message}`);
      }
      if (stopped()) return;
      // What happens while nobody listens is in no event, and the engine itself may be gone.
      this.#link.reset();
      await this.refresh();
      this.#pause = new AbortController();
      const pause = Math.min(wait, this.#longestPause());
      await this.#sleep(pause, AbortSignal.any([signal, this.#pause.signal])).catch(() => undefined);
    }
  }

  /** By ssh each look is a login, of which a server may take only so many. */
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
    // What the engine tells from here on may come too late for this list.
    this.#burst = false;
    await this.refresh();
  }

  #set(state: ImageListState): void {
    this.#state = state;
    this.#onChange(state);
  }
}

/** Pulling what is there already fires events as well: nothing to draw anew then. */
function sameImages(state: ImageListState, images: readonly EngineImage[]): boolean {
  return state.kind === 'ready' && JSON.stringify(state.images) === JSON.stringify(images);
}
