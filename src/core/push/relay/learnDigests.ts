import type { Logger } from '../../base/logger.ts';
import type { Digest } from '../../oci/digest.ts';
import type { ImageDetails } from '../contracts.ts';
import type { DigestCache } from '../digestCache.ts';
import { pushToUs, type RelayParts } from './enginePushing.ts';
import { layerDigests } from './engineManifest.ts';
import type { IncomingBlob, RelayBackend, RelayedManifest } from './relayBackend.ts';
import { Refusal } from './refusals.ts';
import { isTemporaryName } from './temporaryName.ts';

/** Enough of a layer for its digest to be its own; an engine has compressed that much within milliseconds. */
const enough = 64 * 1024;

/**
 * Gives a classic engine a digest for each layer of an image, so that its next push asks for them instead of compressing
 * them. Such an engine keeps no compressed layers: it remembers what it once pushed, and sends everything else without
 * asking. So it is let push to us, and is told after the first 64 KiB of each layer that the upload has arrived. What it
 * then remembers is the digest of a beginning; it means something to nobody but us, who pair it with the layer's diffID.
 * Costs a fraction of a second, whatever the image's size; nothing leaves the machine.
 */
export async function learnDigests(
  image: ImageDetails,
  parts: RelayParts,
  cache: DigestCache,
  options: { readonly signal: AbortSignal; readonly logger: Logger },
): Promise<void> {
  const backend = new Blackboard(image, cache, parts.pusher.id);
  await pushToUs(image, parts, backend, { ...options, onStep: () => undefined });
}

/**
 * The same where it is of use: for a classic engine that can push to us, an image with a name of its own (the temporary
 * one must not be its last) and layers whose digests the engine does not know. Gives true if there was something to learn.
 */
export async function teachDigests(
  image: ImageDetails,
  parts: RelayParts,
  cache: DigestCache,
  options: { readonly signal: AbortSignal; readonly logger: Logger },
): Promise<boolean> {
  const { pusher, reachability } = parts;
  if (knowsDigests(image.diffIds, parts, cache) || !reachability.isWorthTrying(pusher.id)) return false;
  if (image.references.every((reference) => isTemporaryName(reference))) return false;
  if ((await pusher.store(options)) !== 'classic') return false;
  await learnDigests(image, parts, cache, options);
  return true;
}

/** True if the engine was seen to have a digest for every layer that is asked about. */
export function knowsDigests(
  diffIds: Iterable<Digest>,
  { pusher }: Pick<RelayParts, 'pusher'>,
  cache: DigestCache,
): boolean {
  return [...diffIds].every((diffId) => cache.engineDigest(pusher.id, diffId) !== undefined);
}

/** Takes a push in without keeping anything of it but which digest stands for which layer. */
class Blackboard implements RelayBackend {
  readonly #image: ImageDetails;
  readonly #cache: DigestCache;
  readonly #engineId: string;
  readonly #arrived = new Map<Digest, number>();

  constructor(image: ImageDetails, cache: DigestCache, engineId: string) {
    this.#image = image;
    this.#cache = cache;
    this.#engineId = engineId;
  }

  headBlob(digest: Digest): Promise<number | undefined> {
    const isKnown = this.#image.diffIds.some((diffId) => this.#cache.engineDigest(this.#engineId, diffId) === digest);
    return Promise.resolve(this.#arrived.get(digest) ?? (isKnown ? enough : undefined));
  }

  readBlob(): undefined {
    return undefined;
  }

  beginBlob(): Promise<IncomingBlob> {
    let size = 0;
    return Promise.resolve({
      enough,
      write: (bytes) => {
        size += bytes.byteLength;
        return Promise.resolve();
      },
      commit: (digest) => {
        this.#arrived.set(digest, size);
        return Promise.resolve();
      },
      drop: () => undefined,
    });
  }

  putManifest(manifest: RelayedManifest): Promise<void> {
    const digests = layerDigests(manifest, this.#image);
    if (digests === undefined) throw new Refusal(400, 'MANIFEST_INVALID', 'This is not the image that was asked for.');
    this.#image.diffIds.forEach((diffId, at) => {
      const digest = digests[at];
      if (digest !== undefined) this.#cache.rememberEngineDigest(this.#engineId, diffId, digest);
    });
    return Promise.resolve();
  }
}
