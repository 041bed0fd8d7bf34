import { isCancelled } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { ImageDetails, ImageSource } from '../contracts.ts';
import type { DigestCache } from '../digestCache.ts';
import { RelayUnavailable, type RelayParts } from './enginePushing.ts';
import { knowsDigests, learnDigests } from './learnDigests.ts';

const usualQuietMs = 3_000;
/** Far more than it takes; an engine that hangs is not waited for. */
const longestMs = 30_000;
/** Images remembered to be learned; more than that were not pushed by hand. */
const mostWaiting = 20;

export interface IdleLearnerOptions {
  readonly source: Pick<ImageSource, 'inspect'>;
  readonly parts: RelayParts;
  readonly cache: DigestCache;
  readonly logger: Logger;
  /** Quiet time after a push before anything is asked of the engine, in milliseconds. */
  readonly quietMs?: number;
}

/**
 * After pushes have been quiet for a while, gives the engine digests for the layers that were exported (`learnDigests`),
 * so that the next push of a changed image begins with what is missing. One image at a time; stops as soon as a push
 * begins. Whatever fails here is only logged: the next push does the same for itself.
 */
export class IdleLearner {
  readonly #options: IdleLearnerOptions;
  readonly #waiting = new Set<string>();
  #pushes = 0;
  #timer: NodeJS.Timeout | undefined;
  #stop: AbortController | undefined;

  constructor(options: IdleLearnerOptions) {
    this.#options = options;
  }

  /** A push begins: the engine is left alone. */
  pushBegins(): void {
    this.#pushes++;
    this.#pause();
  }

  /** A push is over. `image` if it was exported, as the engine knows it. */
  pushEnded(image?: string): void {
    this.#pushes--;
    if (image !== undefined && this.#waiting.size < mostWaiting) this.#waiting.add(image);
    if (this.#pushes === 0 && this.#waiting.size > 0) this.#schedule();
  }

  dispose(): void {
    this.#waiting.clear();
    this.#pause();
  }

  #pause(): void {
    clearTimeout(this.#timer);
    this.#stop?.abort();
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#learnAll(), this.#options.quietMs ?? usualQuietMs).unref();
  }

  async #learnAll(): Promise<void> {
    const stop = new AbortController();
    this.#stop = stop;
    for (const image of [...this.#waiting]) {
      const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(longestMs)]);
      try {
        await this.#learn(image, signal);
      } catch (error) {
        // A push that begins stops this one; it is taken up again afterwards.
        if (stop.signal.aborted) return;
        if (!(error instanceof RelayUnavailable) && !isCancelled(error)) {
          this.#options.logger.debug(`The engine could not be given digests for ${image}: ${String(error)}`);
        }
      }
      this.#waiting.delete(image);
    }
  }

  async #learn(name: string, signal: AbortSignal): Promise<void> {
    const { source, parts, cache, logger } = this.#options;
    await cache.load();
    if (!parts.reachability.isWorthTrying(parts.pusher.id)) return;
    if ((await parts.pusher.store({ signal })) !== 'classic') return;
    const image: ImageDetails = await source.inspect(name, { signal });
    if (image.references.length === 0 || knowsDigests(image.diffIds, parts, cache)) return;
    await learnDigests(image, parts, cache, { signal, logger });
    await cache.save();
  }
}
