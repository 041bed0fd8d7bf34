import type { KnownImage } from '../digestCache/digestTables.ts';
import type { Descriptor } from '../oci/manifest.ts';
import { isUncompressedLayer, mediaTypes } from '../oci/mediaTypes.ts';
import { LayerLedger } from './layerLedger.ts';
import { composeManifest, countImage, composeCheckedManifest } from './publishLayers.ts';
import { publishedKey } from './imageIndex.ts';
import { countBytes, manifestReference, referenceOf, type PushOutcome } from './publishTag.ts';
import type { AttemptContext } from './pushContext.ts';
import { recallImage } from './rememberedImage.ts';
import { selectionNotice } from './selectionNotice.ts';

/** One HEAD: if the tag already is what this push would make of the image, there is nothing to do. */
export async function confirmUnchanged(context: AttemptContext): Promise<PushOutcome | undefined> {
  const known = recallImage(context);
  return known === undefined ? await confirmEngineManifest(context) : await confirmOwnManifest(context, known);
}

async function confirmOwnManifest(context: AttemptContext, known: KnownImage): Promise<PushOutcome | undefined> {
  return await context.runStage('plan', async () => {
    const { digest } = composeManifest(known);
    if (!(await isTagDigest(context, digest))) return undefined;
    const ledger = markAllExisting(context, known.layers);
    const { bytes } = composeCheckedManifest(context, ledger, known);
    context.onManifest?.(bytes);
    const counted = countImage(ledger, { size: known.config.byteLength, isSent: false });
    const reference = referenceOf(context.request);
    return {
      reference,
      digest,
      mediaType: mediaTypes.ociManifest,
      strategy: 'none',
      ...counted,
      notices: [],
      isUnchanged: true,
    };
  });
}

/** For an image that was published with the engine's own manifest, if the engine would push just that again. */
async function confirmEngineManifest(context: AttemptContext): Promise<PushOutcome | undefined> {
  const { cache, request, image, selection, compressesStored } = context;
  const key = publishedKey(image, selection);
  const published = key === undefined ? undefined : cache.published(key);
  if (published === undefined) return undefined;
  if (compressesStored && published.layers.some(({ mediaType }) => isUncompressedLayer(mediaType))) return undefined;
  const { digest, mediaType, layers, notices } = published;
  return await context.runStage('plan', async () => {
    if (!(await isTagDigest(context, digest))) return undefined;
    markAllExisting(context, layers);
    const counted = countBytes([{ size: published.bytes, origin: 'exists' }]);
    const notice = selectionNotice(selection);
    return {
      reference: referenceOf(request),
      digest,
      mediaType,
      strategy: 'none',
      ...counted,
      notices: notice === undefined ? notices : [...notices, notice],
      isUnchanged: true,
    };
  });
}

async function isTagDigest(context: AttemptContext, expected: Descriptor['digest']): Promise<boolean> {
  const { target, signal } = context;
  const reference = manifestReference(context, expected);
  return (await target.headManifest(reference, { signal, expected }))?.digest === expected;
}

/** Every layer is shown as one that the registry has. */
function markAllExisting(context: AttemptContext, layers: readonly Descriptor[]): LayerLedger {
  const { image, onEvent } = context;
  const ledger = new LayerLedger(context);
  image.diffIds.forEach((diffId, at) => {
    const descriptor = layers[at];
    if (descriptor === undefined || ledger.isClaimed(diffId)) return;
    ledger.claimStored({ diffId, descriptor, proof: 'provedBefore' }, 'exists');
  });
  onEvent({ type: 'planned', layers: ledger.statuses.rows, imageBytes: image.size });
  return ledger;
}
