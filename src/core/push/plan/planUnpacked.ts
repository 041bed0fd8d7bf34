import type { Digest } from '../../oci/digest.ts';
import type { Descriptor } from '../../oci/manifest.ts';
import { bytesWorthReading } from '../readBackLayer.ts';
import { knownBlob } from '../knownBlob.ts';
import { recallImage } from '../rememberedImage.ts';
import { seedFromTag } from '../seedFromTag.ts';
import { findBlobs, type BlobPlace } from './askRegistry.ts';
import type { PlanContext } from './planContext.ts';
import type { PlannedState } from './pushPlan.ts';

/** A layer, and what is known of its blob. */
export interface FoundLayer {
  readonly diffId?: Digest | undefined;
  readonly descriptor?: Descriptor | undefined;
  readonly state: PlannedState;
  readonly knownIn?: string | undefined;
  /** Uncompressed size, as an earlier push counted it. */
  readonly tarSize?: number | undefined;
}

/**
 * The layers of an image whose blobs are made here, or by the engine's own push: as `planLayers`, which a push calls, finds
 * them, but with HEAD and GET requests alone.
 */
export async function planUnpacked(context: PlanContext): Promise<readonly FoundLayer[]> {
  const { image } = context;
  const diffIds = [...new Set(image.diffIds)];
  const known = recallImage(context);
  const candidates = diffIds.map((diffId) => {
    const blob = knownBlob(context, diffId);
    return {
      diffId,
      tarSize: blob?.tarSize,
      descriptor: known?.layers[image.diffIds.indexOf(diffId)] ?? blob?.descriptor,
    };
  });
  const mayLearn = known === undefined && candidates.some(({ descriptor }) => descriptor === undefined);
  const tagged = mayLearn
    ? await seedFromTag({ ...context, blobs: { noteNoTags: () => undefined } }, context.signal)
    : new Map<Digest, Descriptor>();
  const asked = candidates.flatMap(({ diffId, descriptor }) => descriptor ?? tagged.get(diffId) ?? []);
  const places = await findBlobs(context, asked);
  let worthReading = bytesWorthReading(context.target, image);
  return candidates.map(({ diffId, descriptor, tarSize }): FoundLayer => {
    if (descriptor !== undefined) return { diffId, descriptor, tarSize, ...placeOf(places, descriptor) };
    const named = tagged.get(diffId);
    const isThere = named !== undefined && places.get(named.digest)?.state === 'exists';
    // The push reads back as much as is worth it, in this order.
    if (named === undefined || named.size > worthReading) return { diffId, state: 'unknown' };
    worthReading -= named.size;
    return isThere ? { diffId, descriptor: named, state: 'probable' } : { diffId, state: 'unknown' };
  });
}

function placeOf(places: ReadonlyMap<Digest, BlobPlace>, { digest }: Descriptor): BlobPlace {
  return places.get(digest) ?? { state: 'send' };
}
