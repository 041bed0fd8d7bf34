import type { Digest } from '../oci/digest.ts';
import type { Descriptor } from '../oci/manifest.ts';
import { acceptsEngineGzip } from './chooseTransfer.ts';
import type { AttemptContext } from './pushContext.ts';

/** The blob that an earlier push made of a layer, and the layer's size before compression. */
export interface KnownBlob {
  readonly descriptor: Descriptor;
  readonly tarSize: number;
}

/** By the digest cache: the blob that we made of a layer, or else the engine's own, which an earlier relay sent. */
export function knownBlob(
  { cache, request }: Pick<AttemptContext, 'cache' | 'request'>,
  diffId: Digest,
): KnownBlob | undefined {
  const made = cache.layer(diffId, request.codec.id);
  if (made !== undefined) {
    const { digest, size, tarSize } = made;
    return { descriptor: { mediaType: request.codec.mediaType, digest, size }, tarSize };
  }
  const blob = acceptsEngineGzip(request) ? cache.engineBlob(diffId) : undefined;
  if (blob === undefined) return undefined;
  const { mediaType, digest, size, tarSize } = blob;
  return { descriptor: { mediaType, digest, size }, tarSize };
}
