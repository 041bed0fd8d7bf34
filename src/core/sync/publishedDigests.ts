import type { DigestCache } from '../digestCache/digestCache.ts';
import { isDigest, type Digest } from '../oci/digest.ts';
import { isConfigOf } from '../oci/imageConfig.ts';
import { withoutTagAndDigest } from '../oci/imageReference.ts';
import { formatPlatform } from '../oci/platform.ts';
import type { ImageDetails } from '../ports/imageSource.ts';
import { chooseManifests, type Selection } from '../push/chooseManifests.ts';
import { imageIdentity } from '../push/imageIdentity.ts';
import { publishedKey } from '../push/imageIndex.ts';
import { composeManifest } from '../push/publishLayers.ts';
import { isListOfImages } from '../push/pushList.ts';
import type { LastPush } from './compareSyncState.ts';

interface Sources {
  readonly cache: Pick<DigestCache, 'image' | 'published'>;
  /** `host[:port]/owner/name` */
  readonly repository: string;
  readonly codecId: string;
  readonly lastPush: LastPush | undefined;
}

/**
 * The digests under which a repository has this image, as far as they are known without a request: what we pushed, what a
 * push would publish, and what the engine itself has pulled from there or pushed there.
 */
export function publishedDigests(
  image: ImageDetails,
  { cache, repository, codecId, lastPush }: Sources,
): readonly Digest[] {
  const pushed = lastPush?.imageId === imageIdentity(image) ? [lastPush.digest] : [];
  const engines = (image.repositoryDigests ?? [])
    .filter((reference) => withoutTagAndDigest(reference) === repository)
    .map((reference) => reference.slice(reference.indexOf('@') + 1))
    .filter(isDigest);
  return [...pushed, ...engines, ...ownDigests(image, cache, codecId)];
}

function ownDigests(image: ImageDetails, cache: Sources['cache'], codecId: string): readonly Digest[] {
  if (isListOfImages(image)) return [];
  if (image.storesBlobs !== true) {
    const known = cache.image(image.id, codecId, formatPlatform(image.platform));
    const isOfImage = known !== undefined && isConfigOf(known.config, image.diffIds);
    return isOfImage ? [composeManifest(known).digest] : [];
  }
  const selection = selectionOf(image);
  if (selection === undefined) return [];
  const key = publishedKey(image, selection);
  const published = key === undefined ? undefined : cache.published(key);
  if (published !== undefined) return [published.digest];
  if (selection.kind === 'manifest') return [selection.manifest.digest];
  return selection.kind === 'available' ? [] : [image.id];
}

/** Undefined if a person would be asked what of the index to push. */
function selectionOf(image: ImageDetails): Selection | undefined {
  try {
    return chooseManifests(image, undefined);
  } catch {
    return undefined;
  }
}
