import { sleep } from '../base/cancel.ts';
import type { Logger } from '../base/logger.ts';
import type { Digest } from '../oci/digest.ts';
import type { ImageDetails } from '../ports/imageSource.ts';
import type { DigestCache } from '../digestCache/digestCache.ts';
import { pushFromEngine, type RelayParts } from './pushFromEngine.ts';
import { layerDigests } from './engineManifest.ts';
import type { IncomingBlob, RelayBackend, RelayedManifest } from './relayBackend.ts';
import { RelayError } from './relayErrors.ts';
import { isTemporaryName } from './temporaryTag.ts';

/** Time in milliseconds; only differences matter. */
export interface Clock {
  readonly now: () => number;
  /** Rejects with `cancelled` as soon as the signal fires. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

export const realClock: Clock = { now: () => performance.now(), sleep };

export interface PrimingOptions {
  readonly signal: AbortSignal;
  readonly logger: Logger;
  /** Compressed bytes a second that are taken from the engine at most, so that others have the cores as well. */
  readonly bytesPerSecond?: number;
  /** Blobs that came in earlier lessons, by size: what the engine has pushed once it need not compress again. */
  readonly seenBlobs?: Map<Digest, number>;
  /** By which the pace is kept. */
  readonly clock?: Clock;
}

/**
 * Gives a classic engine a digest for each layer of an image, so that its next push asks for them instead of compressing
 * them. Such an engine keeps no compressed layers: it remembers what it once pushed, and sends everything else without
 * asking. So it is let push to us, who keep nothing of it. Nothing leaves the machine, but the engine compresses each
 * layer once, at 35 to 45 MB/s and core. All of each is read to its end: told that an upload has arrived while it still
 * sends, dockerd takes a digest that is being written to, and now and then dies of that (seen with 28.5.2:
 * `panic: d.nx != 0` in uploadUsingSession).
 */
export async function primeDigests(
  image: ImageDetails,
  parts: RelayParts,
  cache: DigestCache,
  options: PrimingOptions,
): Promise<void> {
  const { signal, seenBlobs = new Map<Digest, number>(), bytesPerSecond = Infinity, clock = realClock } = options;
  const pace = new RateLimiter(bytesPerSecond, clock, signal);
  const backend = new DiscardingBackend(image, cache, { engineId: parts.pusher.id, seenBlobs, pace });
  await pushFromEngine(image, parts, backend, { signal, logger: options.logger, onStep: () => undefined });
}

/**
 * The same where it is of use: for a classic engine that can push to us, an image with a name of its own (the temporary
 * one must not be its last) and layers whose digests the engine does not know. Gives true if there was something to learn.
 */
export async function primeDigestsOf(
  image: ImageDetails,
  parts: RelayParts,
  cache: DigestCache,
  options: PrimingOptions,
): Promise<boolean> {
  const { pusher, reachability } = parts;
  if (hasDigests(image.diffIds, parts, cache) || !reachability.isWorthTrying(pusher.id)) return false;
  if (image.references.every((reference) => isTemporaryName(reference))) return false;
  if ((await pusher.store(options)) !== 'classic') return false;
  await primeDigests(image, parts, cache, options);
  return true;
}

/** True if the engine was seen to have a digest for every layer that is asked about. */
export function hasDigests(
  diffIds: Iterable<Digest>,
  { pusher }: Pick<RelayParts, 'pusher'>,
  cache: DigestCache,
): boolean {
  return [...diffIds].every((diffId) => cache.engineDigest(pusher.id, diffId) !== undefined);
}

/** Holds bytes up so that no more than so many pass in a second. */
class RateLimiter {
  readonly #bytesPerSecond: number;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  #free = 0;

  constructor(bytesPerSecond: number, clock: Clock, signal: AbortSignal) {
    this.#bytesPerSecond = bytesPerSecond;
    this.#clock = clock;
    this.#signal = signal;
  }

  /** A promise where the bytes have to wait. */
  pass(bytes: number): Promise<void> | undefined {
    const now = this.#clock.now();
    this.#free = Math.max(now, this.#free) + (bytes / this.#bytesPerSecond) * 1000;
    return this.#free - now < 20 ? undefined : this.#clock.sleep(this.#free - now, this.#signal);
  }
}

interface PrimingSession {
  readonly engineId: string;
  readonly seenBlobs: Map<Digest, number>;
  readonly pace: RateLimiter;
}

/** Takes a push in without keeping anything of it but which digest stands for which layer. */
class DiscardingBackend implements RelayBackend {
  readonly #image: ImageDetails;
  readonly #cache: DigestCache;
  readonly #session: PrimingSession;

  constructor(image: ImageDetails, cache: DigestCache, session: PrimingSession) {
    this.#image = image;
    this.#cache = cache;
    this.#session = session;
  }

  headBlob(digest: Digest): Promise<number | undefined> {
    const { engineId, seenBlobs } = this.#session;
    const isKnown = this.#image.diffIds.some((diffId) => this.#cache.engineDigest(engineId, diffId) === digest);
    // Which size it is told is all the same to the engine.
    return Promise.resolve(seenBlobs.get(digest) ?? (isKnown ? 1 : undefined));
  }

  readBlob(): undefined {
    return undefined;
  }

  beginBlob(): Promise<IncomingBlob> {
    const { seenBlobs, pace } = this.#session;
    let size = 0;
    return Promise.resolve({
      write: (bytes) => {
        size += bytes.byteLength;
        return pace.pass(bytes.byteLength);
      },
      commit: (digest) => {
        seenBlobs.set(digest, size);
        return Promise.resolve();
      },
      drop: () => undefined,
    });
  }

  putManifest(manifest: RelayedManifest): Promise<void> {
    const digests = layerDigests(manifest, this.#image);
    if (digests === undefined)
      throw new RelayError(400, 'MANIFEST_INVALID', 'This is not the image that was asked for.');
    this.#image.diffIds.forEach((diffId, at) => {
      const digest = digests[at];
      if (digest !== undefined) this.#cache.rememberEngineDigest(this.#session.engineId, diffId, digest);
    });
    return Promise.resolve();
  }
}
