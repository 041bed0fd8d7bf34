import type { sleep } from '../../core/base/cancel.ts';
import { toTeaChestError, type TeaChestError } from '../../core/base/errors.ts';
import type { Logger } from '../../core/base/logger.ts';
import type { EngineLink } from './engine.ts';

/** Milliseconds. A build fires a burst of events; the list is refreshed after it, or after the longest delay. */
const quietMs = 300;
const longestBurstMs = 900;
/** The first list waits so long for the events, so that it misses no change and need not be loaded twice. */
const longestConnectMs = 250;
const shortestRetryMs = 1000;
/** The list has to return soon after the engine does. */
const longestRetryMs = 2000;
/** By ssh each attempt is a login, and servers limit their rate. An engine without events, too, is asked less often. */
const longestSlowRetryMs = 30_000;
/** After a sign-in that was refused: programs such as fail2ban count those of some minutes, and block the address. */
const refusedRetryMs = 600_000;
/** A person often looks at another view for a moment. */
const closeAfterHiddenMs = 30_000;
/** Some builds send no event (podman build without a tag), and containers send none that is asked for here. */
const refreshIntervalMs = 30_000;

export interface ImageWatchDependencies {
  readonly link: EngineLink;
  readonly logger: Logger;
  readonly sleep: typeof sleep;
  /** Loads the list. Does not reject. */
  readonly refresh: () => Promise<void>;
  /** Why the last load failed, if it did. */
  readonly problem: () => TeaChestError | undefined;
}

/**
 * Says when to load the list of images. While the view is visible: when it is shown, after events of the engine, when the
 * window gets the focus, and at intervals while it has it. While the view is hidden: never; the events are closed some
 * time after that.
 */
export class ImageWatch {
  readonly #dependencies: ImageWatchDependencies;
  readonly #life = new AbortController();
  /** Of the events; undefined while nothing follows them. */
  #following: AbortController | undefined;
  /** Of the events that the engine sends at present. */
  #connected: AbortSignal | undefined;
  /** Of the delay until they are closed. */
  #closing: AbortController | undefined;
  #interval: AbortController | undefined;
  #pause = new AbortController();
  #first = Promise.withResolvers<undefined>();
  /** The list was asked for since then. */
  #asked = false;
  #visible = false;
  #focused = true;
  /** The number of events so far. */
  #events = 0;
  #burst = false;

  constructor(dependencies: ImageWatchDependencies) {
    this.#dependencies = dependencies;
  }

  get isVisible(): boolean {
    return this.#visible;
  }

  /** True if the list is loaded after each change. */
  get isFollowing(): boolean {
    return this.#visible && this.#following !== undefined;
  }

  /** Resolves when the list was loaded since the events were opened, or will not be. */
  async firstList(): Promise<void> {
    await this.#first.promise;
  }

  setVisible(visible: boolean): void {
    if (visible === this.#visible || this.#life.signal.aborted) return;
    this.#visible = visible;
    this.#updateInterval();
    this.#closing?.abort();
    if (!visible) {
      // Nobody is to wait for a list that is not loaded.
      this.#first.resolve(undefined);
      void this.#closeLater();
    } else if (this.#following === undefined) {
      this.#start();
    } else if (this.#dependencies.problem() === undefined) {
      void this.#refresh();
    } else {
      // The engine is looked for at once.
      this.#pause.abort();
    }
  }

  setFocused(focused: boolean): void {
    if (focused === this.#focused) return;
    this.#focused = focused;
    this.#updateInterval();
    if (focused && this.#visible) void this.#refresh();
  }

  /** Follows another engine. */
  restart(): void {
    this.#stop();
    if (this.#visible) this.#start();
  }

  dispose(): void {
    this.#life.abort();
    this.#stop();
    this.#closing?.abort();
    this.#interval?.abort();
  }

  #stop(): void {
    this.#following?.abort();
    this.#following = undefined;
    this.#first.resolve(undefined);
  }

  #start(): void {
    const following = new AbortController();
    this.#following = following;
    this.#first = Promise.withResolvers<undefined>();
    this.#asked = false;
    const signal = AbortSignal.any([following.signal, this.#life.signal]);
    void this.#listWithoutEvents(signal);
    void this.#follow(signal).finally(() => {
      if (this.#following === following) this.#stop();
    });
  }

  /** For engines that send nothing, not even the head of their response, until something happens. */
  async #listWithoutEvents(signal: AbortSignal): Promise<void> {
    await this.#sleep(longestConnectMs, signal);
    if (!this.#asked && !signal.aborted) await this.#refresh();
  }

  async #closeLater(): Promise<void> {
    const closing = new AbortController();
    this.#closing = closing;
    await this.#sleep(closeAfterHiddenMs, AbortSignal.any([closing.signal, this.#life.signal]));
    if (!closing.signal.aborted) this.#stop();
  }

  /** Follows the engine's events while the view is visible. Tries again with growing delays when the connection ends. */
  async #follow(signal: AbortSignal): Promise<void> {
    const { link, logger } = this.#dependencies;
    const isOver = (): boolean => signal.aborted || !this.#visible;
    for (let wait = shortestRetryMs; !isOver(); wait = Math.min(wait * 2, this.#longestRetry())) {
      try {
        const engine = await link.get();
        for await (const { action } of engine.events({ signal })) {
          wait = shortestRetryMs;
          this.#connected = signal;
          logger.trace(`Event of the engine's images: ${action}`);
          // A list that is loaded from here on misses no change.
          if (action === 'connected') void this.#refresh();
          else this.#noteEvent();
        }
      } catch (error) {
        if (!isOver()) logger.debug(`The engine's events ended: ${toTeaChestError(error).message}`);
      }
      // `restart` may have connected again.
      if (this.#connected === signal) this.#connected = undefined;
      if (isOver()) return;
      // Changes without a connection fire no event, and the engine itself may be gone.
      link.reset();
      await this.#refresh();
      this.#pause = new AbortController();
      const isRefused = this.#dependencies.problem()?.facts['isRefused'] === true;
      await this.#sleep(isRefused ? refusedRetryMs : wait, AbortSignal.any([signal, this.#pause.signal]));
    }
  }

  #noteEvent(): void {
    this.#events++;
    if (this.#burst) return;
    this.#burst = true;
    void this.#refreshAfterBurst();
  }

  async #refreshAfterBurst(): Promise<void> {
    let seen: number | undefined;
    for (let waited = 0; seen !== this.#events && waited < longestBurstMs; waited += quietMs) {
      seen = this.#events;
      await this.#sleep(quietMs, this.#life.signal);
    }
    // Later events may not be in this list.
    this.#burst = false;
    await this.#refresh();
  }

  #updateInterval(): void {
    this.#interval?.abort();
    if (!this.#visible || !this.#focused) return;
    this.#interval = new AbortController();
    void this.#refreshAtIntervals(AbortSignal.any([this.#interval.signal, this.#life.signal]));
  }

  async #refreshAtIntervals(signal: AbortSignal): Promise<void> {
    const isOver = (): boolean => signal.aborted;
    while (!isOver()) {
      await this.#sleep(refreshIntervalMs, signal);
      // An engine that is away is looked for already; but one that sends events may have failed to list.
      const isLookedFor = this.#dependencies.problem() !== undefined && this.#connected === undefined;
      if (!isOver() && !isLookedFor) await this.#refresh();
    }
  }

  /** The view shows the list, or will load it when it is shown. */
  async #refresh(): Promise<void> {
    if (!this.#visible || this.#life.signal.aborted) return;
    const first = this.#first;
    this.#asked = true;
    await this.#dependencies.refresh();
    first.resolve(undefined);
  }

  #longestRetry(): number {
    const problem = this.#dependencies.problem();
    const endpoint = problem?.facts['endpoint'];
    const isSsh = typeof endpoint === 'string' && endpoint.startsWith('ssh:');
    return problem === undefined || isSsh ? longestSlowRetryMs : longestRetryMs;
  }

  async #sleep(ms: number, signal: AbortSignal): Promise<void> {
    await this.#dependencies.sleep(ms, signal).catch(() => undefined);
  }
}
