import { sleep } from '../../core/base/cancel.ts';
import { isCancelled, toTeaChestError, type TeaChestError } from '../../core/base/errors.ts';
import type { Logger } from '../../core/base/logger.ts';
import type { EngineImage } from '../../core/docker/types.ts';
import type { EngineLink } from './engine.ts';
import { ImageWatch } from './imageWatch.ts';
import { listShownImages } from './listShownImages.ts';

export type ImageListState =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'ready'; readonly images: readonly EngineImage[] }
  | { readonly kind: 'problem'; readonly error: TeaChestError };

/**
 * The engine's images. While the view is visible the list follows the engine, see `ImageWatch`; while it is hidden, the
 * engine is asked only by `open`, `refresh` and `reconnect`, which a person's command calls.
 */
export class ImageList {
  readonly #link: EngineLink;
  readonly #logger: Logger;
  readonly #onChange: (state: ImageListState) => void;
  readonly #watch: ImageWatch;
  readonly #life = new AbortController();
  #state: ImageListState = { kind: 'unknown' };
  #loading: Promise<void> | undefined;
  #attempt = new AbortController();
  #stale = false;

  constructor(link: EngineLink, logger: Logger, onChange: (state: ImageListState) => void, wait: typeof sleep = sleep) {
    this.#link = link;
    this.#logger = logger;
    this.#onChange = onChange;
    this.#watch = new ImageWatch({
      ...{ link, logger, sleep: wait },
      refresh: () => this.refresh(),
      problem: () => (this.#state.kind === 'problem' ? this.#state.error : undefined),
    });
  }

  get state(): ImageListState {
    return this.#state;
  }

  /** Every `repository:tag` that is known now. Asks the engine nothing. */
  get references(): readonly string[] {
    return this.#state.kind === 'ready' ? this.#state.images.flatMap(({ references }) => references) : [];
  }

  /** The list as it is now: loaded, unless it follows the engine. */
  async open(): Promise<ImageListState> {
    const isFollowed = this.#watch.isFollowing;
    if (isFollowed) await this.#watch.firstList();
    if (!isFollowed || this.#state.kind === 'unknown') await this.refresh();
    return this.#state;
  }

  /** Loads the list again. Calls during a load lead to one more load, not several. */
  async refresh(): Promise<void> {
    this.#stale = true;
    this.#loading ??= this.#begin();
    await this.#settled();
  }

  /** Looks for the engine again. Does not wait for a load that hangs. */
  async reconnect(): Promise<void> {
    this.#leave();
    await this.open();
  }

  /** Call when another engine may have been chosen. A hidden view connects to it when it is shown. */
  async engineChanged(): Promise<void> {
    if (this.#watch.isVisible || this.#loading !== undefined) {
      await this.reconnect();
      return;
    }
    this.#leave();
    this.#set({ kind: 'unknown' });
  }

  setVisible(visible: boolean): void {
    this.#watch.setVisible(visible);
  }

  /** Whether the window has the focus. */
  setFocused(focused: boolean): void {
    this.#watch.setFocused(focused);
  }

  dispose(): void {
    this.#watch.dispose();
    this.#life.abort();
  }

  #leave(): void {
    this.#link.reset();
    this.#attempt.abort();
    this.#attempt = new AbortController();
    this.#loading = undefined;
    this.#watch.restart();
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

  #set(state: ImageListState): void {
    this.#state = state;
    this.#onChange(state);
  }
}

/** A pull of an image that exists already fires events too. The view need not be updated then. */
function sameImages(state: ImageListState, images: readonly EngineImage[]): boolean {
  return state.kind === 'ready' && JSON.stringify(state.images) === JSON.stringify(images);
}
