import { Semaphore } from '../base/semaphore.ts';
import { TaskGroup } from '../base/taskGroup.ts';
import { shortDigest, type Digest } from '../oci/digest.ts';
import type { Descriptor } from '../oci/manifest.ts';
import { acceptsEngineGzip } from './chooseTransfer.ts';
import { LayerLedger } from './layerLedger.ts';
import { bytesWorthReading, readBackLayer } from './readBackLayer.ts';
import type { AttemptContext } from './pushContext.ts';
import { recallImage } from './rememberedImage.ts';
import { seedFromTag } from './seedFromTag.ts';

/** Questions asked of the registry at one time: they are small, and each waits for a round trip. */
const parallelQuestions = 6;
/** Blobs that are read back at one time. */
const parallelReads = 2;

/**
 * Before any byte leaves the engine: may we write to the repository at all, and which layers does the registry have? Only
 * layers whose blob is known from a former push can be asked for; the others must be read first. Everything is asked at
 * once, but where we may not write, that error comes first. `asksByDigest`: the engine is going to ask us for every
 * blob by its digest, and access is checked meanwhile; then nothing is asked here.
 */
export async function planLayers(
  context: AttemptContext,
  { asksByDigest }: { readonly asksByDigest: boolean },
): Promise<LayerLedger> {
  const { target, cache, image, request, signal, usesCache } = context;
  const ledger = new LayerLedger(context);
  if (asksByDigest) return ledger;
  const group = new TaskGroup(signal);
  const questions = new Semaphore(parallelQuestions);
  const reads = new Semaphore(parallelReads);
  await group.run(async () => {
    const access = target.checkAccess({ signal: group.signal });
    group.start(() => access);
    if (!usesCache) return;
    const known = recallImage(context);
    const candidates = image.diffIds.map((diffId, at) => known?.layers[at] ?? rememberedBlob(context, ledger, diffId));
    const mayLearn = known === undefined && candidates.includes(undefined);
    const seeded = mayLearn ? await seedFromTag(context, group.signal) : undefined;
    let worthReading = bytesWorthReading(target, image);
    for (const diffId of ledger.diffIds) {
      const tarSize = cache.layer(diffId, request.codec.id)?.tarSize;
      if (tarSize !== undefined) ledger.statuses.update(diffId, { readTotal: tarSize });
      const descriptor = candidates[image.diffIds.indexOf(diffId)];
      const tagged = seeded?.get(diffId);
      if (descriptor !== undefined) {
        const ask = (): Promise<void> => locateLayer(context, ledger, { diffId, descriptor }, group.signal);
        group.start(() => questions.run(() => accessErrorFirst(access, ask()), group.signal));
      } else if (tagged !== undefined && tagged.size <= worthReading) {
        worthReading -= tagged.size;
        const read = (): Promise<void> =>
          readBackFromTag(context, ledger, { diffId, descriptor: tagged }, group.signal);
        group.start(() => reads.run(() => accessErrorFirst(access, read()), group.signal));
      }
    }
  });
  return ledger;
}

/** A layer, and a blob that is said to be it. */
interface Pair {
  readonly diffId: Digest;
  readonly descriptor: Descriptor;
}

/** An answer; where there is none, first of all the reason why we may not write there, if there is one. */
async function accessErrorFirst<T>(access: Promise<void>, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    await access;
    throw error;
  }
}

/** The blob that an earlier push made of a layer, or else the engine's own, which an earlier relay sent. */
function rememberedBlob(
  { cache, request }: AttemptContext,
  ledger: LayerLedger,
  diffId: Digest,
): Descriptor | undefined {
  const made = cache.layer(diffId, request.codec.id);
  if (made !== undefined) return { mediaType: request.codec.mediaType, digest: made.digest, size: made.size };
  const blob = acceptsEngineGzip(request) ? cache.engineBlob(diffId) : undefined;
  if (blob === undefined) return undefined;
  ledger.statuses.update(diffId, { readTotal: blob.tarSize });
  return { mediaType: blob.mediaType, digest: blob.digest, size: blob.size };
}

async function locateLayer(
  { blobs }: AttemptContext,
  ledger: LayerLedger,
  { diffId, descriptor }: Pair,
  signal: AbortSignal,
): Promise<void> {
  const found = await blobs.locate(descriptor.digest, descriptor.size, signal);
  if (found !== undefined) ledger.claimStored({ diffId, descriptor, proof: 'provedBefore' }, found.origin);
}

/** Uses what a tag says of a layer only if its blob is that layer; every later push then has that from the cache. */
async function readBackFromTag(
  { target, cache, request, logger }: AttemptContext,
  ledger: LayerLedger,
  { diffId, descriptor: tagged }: Pair,
  signal: AbortSignal,
): Promise<void> {
  const { codec, repository } = request;
  if ((await target.headBlob(tagged.digest, { signal })) !== tagged.size) return;
  const onRefuted = (why: string): void => {
    logger.warn(`A tag of ${repository} is not relied on for layer ${shortDigest(diffId)}: ${why}`);
  };
  const onUnreadable = (error: unknown): void => {
    logger.debug(`The layer ${shortDigest(diffId)} cannot be read back, and is exported: ${String(error)}`);
  };
  const proved = await readBackLayer(target, diffId, tagged, { signal, onRefuted, onUnreadable });
  if (proved?.mediaType !== codec.mediaType) return;
  const { mediaType, digest, size, tarSize } = proved;
  cache.rememberLayer(diffId, codec.id, { digest, size, tarSize });
  ledger.statuses.update(diffId, { readTotal: tarSize });
  ledger.claimStored({ diffId, descriptor: { mediaType, digest, size }, proof: 'readBack' }, 'exists');
}
