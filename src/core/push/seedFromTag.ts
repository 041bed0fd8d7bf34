import { isCancelled } from '../base/errors.ts';
import { digestOf, type Digest } from '../oci/digest.ts';
import { readDiffIds } from '../oci/imageConfig.ts';
import { readManifest, type Descriptor } from '../oci/manifest.ts';
import { ociLayerType } from '../oci/mediaTypes.ts';
import type { PushRun } from './pushRun.ts';

/**
 * What the repository's present image says to a machine that has never pushed it: its config names the diffIDs, its
 * manifest the blobs, in the same order. So base layers need no work on a fresh machine. Only blobs in the push's own
 * compression count. Whatever goes wrong here costs work, not the push.
 *
 * All of it is the word of whoever may write to this repository: none of it counts before `proveLearned` has seen the
 * bytes.
 */
export async function seedFromTag(run: PushRun, signal: AbortSignal): Promise<ReadonlyMap<Digest, Descriptor>> {
  try {
    const manifest = await chooseManifest(run, signal);
    return manifest === undefined ? new Map<Digest, Descriptor>() : await readPairs(run, manifest, signal);
  } catch (error) {
    if (isCancelled(error)) throw error;
    run.logger.debug(`Nothing was learned from what ${run.request.repository} holds now: ${String(error)}`);
    return new Map();
  }
}

/** Of the tag that is about to be replaced, or else of one that probably shares its base layers. */
async function chooseManifest({ target, request }: PushRun, signal: AbortSignal): Promise<Uint8Array | undefined> {
  const own = await target.getManifest(request.tag, { signal });
  if (own !== undefined) return own;
  const tags = await target.listTags({ signal });
  const tag = tags.includes('latest') ? 'latest' : tags.at(-1);
  return tag === undefined ? undefined : await target.getManifest(tag, { signal });
}

async function readPairs(
  { target, request }: PushRun,
  stored: Uint8Array,
  signal: AbortSignal,
): Promise<ReadonlyMap<Digest, Descriptor>> {
  const pairs = new Map<Digest, Descriptor>();
  const manifest = readManifest(stored);
  if (manifest?.kind !== 'image') return pairs;
  const { config, layers } = manifest;
  const bytes = await target.getBlob(config.digest, { signal });
  if (bytes === undefined || digestOf(bytes) !== config.digest) return pairs;
  const diffIds = readDiffIds(bytes);
  if (diffIds?.length !== layers.length) return pairs;
  layers.forEach((layer, at) => {
    const diffId = diffIds[at];
    const mediaType = ociLayerType(layer.mediaType);
    if (diffId !== undefined && mediaType === request.codec.mediaType) pairs.set(diffId, { ...layer, mediaType });
  });
  return pairs;
}
