import type { Digest } from '../oci/digest.ts';
import { isImageManifest } from '../oci/mediaTypes.ts';
import type { ImageDetails } from '../ports/imageSource.ts';

/**
 * Names what an engine would push of an image now: the same key, the same bytes. An index keeps its ID while platforms
 * of it are pulled or removed, so the key has those that the engine holds. Undefined where the engine does not say what
 * it holds: then an image cannot be called unchanged without pushing it.
 */
export function publishedKey({ id, manifestType, manifests }: ImageDetails): string | undefined {
  if (isImageManifest(manifestType)) return `${id} ${id}`;
  if (manifests === undefined || manifests.length === 0) return undefined;
  const here = manifests.filter(({ isAvailable }) => isAvailable).map(({ digest }) => digest);
  return `${id} ${here.sort().join(',')}`;
}

/** False where the engine pushed something else than it said it held: a platform was pulled or removed meanwhile. */
export function isWhatWasExpected({ id, manifests }: ImageDetails, pushed: Digest): boolean {
  const isWhole = manifests?.every(({ isAvailable }) => isAvailable) ?? true;
  if (isWhole) return pushed === id;
  return manifests?.some(({ digest, isAvailable }) => isAvailable && digest === pushed) ?? false;
}
