import { throwIfCancelled } from '../../base/cancel.ts';
import { TeaChestError } from '../../base/errors.ts';
import { TaskGroup } from '../../base/taskGroup.ts';
import { compressionOf, magicLength } from '../../oci/compressionOf.ts';
import { shortDigest, type Digest } from '../../oci/digest.ts';
import { layerTypeOf } from '../../oci/mediaTypes.ts';
import type { Descriptor } from '../../oci/manifest.ts';
import type { ImageDetails } from '../../ports/imageSource.ts';
import type { PushRun } from '../pushRun.ts';
import type { Spool } from '../../spool/spool.ts';
import { BlobForwarder, type ForwardedBlob } from './blobForwarder.ts';
import { layerDigests, readReferences } from '../../relay/engineManifest.ts';
import { PreopenedSessions } from './preopenedSessions.ts';
import { pushFromEngine, RelayUnavailable, type RelayParts } from '../../relay/pushFromEngine.ts';
import { hasDigests, primeDigests } from '../../relay/primeDigests.ts';
import { holdsUncompressed, compressUncompressedLayers } from './compressUncompressedLayers.ts';
import type { RelayBackend, RelayedManifest } from '../../relay/relayBackend.ts';
import { RelayProgress } from './relayProgress.ts';
import type { SmallBlobs } from '../../relay/smallBlobs.ts';

/** All layers are in the repository: what our own manifest is to be made of. */
export interface TransferredLayers {
  readonly kind: 'layers';
  readonly strategy: 'export' | 'relay';
  readonly config: Uint8Array;
  /** As in `TakenManifests`. */
  readonly cleanup?: Promise<void>;
  /** Bytes of the config, if it was sent with the layers. */
  readonly sentConfigBytes?: number;
  /** What the engine itself would have published, where that is another manifest than ours. */
  readonly engineDigest?: Digest;
}

/** All blobs are in the repository: the engine's own manifests, to be published as they are; the last is the tag's. */
export interface TransferredManifests {
  readonly kind: 'manifests';
  readonly manifests: readonly [...RelayedManifest[], RelayedManifest];
  readonly bytes: RelayedBytes;
  /** What is in the repository of what they name. */
  readonly blobs: ReadonlyMap<Digest, ForwardedBlob>;
  /** Bytes of small blobs that came: configs are among them. */
  readonly small: Pick<SmallBlobs, 'get'>;
  /** Of the image that `inspect` spoke of, base first; empty if it could not be told. */
  readonly layers: readonly Descriptor[];
  /** The engine's temporary name is being taken away meanwhile; never rejects. */
  readonly cleanup: Promise<void>;
}

interface RelayedBytes {
  readonly uploaded: number;
  readonly mounted: number;
  readonly skipped: number;
}

export interface RelayOptions {
  readonly spool: Spool;
  readonly signal: AbortSignal;
  /** Layers that come uncompressed are compressed; see `compressesStored`. */
  readonly compresses: boolean;
}

/**
 * Lets the engine push the image to us and carries what is missing on to the registry. Rejects with `RelayUnavailable`
 * if the engine cannot do that, or did not send what is missing: then the image must be exported.
 */
export async function relayPush(
  run: PushRun,
  image: ImageDetails,
  parts: RelayParts,
  { spool, signal, compresses }: RelayOptions,
): Promise<TransferredLayers | TransferredManifests> {
  const isClassic = (await parts.pusher.store({ signal })) === 'classic';
  const placed = [...run.diffIds].filter((diffId) => run.stored(diffId) !== undefined);
  if (isClassic && !hasDigests(placed, parts, run.cache)) {
    await primeDigests(image, parts, run.cache, { signal, logger: run.logger });
  }
  const progress = new RelayProgress(run, { isClassic, compresses });
  const group = new TaskGroup(signal);
  const sessions = new PreopenedSessions(run.target);
  // An image whose layers we may place was planned, and that began with this question.
  const access = isClassic || compresses ? Promise.resolve() : sessions.proveAccess(group.signal);
  group.start(() => access);
  if (isClassic) group.start(() => lookForConfig(run, image, group.signal));
  const forwarder = new BlobForwarder(run, {
    image,
    engineId: parts.pusher.id,
    isClassic,
    spool,
    group,
    progress,
    sessions,
    access,
    compresses,
  });
  let cleanup = Promise.resolve();
  let tag = '';
  const arrival = Promise.withResolvers<undefined>();
  const backend = watchManifests(forwarder, (reference) => reference === tag, arrival);
  const pushed = group.run(async () => {
    await pushFromEngine(image, parts, backend, {
      signal: group.signal,
      logger: run.logger,
      onStep: (step) => {
        progress.step(step);
      },
      onNotice: (notice) => run.notices.add(notice),
      onTag: (given) => (tag = given),
      // A classic engine still says how large its layers were; containerd's store has its books to close.
      ...(isClassic ? {} : { arrival: arrival.promise }),
      onCleanup: (promise) => {
        cleanup = promise;
      },
      isInsisted: run.request.strategy === 'relay',
    });
  });
  try {
    await pushed.finally(() => forwarder.close());
    throwIfCancelled(group.signal);
    progress.settle();
    const options = { tag, isClassic, compresses, progress, parts, signal };
    return { ...(await gather(run, image, forwarder, options)), cleanup };
  } catch (error) {
    await cleanup;
    throw error;
  }
}

/** What is to be published, once everything has come. */
async function gather(
  run: PushRun,
  image: ImageDetails,
  forwarder: BlobForwarder,
  options: {
    readonly tag: string;
    readonly isClassic: boolean;
    readonly compresses: boolean;
    readonly progress: RelayProgress;
    readonly parts: RelayParts;
    readonly signal: AbortSignal;
  },
): Promise<Omit<TransferredLayers, 'cleanup'> | Omit<TransferredManifests, 'cleanup'>> {
  const top = forwarder.manifests.find(({ reference }) => reference === options.tag);
  if (top === undefined) throw unfinished(image, 'it never sent the manifest');
  if (options.isClassic) {
    return { kind: 'layers', strategy: 'relay', config: await placeLayers(run, image, top, forwarder, options) };
  }
  if (options.compresses && holdsUncompressed(image, top)) {
    return {
      kind: 'layers',
      strategy: 'relay',
      ...(await compressUncompressedLayers(run, image, top, forwarder, options.signal)),
    };
  }
  const layers = placeRows(run, image, top, forwarder);
  const children = forwarder.manifests.filter((manifest) => manifest !== top);
  const { blobs, small } = forwarder;
  return { kind: 'manifests', manifests: [...children, top], bytes: countBytes(run, forwarder), blobs, small, layers };
}

/** Asks for the config while the engine compresses: a classic image is named by its digest. */
async function lookForConfig(run: PushRun, image: ImageDetails, signal: AbortSignal): Promise<void> {
  try {
    if ((await run.target.headBlob(image.id, { signal })) === undefined) run.missing.add(image.id);
  } catch {
    // It is asked for again when it is to be sent.
  }
}

/** The same backend; resolves `arrival` once the manifest that is asked about has come. */
function watchManifests(
  backend: RelayBackend,
  isTop: (reference: string) => boolean,
  arrival: Pick<PromiseWithResolvers<undefined>, 'resolve'>,
): RelayBackend {
  return {
    headBlob: (digest) => backend.headBlob(digest),
    readBlob: (digest) => backend.readBlob(digest),
    beginBlob: (claim) => backend.beginBlob(claim),
    putManifest: async (manifest) => {
      await backend.putManifest(manifest);
      if (isTop(manifest.reference)) arrival.resolve(undefined);
    },
  };
}

/** Pairs what the engine pushed with the image's layers, and learns from it. Gives the image's config. */
async function placeLayers(
  run: PushRun,
  image: ImageDetails,
  top: RelayedManifest,
  forwarder: BlobForwarder,
  {
    progress,
    parts,
    signal,
  }: Pick<RelayOptions, 'signal'> & { readonly progress: RelayProgress; readonly parts: RelayParts },
): Promise<Uint8Array> {
  const digests = layerDigests(top, image);
  const config = forwarder.small.get(image.id);
  if (digests === undefined) throw unfinished(image, 'what it sent is another image');
  if (config === undefined) throw new RelayUnavailable('The config is too large to be kept.', { isPartial: true });
  for (const [at, diffId] of image.diffIds.entries()) {
    const digest = digests[at];
    if (digest !== undefined) run.cache.rememberEngineDigest(parts.pusher.id, diffId, digest);
    if (run.stored(diffId) !== undefined) continue;
    const carried = digest === undefined ? undefined : forwarder.blobs.get(digest);
    // A blob is one layer: a digest that stands for another one as well was not this layer's, and it must be exported.
    const isItsOwn = image.diffIds.every((other, place) => other === diffId || digests[place] !== digest);
    if (digest === undefined || carried === undefined || !isItsOwn) {
      throw new RelayUnavailable(`Layer ${shortDigest(diffId)} did not come.`, { isPartial: true });
    }
    const descriptor = { mediaType: await layerType(run, digest, carried, signal), digest, size: carried.size };
    run.claim({ diffId, descriptor, proof: 'engineStore' });
    const tarSize = progress.readBytes(diffId);
    if (tarSize !== undefined) run.cache.rememberEngineBlob(diffId, { ...descriptor, tarSize });
    const sentBytes = carried.how === 'uploaded' ? carried.size : 0;
    run.statusTable.update(diffId, { storedBytes: carried.size, sentBytes });
    run.markStored(diffId, carried.how);
  }
  return config;
}

/**
 * What a blob is by its bytes. A classic engine compresses by gzip what it sends, but asks for what it has once pulled
 * by the digest of then, and that may be a zstd layer or a tar; its manifests call all of them gzip.
 */
async function layerType(
  { target }: PushRun,
  digest: Digest,
  { head }: ForwardedBlob,
  signal: AbortSignal,
): Promise<string> {
  if (head !== undefined) return layerTypeOf(compressionOf(head));
  let start = Buffer.alloc(0);
  try {
    for await (const part of target.readBlob(digest, { signal })) {
      start = Buffer.concat([start, part]);
      if (start.byteLength >= magicLength) break;
    }
  } catch (error) {
    throwIfCancelled(signal);
    const message = `The registry has ${shortDigest(digest)}, but does not show what form it has.`;
    throw new RelayUnavailable(message, { isPartial: true, cause: error });
  }
  return layerTypeOf(compressionOf(start));
}

/** Shows each row what became of its layer, where the manifest lists as many as the image has. */
function placeRows(
  run: PushRun,
  image: ImageDetails,
  top: RelayedManifest,
  forwarder: BlobForwarder,
): readonly Descriptor[] {
  const layers = platformLayers(image, top, forwarder);
  image.diffIds.forEach((diffId, at) => {
    const descriptor = layers[at];
    const carried = descriptor && forwarder.blobs.get(descriptor.digest);
    if (descriptor === undefined || carried === undefined || run.isClaimed(diffId)) return;
    run.claim({ diffId, descriptor, proof: 'engineStore' });
    run.statusTable.update(diffId, {
      storedBytes: carried.size,
      sentBytes: carried.how === 'uploaded' ? carried.size : 0,
    });
    run.markStored(diffId, carried.how);
  });
  return layers;
}

/** The layers of that one of the pushed images which the engine spoke of, told by its number of layers. */
function platformLayers(
  image: ImageDetails,
  top: RelayedManifest,
  forwarder: BlobForwarder,
): ReturnType<typeof readReferences>['layers'] {
  const candidates = [top, ...forwarder.manifests].map((manifest) => readReferences(manifest).layers);
  return candidates.find((layers) => layers.length === image.diffIds.length) ?? [];
}

function countBytes(run: PushRun, forwarder: BlobForwarder): RelayedBytes {
  const sums = { uploaded: 0, mounted: 0, skipped: 0 };
  for (const [digest, { size, how }] of forwarder.blobs) {
    const overall = run.overall(digest, how);
    sums[overall === 'exists' ? 'skipped' : overall] += size;
  }
  return sums;
}

function unfinished(image: ImageDetails, why: string): TeaChestError {
  const name = image.references[0] ?? shortDigest(image.id);
  return new TeaChestError('engineFailed', `The container engine said that it had pushed ${name}, but ${why}.`, {
    facts: { image: image.id },
  });
}
