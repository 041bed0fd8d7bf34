import type { Digest } from '../oci/digest.ts';
import { mediaTypes } from '../oci/mediaTypes.ts';
import type { ImageDetails } from '../ports/imageSource.ts';

/**
 * What an engine would push of an image now, as far as it tells: the same key, the same bytes. An index keeps its ID
 * while platforms of it are pulled or removed, so those that are here belong to it. Undefined where the engine does not
 * tell what is here: then nothing can be called unchanged without pushing it.
 */
export function publishedKey({ id, manifestType, manifests }: ImageDetails): string | undefined {
  if (manifestType === mediaTypes.ociManifest || manifestType === mediaTypes.dockerManifest) return `${id} ${id}`;
  if (manifests === undefined || manifests.length === 0) return undefined;
  const here = manifests.filter(({ isAvailable }) => isAvailable).map(({ digest }) => digest);
  return `${id} ${here.sort().join(',')}`;
}

/** False where the engine pushed something else than it said it had: pulled or removed meanwhile. */
export function isWhatWasExpected({ id, manifests }: ImageDetails, pushed: Digest): boolean {
  const isWhole = manifests?.every(({ isAvailable }) => isAvailable) ?? true;
  if (isWhole) return pushed === id;
  return manifests?.some(({ digest, isAvailable }) => isAvailable && digest === pushed) ?? false;
}
