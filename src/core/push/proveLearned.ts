import { isCancelled, TeaChestError } from '../base/errors.ts';
import { DigestCounter, type Digest } from '../oci/digest.ts';
import type { Descriptor } from '../oci/manifest.ts';
import { mediaTypes } from '../oci/mediaTypes.ts';
import type { BlobTarget } from '../ports/blobTarget.ts';
import type { ImageDetails } from '../ports/imageSource.ts';
import { detectLayerCompression, decompressBeside } from './export/layerCompression.ts';

/**
 * Bytes of all layers together that are read back from far away: some 6 s at the 5 MB/s that are assumed there. The link
 * may be slow, and an export costs no upload where the registry turns out to have just the blob that we would make.
 */
const mostFromFar = 32 * 1024 * 1024;

/** Blobs have headers and padding, which the size of an image's files does not count. */
const besideFiles = 16 * 1024 * 1024;

/** A layer grows to less than that, times its stored bytes, or is exported: nobody's blob may keep us busy for long. */
const mostGrowth = 64;
const freeGrowth = 1024 * 1024;
const smallPiece = 16 * 1024;

/** What was proved: the layer's blob, its media type by its bytes, and its size before compression. */
export interface ProvedPair extends Descriptor {
  readonly tarSize: number;
}

/**
 * Bytes of learned blobs that are worth being read back, all layers together; what goes beyond is exported. Near by, a
 * download of gigabit speed (9 ms for each MB as it is stored, hashed and decompressed meanwhile) takes less than half of
 * what the export and the compressing of the three MB that it stands for take (20 and 5 ms), whatever its size. More
 * than the image itself can have is read nowhere: nobody's tag may keep us busy for longer than an export would.
 */
export function bytesWorthReading(
  { isNear }: Pick<BlobTarget, 'isNear'>,
  { size }: Pick<ImageDetails, 'size'>,
): number {
  const most = size + besideFiles;
  return isNear ? most : Math.min(most, mostFromFar);
}

/**
 * Reads a blob back and hashes it, as it is stored and uncompressed: so it is certain whether it is the layer that a tag
 * said it is. Undefined if it is not, or cannot be read: then the layer is exported.
 */
export async function proveLearned(
  target: BlobTarget,
  diffId: Digest,
  learned: Descriptor,
  options: {
    readonly signal: AbortSignal;
    readonly onRefuted: (why: string) => void;
    readonly onUnreadable: (error: unknown) => void;
  },
): Promise<ProvedPair | undefined> {
  const stored = new DigestCounter();
  const tar = new DigestCounter();
  const most = learned.size * mostGrowth + freeGrowth;
  const counted = counting(target.readBlob(learned.digest, options), stored, learned.size);
  try {
    const { form, body } = await detectLayerCompression(counted);
    const pieces =
      form === undefined
        ? body
        : decompressBeside(body, form, learned.digest, (chunk) => {
            tar.update(chunk);
          });
    for await (const piece of pieces) {
      if (form === undefined) tar.update(piece);
      if (tar.bytes > most) throw new Error(`it grows to more than ${most} bytes`);
    }
    const [digest, hashed, size] = [stored.digest(), tar.digest(), stored.bytes];
    if (digest !== learned.digest || hashed !== diffId || size !== learned.size) {
      options.onRefuted(`the blob ${learned.digest} has the digest ${digest}, and uncompressed ${hashed}`);
      return undefined;
    }
    return { mediaType: form?.mediaType ?? mediaTypes.ociLayer, digest, size, tarSize: tar.bytes };
  } catch (error) {
    if (isCancelled(error)) throw error;
    if (error instanceof TeaChestError && error.code !== 'archiveInvalid') options.onUnreadable(error);
    else options.onRefuted(`the blob ${learned.digest} is not that layer: ${String(error)}`);
    return undefined;
  } finally {
    // Whoever stopped, and wherever: the request ends.
    await counted.return(undefined);
  }
}

/** In small pieces: what one grows to is seen only after it was uncompressed. */
async function* counting(
  bytes: AsyncIterable<Uint8Array>,
  counter: DigestCounter,
  most: number,
): AsyncGenerator<Uint8Array> {
  for await (const piece of bytes) {
    counter.update(piece);
    if (counter.bytes > most) throw new Error(`it has more than ${most} bytes`);
    for (let at = 0; at < piece.byteLength; at += smallPiece) yield piece.subarray(at, at + smallPiece);
  }
}
