import { sleep } from '../base/cancel.ts';
import type { Logger } from '../base/logger.ts';
import type { Digest } from '../oci/digest.ts';
import type { ImageDetails } from '../ports/imageSource.ts';
import type { DigestCache } from '../digestCache/digestCache.ts';
import { pushFromEngine, type RelayParts } from './pushFromEngine.ts';
import { layerDigests } from './engineManifest.ts';
import type { IncomingBlob, RelayBackend, RelayedManifest } from './relayBackend.ts';
import { RelayError } from './relayErrors.ts';
import { relayObstacle } from './relayObstacle.ts';

/** In milliseconds; only differences matter. */
export interface Clock {
  readonly now: () => number;
  /** Rejects with `cancelled` as soon as the signal fires. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

export const realClock: Clock = { now: () => performance.now(), sleep };

export interface PrimingOptions {
  readonly signal: AbortSignal;
  readonly logger: Logger;
  /** Most compressed bytes a second from the engine, so that it leaves processor time to others. */
  readonly bytesPerSecond?: number;
  /** Size of each blob that earlier calls received: the engine need not compress those again. */
  readonly seenBlobs?: Map<Digest, number>;
  /** For the rate limit. */
  readonly clock?: Clock;
}

/**
 * Makes a classic engine store a digest for each layer of an image, so that its next push asks for these digests instead
 * of compressing the layers. Such an engine keeps no compressed layers: it remembers the digests of what it has pushed, and sends
 * everything else without asking. So it pushes to us once, and we discard the bytes. Nothing leaves the machine, but the
 * engine compresses each layer once, at 35 to 45 MB/s and core. Each body is read to its end: if an upload is answered
 * while the engine still sends, dockerd may read a digest that is being written to and crash (28.5.2: `panic: d.nx != 0`
 * in uploadUsingSession).
 */
export async function primeDigests(
  image: ImageDetails,
  parts: RelayParts,
  cache: DigestCache,
  options: PrimingOptions,
): Promise<void> {
  const { signal, seenBlobs = new Map<Digest, number>(), bytesPerSecond = Infinity, clock = realClock } = options;
  const limiter = new RateLimiter(bytesPerSecond, clock, signal);
  const backend = new DiscardingBackend(image, cache, { engineId: parts.pusher.id, seenBlobs, limiter });
  await pushFromEngine(image, parts, backend, { signal, logger: options.logger, onStep: () => undefined });
}

/**
 * The same if it is of use: the engine is classic and can push to us, the image has a name (the temporary one must not be
 * its last), and the engine lacks digests of its layers. Returns whether there was anything to do.
 */
export async function primeDigestsOf(
  image: ImageDetails,
  parts: RelayParts,
  cache: DigestCache,
  options: PrimingOptions,
): Promise<boolean> {
  if (hasDigests(image.diffIds, parts, cache)) return false;
  if (relayObstacle(image, parts, { isRequired: false }) !== undefined) return false;
  if (image.storesBlobs === true) return false;
  await primeDigests(image, parts, cache, options);
  return true;
}

/** True if the engine is known to have a digest for each of these layers. */
export function hasDigests(
  diffIds: Iterable<Digest>,
  { pusher }: Pick<RelayParts, 'pusher'>,
  cache: DigestCache,
): boolean {
  return [...diffIds].every((diffId) => cache.engineDigest(pusher.id, diffId) !== undefined);
}

class RateLimiter {
  readonly #bytesPerSecond: number;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  /** When the bytes so far are within the rate. */
  #dueAt = 0;

  constructor(bytesPerSecond: number, clock: Clock, signal: AbortSignal) {
    this.#bytesPerSecond = bytesPerSecond;
    this.#clock = clock;
    this.#signal = signal;
  }

  /** Counts bytes; returns a promise if the sender has to wait. */
  spend(bytes: number): Promise<void> | undefined {
    const now = this.#clock.now();
    this.#dueAt = Math.max(now, this.#dueAt) + (bytes / this.#bytesPerSecond) * 1000;
    return this.#dueAt - now < 20 ? undefined : this.#clock.sleep(this.#dueAt - now, this.#signal);
  }
}

interface PrimingSession {
  readonly engineId: string;
  readonly seenBlobs: Map<Digest, number>;
  readonly limiter: RateLimiter;
}

/** Accepts a push and keeps nothing of it but the digest of each layer. */
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
    // The engine does not use the size.
    return Promise.resolve(seenBlobs.get(digest) ?? (isKnown ? 1 : undefined));
  }

  readBlob(): undefined {
    return undefined;
  }

  beginBlob(): Promise<IncomingBlob> {
    const { seenBlobs, limiter } = this.#session;
    let size = 0;
    return Promise.resolve({
      write: (bytes) => {
        size += bytes.byteLength;
        return limiter.spend(bytes.byteLength);
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
