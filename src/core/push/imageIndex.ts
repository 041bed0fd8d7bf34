import type { Digest } from '../oci/digest.ts';
import { isImageManifest } from '../oci/mediaTypes.ts';
import type { ImageDetails } from '../ports/imageSource.ts';

/**
 * A cache key for what the engine would push of an image now: the same key means the same bytes. The engine chooses what
 * it pushes of an index by the platforms that it holds, and the index keeps its ID while platforms are pulled or removed:
 * so the key contains the manifests that the engine holds. Undefined if the engine does not list them: then only a push
 * shows whether the image is unchanged.
 */
export function publishedKey({ id, manifestType, manifests }: ImageDetails): string | undefined {
  if (isImageManifest(manifestType)) return `${id} ${id}`;
  if (manifests === undefined || manifests.length === 0) return undefined;
  const available = manifests.filter(({ isAvailable }) => isAvailable).map(({ digest }) => digest);
  return `${id} ${available.sort().join(',')}`;
}

/** False where the engine pushed something else than it said it held: a platform was pulled or removed meanwhile. */
export function isExpectedManifest({ id, manifests }: ImageDetails, pushed: Digest): boolean {
  const isWhole = manifests?.every(({ isAvailable }) => isAvailable) ?? true;
  if (isWhole) return pushed === id;
  return manifests?.some(({ digest, isAvailable }) => isAvailable && digest === pushed) ?? false;
}

/**
 * True if a manifest may be what an engine pushes of an image: its index, or one of the index's manifests where the others
 * are not in the engine. Engines before Docker 28 do not list them.
 */
export function isManifestOf(
  { id, manifestType, manifests }: Pick<ImageDetails, 'id' | 'manifestType' | 'manifests'>,
  top: Digest,
): boolean {
  if (top === id) return true;
  if (manifests !== undefined) return manifests.some(({ digest }) => digest === top);
  return manifestType === undefined;
}
