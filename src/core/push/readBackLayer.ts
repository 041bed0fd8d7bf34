import { isCancelled, TeaChestError } from '../base/errors.ts';
import { DigestCounter, type Digest } from '../oci/digest.ts';
import type { Descriptor } from '../oci/manifest.ts';
import { mediaTypes } from '../oci/mediaTypes.ts';
import type { BlobTarget } from '../ports/blobTarget.ts';
import type { ImageDetails } from '../ports/imageSource.ts';
import { detectLayerCompression, decompressBeside } from '../compress/decompressLayer.ts';

/**
 * Bytes of all layers together that are read back over a public network: about 6 s at an assumed 5 MB/s. The link may be
 * slower, and after an export nothing is uploaded if the registry has the blob that we made.
 */
const maxPublicBytes = 32 * 1024 * 1024;

/** Bytes of tar headers and padding, which the engine's size of an image does not count. */
const blobOverhead = 16 * 1024 * 1024;

/** Uncompressed bytes for each stored one. Beyond that the layer is exported: a crafted blob must not keep us busy. */
const maxExpansion = 64;
const expansionAllowance = 1024 * 1024;
const pieceSize = 16 * 1024;

/** The layer's blob, its media type by its bytes, and its size before compression. */
export interface ReadBackBlob extends Descriptor {
  readonly tarSize: number;
}

/**
 * Bytes of blobs that are worth reading back, all layers together; beyond that, layers are exported. In a local network
 * reading 1 MB of a stored blob takes 9 ms, hashing and decompressing included; exporting and compressing its 3 MB of
 * content takes 25 ms. The limit is the size of the image itself: a crafted tag must not take longer than an export.
 */
export function bytesWorthReading(
  { isNear }: Pick<BlobTarget, 'isNear'>,
  { size }: Pick<ImageDetails, 'size'>,
): number {
  const most = size + blobOverhead;
  return isNear ? most : Math.min(most, maxPublicBytes);
}

/**
 * Reads a blob back and hashes it, as it is stored and uncompressed: this proves whether it is the layer that a tag says
 * it is. Undefined if it is not, or cannot be read: then the layer is exported.
 */
export async function readBackLayer(
  target: BlobTarget,
  diffId: Digest,
  tagged: Descriptor,
  options: {
    readonly signal: AbortSignal;
    readonly onRefuted: (why: string) => void;
    readonly onUnreadable: (error: unknown) => void;
  },
): Promise<ReadBackBlob | undefined> {
  const stored = new DigestCounter();
  const tar = new DigestCounter();
  const most = tagged.size * maxExpansion + expansionAllowance;
  const counted = counting(target.readBlob(tagged.digest, options), stored, tagged.size);
  try {
    const { form, body } = await detectLayerCompression(counted);
    const pieces =
      form === undefined
        ? body
        : decompressBeside(body, form, tagged.digest, (chunk) => {
            tar.update(chunk);
          });
    for await (const piece of pieces) {
      if (form === undefined) tar.update(piece);
      if (tar.bytes > most) throw new Error(`it grows to more than ${most} bytes`);
    }
    const [digest, hashed, size] = [stored.digest(), tar.digest(), stored.bytes];
    if (digest !== tagged.digest || hashed !== diffId || size !== tagged.size) {
      options.onRefuted(`the blob ${tagged.digest} has the digest ${digest}, and uncompressed ${hashed}`);
      return undefined;
    }
    return { mediaType: form?.mediaType ?? mediaTypes.ociLayer, digest, size, tarSize: tar.bytes };
  } catch (error) {
    if (isCancelled(error)) throw error;
    if (error instanceof TeaChestError && error.code !== 'archiveInvalid') options.onUnreadable(error);
    else options.onRefuted(`the blob ${tagged.digest} is not that layer: ${String(error)}`);
    return undefined;
  } finally {
    // Ends the request, also after a failure.
    await counted.return(undefined);
  }
}

/** In small pieces, because the size of a piece is known only after it was decompressed. */
async function* counting(
  bytes: AsyncIterable<Uint8Array>,
  counter: DigestCounter,
  most: number,
): AsyncGenerator<Uint8Array> {
  for await (const piece of bytes) {
    counter.update(piece);
    if (counter.bytes > most) throw new Error(`it has more than ${most} bytes`);
    for (let at = 0; at < piece.byteLength; at += pieceSize) yield piece.subarray(at, at + pieceSize);
  }
}
