import type { Digest } from '../oci/digest.ts';
import { formatPlatform } from '../oci/platform.ts';
import type { ImageDetails } from '../ports/imageSource.ts';
import type { Selection } from './chooseManifests.ts';

/**
 * A cache key for what is published of an image of an engine that stores blobs: the same key means the same bytes. An index
 * keeps its ID while platforms are pulled or removed, so the key contains what was selected of it. Undefined if that is
 * known only at the end of the push, and for other engines.
 */
export function publishedKey({ id, storesBlobs }: ImageDetails, selection: Selection): string | undefined {
  if (storesBlobs !== true) return undefined;
  switch (selection.kind) {
    case 'whole':
      return `${id} ${id}`;
    case 'unlisted':
      return selection.platform === undefined ? `${id} ${id}` : undefined;
    case 'manifest':
      return `${id} ${selection.manifest.digest}`;
    case 'available':
      return `${id} index of ${[...selection.digests].sort().join(',')}`;
  }
}

/** True if `top` is what the key stands for. An engine that does not list its manifests may push something else. */
export function isExpectedManifest({ id }: Pick<ImageDetails, 'id'>, selection: Selection, top: Digest): boolean {
  if (selection.kind === 'available') return true;
  return top === (selection.kind === 'manifest' ? selection.manifest.digest : id);
}

/** False for a manifest that cannot be what was selected. Engines before Docker 28 do not list an index's manifests. */
export function isManifestOf(
  image: Pick<ImageDetails, 'id' | 'manifestType'>,
  selection: Selection,
  top: Digest,
): boolean {
  return (
    isExpectedManifest(image, selection, top) || (selection.kind === 'unlisted' && image.manifestType === undefined)
  );
}

/** The image as it is published: `inspect` described the platform of an index that suits the engine's machine best. */
export function selectedImage(image: ImageDetails, selection: Selection): ImageDetails {
  const platform = selection.kind === 'manifest' ? selection.manifest.platform : undefined;
  if (platform === undefined || formatPlatform(platform) === formatPlatform(image.platform)) return image;
  return { ...image, platform, diffIds: [] };
}
