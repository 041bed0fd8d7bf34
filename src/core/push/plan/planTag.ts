import type { Digest } from '../../oci/digest.ts';
import { isUncompressedLayer } from '../../oci/mediaTypes.ts';
import { publishedKey } from '../imageIndex.ts';
import { composeManifest } from '../publishLayers.ts';
import { isListOfImages } from '../pushList.ts';
import { recallImage } from '../rememberedImage.ts';
import type { PlanContext } from './planContext.ts';
import type { PlannedTag } from './pushPlan.ts';

/** Compares what the tag is with what the push would make of it: one HEAD. */
export async function planTag(context: PlanContext): Promise<PlannedTag> {
  const { target, request, signal } = context;
  const expected = expectedDigest(context);
  const stored = await target.headManifest(request.tag, { signal, expected });
  if (stored === undefined) return { state: 'free', expected };
  const { digest } = stored;
  const isSame = digest !== undefined && digest === expected;
  return { state: isSame ? 'same' : 'other', digest, expected };
}

/** The digest that the push would publish, as far as it is known before: see `confirmUnchanged`. */
function expectedDigest(context: PlanContext): Digest | undefined {
  const { cache, image, selection, compressesStored } = context;
  const known = recallImage(context);
  if (known !== undefined) return composeManifest(known).digest;
  if (image.storesBlobs !== true || isListOfImages(image)) return undefined;
  const key = publishedKey(image, selection);
  const published = key === undefined ? undefined : cache.published(key);
  const isCompressedHere =
    compressesStored && published?.layers.every(({ mediaType }) => !isUncompressedLayer(mediaType)) !== true;
  if (isCompressedHere) return undefined;
  if (published !== undefined) return published.digest;
  if (selection.kind === 'manifest') return selection.manifest.digest;
  return selection.kind === 'whole' ? image.id : undefined;
}
