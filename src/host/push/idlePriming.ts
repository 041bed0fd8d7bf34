import { isCancelled } from '../../core/base/errors.ts';
import type { Logger } from '../../core/base/logger.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { ImageDetails } from '../../core/ports/imageSource.ts';
import type { DigestCache } from '../../core/digestCache/digestCache.ts';
import type { RelayParts } from '../../core/relay/pushFromEngine.ts';
import { realClock, primeDigestsOf, type Clock } from '../../core/relay/primeDigests.ts';

/** Milliseconds without a push after which the engine is primed. */
const quiet = 1_000;

/** Compressed bytes a second: about a fourth of what two cores of an engine bring. It has time. */
const pace = 8_000_000;

export interface IdlePrimingDependencies {
  readonly cache: DigestCache;
  readonly logger: Logger;
  /** By which it waits for quiet and keeps its pace. */
  readonly clock?: Clock;
}

/**
 * After an image was exported from a classic engine, and while nobody pushes, lets that engine learn digests for its
 * layers: else the first small change would have to wait for that. One image at a time, the last; a push comes first.
 */
export class IdlePriming {
  readonly #dependencies: IdlePrimingDependencies;
  #controller = new AbortController();
  #lesson: Promise<void> = Promise.resolve();
  /** Goes on after an interruption, for as long as the window is open. */
  readonly #seenBlobs = new Map<Digest, number>();

  constructor(dependencies: IdlePrimingDependencies) {
    this.#dependencies = dependencies;
  }

  /** Begins a little later, in place of what was still to come. */
  begin(inspect: (signal: AbortSignal) => Promise<ImageDetails>, parts: RelayParts): void {
    const { cache, logger, clock = realClock } = this.#dependencies;
    this.#controller.abort();
    this.#controller = new AbortController();
    const { signal } = this.#controller;
    const before = this.#lesson;
    this.#lesson = (async () => {
      await before;
      await clock.sleep(quiet, signal);
      await cache.load();
      const options = { signal, logger, seenBlobs: this.#seenBlobs, bytesPerSecond: pace, clock };
      if (!(await primeDigestsOf(await inspect(signal), parts, cache, options))) return;
      await cache.save();
      logger.debug('The engine has learned digests for the layers of the image that was pushed last.');
    })().catch((error: unknown) => {
      // Nobody waits for it, and the push that needs it does it then.
      if (!isCancelled(error))
        logger.debug(`The engine could not be primed with its layers’ digests: ${String(error)}`);
    });
  }

  /** Stops it; resolves when nothing of it is left in the engine. */
  async interrupt(): Promise<void> {
    this.#controller.abort();
    await this.#lesson;
  }

  /** Resolves when there is nothing left to teach. */
  async settled(): Promise<void> {
    await this.#lesson;
  }
}
