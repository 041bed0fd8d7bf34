import type { KnownImage } from '../digestCache/digestTables.ts';
import { isConfigOf } from '../oci/imageConfig.ts';
import { formatPlatform } from '../oci/platform.ts';
import type { AttemptContext } from './pushContext.ts';

type Key = Parameters<AttemptContext['cache']['dropImage']>;
type ImageContext = Pick<AttemptContext, 'cache' | 'image' | 'request' | 'compressesStored'>;

/** An image whose stored layers are compressed here is published with another manifest than without. */
function keyOf({ image, request, compressesStored }: ImageContext): Key {
  const form = compressesStored ? `${request.codec.id} of stored layers` : request.codec.id;
  return [image.id, form, formatPlatform(image.platform)];
}

/**
 * The config and layers that an earlier push published of this image with a manifest of ours. Not for an engine that stores
 * blobs, whose own manifest is published, unless this push compresses them.
 */
export function recallImage(context: ImageContext & Pick<AttemptContext, 'usesCache'>): KnownImage | undefined {
  const { cache, image, compressesStored } = context;
  const usesCache = context.usesCache && (compressesStored || image.storesBlobs !== true);
  const known = usesCache ? cache.image(...keyOf(context)) : undefined;
  if (known === undefined) return undefined;
  if (known.layers.length === image.diffIds.length && isConfigOf(known.config, image.diffIds)) return known;
  dropImage(context);
  return undefined;
}

export function rememberImage(context: ImageContext, known: KnownImage): void {
  const { cache, request } = context;
  // A later push with this codec must not get the engine's gzip layers.
  if (known.layers.every(({ mediaType }) => mediaType === request.codec.mediaType)) {
    cache.rememberImage(...keyOf(context), known);
  }
}

export function dropImage(context: ImageContext): void {
  context.cache.dropImage(...keyOf(context));
}
