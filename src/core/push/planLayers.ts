import { Semaphore } from '../base/semaphore.ts';
import { TaskGroup } from '../base/taskGroup.ts';
import { shortDigest, type Digest } from '../oci/digest.ts';
import type { Descriptor } from '../oci/manifest.ts';
import { knownBlob } from './knownBlob.ts';
import { LayerLedger } from './layerLedger.ts';
import { bytesWorthReading, readBackLayer } from './readBackLayer.ts';
import type { AttemptContext } from './pushContext.ts';
import { recallImage } from './rememberedImage.ts';
import { seedFromTag } from './seedFromTag.ts';

/** Concurrent HEAD and mount requests: they are small, and each waits for a round trip. */
const parallelLookups = 6;
/** Blobs that are read back concurrently. */
const parallelReads = 2;

/**
 * Finds out, before any byte leaves the engine, whether we may write to the repository and which layers the registry has.
 * The registry can be asked only for layers whose blob an earlier push has made: the others must be read first. All
 * requests are concurrent, but if we may not write, that error is the one reported. Nothing is asked here for blobs that are
 * asked for by their digests (`asksByDigest`): then access is checked meanwhile.
 */
export async function planLayers(context: AttemptContext): Promise<LayerLedger> {
  const { target, cache, image, request, signal, usesCache } = context;
  const ledger = new LayerLedger(context);
  if (asksByDigest(context)) return ledger;
  const group = new TaskGroup(signal);
  const lookups = new Semaphore(parallelLookups);
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
        group.start(() => lookups.run(() => accessErrorFirst(access, ask()), group.signal));
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

/** Blobs that are published as they are stored are asked for by their digests, as they come. */
export function asksByDigest({ image, compressesStored }: Pick<AttemptContext, 'image' | 'compressesStored'>): boolean {
  return image.storesBlobs === true && !compressesStored;
}

/** Asks again for the layers that the registry did not have: other images may have brought them there meanwhile. */
export async function locateLayers(context: AttemptContext, ledger: LayerLedger): Promise<void> {
  const { blobs, signal } = context;
  if (asksByDigest(context)) return;
  blobs.askAgain();
  const group = new TaskGroup(signal);
  const lookups = new Semaphore(parallelLookups);
  await group.run(() => {
    for (const diffId of ledger.diffIds) {
      if (ledger.isClaimed(diffId)) continue;
      const descriptor = rememberedBlob(context, ledger, diffId);
      if (descriptor === undefined) continue;
      const ask = (): Promise<void> => locateLayer(context, ledger, { diffId, descriptor }, group.signal);
      group.start(() => lookups.run(ask, group.signal));
    }
    return Promise.resolve();
  });
}

/** A layer, and the blob that the cache or a tag names for it. */
interface Pair {
  readonly diffId: Digest;
  readonly descriptor: Descriptor;
}

/** The result of a request. If it failed and we may not write there, rejects with that reason instead. */
async function accessErrorFirst<T>(access: Promise<void>, request: Promise<T>): Promise<T> {
  try {
    return await request;
  } catch (error) {
    await access;
    throw error;
  }
}

/** Its uncompressed size is shown from now on. */
function rememberedBlob(context: AttemptContext, ledger: LayerLedger, diffId: Digest): Descriptor | undefined {
  const known = knownBlob(context, diffId);
  if (known !== undefined) ledger.statuses.update(diffId, { readTotal: known.tarSize });
  return known?.descriptor;
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

/** Reads back the blob that a tag names for a layer. If it is that layer, it counts as stored, and is cached. */
async function readBackFromTag(
  { target, cache, request, logger }: AttemptContext,
  ledger: LayerLedger,
  { diffId, descriptor: tagged }: Pair,
  signal: AbortSignal,
): Promise<void> {
  const { codec, repository } = request;
  if ((await target.headBlob(tagged.digest, { signal })) !== tagged.size) return;
  const onRefuted = (why: string): void => {
    logger.warn(`A tag of ${repository} does not name the right blob for layer ${shortDigest(diffId)}: ${why}`);
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
