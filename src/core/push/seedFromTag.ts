import { isCancelled } from '../base/errors.ts';
import { digestOf, type Digest } from '../oci/digest.ts';
import { readDiffIds } from '../oci/imageConfig.ts';
import { readManifest, type Descriptor } from '../oci/manifest.ts';
import { ociLayerType } from '../oci/mediaTypes.ts';
import type { BlobTarget } from '../ports/blobTarget.ts';
import type { AttemptContext } from './pushContext.ts';
import type { RepositoryBlobs } from './repositoryBlobs.ts';

interface SeedContext extends Pick<AttemptContext, 'request' | 'logger'> {
  readonly target: Pick<BlobTarget, 'getManifest' | 'listTags' | 'getBlob'>;
  readonly blobs: Pick<RepositoryBlobs, 'noteNoTags'>;
}

/**
 * Pairs of layers and blobs from an image that the repository has, for a machine that has never pushed it: its config names
 * the diffIDs, its manifest the blobs, in the same order. So a new machine need not export the base layers. Only blobs in
 * the compression of this push are used. A failure here costs time, but does not fail the push.
 *
 * Anyone with write access can have written these pairs: none counts before `readBackLayer` has read its bytes.
 */
export async function seedFromTag(context: SeedContext, signal: AbortSignal): Promise<ReadonlyMap<Digest, Descriptor>> {
  try {
    const manifest = await chooseManifest(context, signal);
    return manifest === undefined ? new Map<Digest, Descriptor>() : await readPairs(context, manifest, signal);
  } catch (error) {
    if (isCancelled(error)) throw error;
    context.logger.debug(`No layers are known from the tags of ${context.request.repository}: ${String(error)}`);
    return new Map();
  }
}

/** Of the tag that is about to be replaced, or else of one that probably shares its base layers. */
async function chooseManifest(
  { target, blobs, request }: SeedContext,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  const own = await target.getManifest(request.tag, { signal });
  if (own !== undefined) return own;
  const tags = await target.listTags({ signal });
  if (tags.length === 0) blobs.noteNoTags();
  const tag = tags.includes('latest') ? 'latest' : tags.at(-1);
  return tag === undefined ? undefined : await target.getManifest(tag, { signal });
}

async function readPairs(
  { target, request }: SeedContext,
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
