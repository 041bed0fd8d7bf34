import { isCancelled, TeaChestError } from '../base/errors.ts';
import { DigestCounter, type Digest } from '../oci/digest.ts';
import type { Descriptor } from '../oci/manifest.ts';
import { mediaTypes } from '../oci/mediaTypes.ts';
import type { BlobTarget } from './contracts.ts';
import { peekStoredForm, unpack } from './storedForm.ts';

/**
 * Bytes up to which a blob is read back. From near by that costs less than an export, which compresses and often sends
 * the layer; from far away only little is worth a second look.
 */
const worthReading = { near: 256 * 1024 * 1024, far: 1024 * 1024 } as const;

/** A layer grows to less than that, times its stored bytes, or is exported: nobody's blob may keep us busy for long. */
const mostGrowth = 64;
const freeGrowth = 1024 * 1024;
const smallPiece = 16 * 1024;

/** What was proved: the layer's blob, its media type by its bytes, and its size before compression. */
export interface ProvedPair extends Descriptor {
  readonly tarSize: number;
}

export function isWorthReading(
  { isNear, readableBytes }: Pick<BlobTarget, 'isNear' | 'readableBytes'>,
  { size }: Descriptor,
): boolean {
  return size <= Math.min(readableBytes, isNear ? worthReading.near : worthReading.far);
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
  try {
    const counted = counting(target.readBlob(learned.digest, options), stored, learned.size);
    const { form, body } = await peekStoredForm(counted);
    const pieces =
      form === undefined
        ? body
        : unpack(body, form, learned.digest, (chunk) => {
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
