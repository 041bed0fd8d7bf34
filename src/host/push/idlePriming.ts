import { isCancelled } from '../../core/base/errors.ts';
import type { Logger } from '../../core/base/logger.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { ImageDetails } from '../../core/ports/imageSource.ts';
import type { DigestCache } from '../../core/digestCache/digestCache.ts';
import type { RelayParts } from '../../core/relay/pushFromEngine.ts';
import { realClock, primeDigestsOf, type Clock } from '../../core/relay/primeDigests.ts';

/** Milliseconds without a push before the engine is primed. */
const idleMs = 1_000;

/** Compressed bytes per second: about a quarter of what an engine on two cores can do. */
const bytesPerSecond = 8_000_000;

export interface IdlePrimingDependencies {
  readonly cache: DigestCache;
  readonly logger: Logger;
  /** For the delay and the rate limit. */
  readonly clock?: Clock;
}

/**
 * Primes a classic engine with digests for the layers of the image that was exported last, so that the next push after a
 * small change need not. Runs while no push runs; a push interrupts it.
 */
export class IdlePriming {
  readonly #dependencies: IdlePrimingDependencies;
  #controller = new AbortController();
  #priming: Promise<void> = Promise.resolve();
  /** Survives an interruption, so that the work continues where it stopped. */
  readonly #seenBlobs = new Map<Digest, number>();

  constructor(dependencies: IdlePrimingDependencies) {
    this.#dependencies = dependencies;
  }

  /** Begins after a delay, and replaces the image before. */
  begin(inspect: (signal: AbortSignal) => Promise<ImageDetails>, parts: RelayParts): void {
    const { cache, logger, clock = realClock } = this.#dependencies;
    this.#controller.abort();
    this.#controller = new AbortController();
    const { signal } = this.#controller;
    const before = this.#priming;
    this.#priming = (async () => {
      await before;
      await clock.sleep(idleMs, signal);
      await cache.load();
      const options = { signal, logger, seenBlobs: this.#seenBlobs, bytesPerSecond, clock };
      if (!(await primeDigestsOf(await inspect(signal), parts, cache, options))) return;
      await cache.save();
      logger.debug('The engine was primed with digests for the layers of the last image.');
    })().catch((error: unknown) => {
      // The next push then primes the engine itself.
      if (!isCancelled(error))
        logger.debug(`The engine could not be primed with its layers’ digests: ${String(error)}`);
    });
  }

  /** Stops it. Resolves when its temporary tags are removed from the engine. */
  async interrupt(): Promise<void> {
    this.#controller.abort();
    await this.#priming;
  }

  /** Resolves when the engine is primed. */
  async settled(): Promise<void> {
    await this.#priming;
  }
}
