import * as l10n from '@vscode/l10n';
import { throwIfCancelled } from '../../base/cancel.ts';
import { TeaChestError } from '../../base/errors.ts';
import { compressionOf, magicLength } from '../../oci/compressionOf.ts';
import { digestOf, shortDigest, type Digest } from '../../oci/digest.ts';
import { isConfigOf } from '../../oci/imageConfig.ts';
import { readManifest, type Descriptor, type ReadManifest } from '../../oci/manifest.ts';
import { isImageConfig, isLayer, layerTypeOf, ociLayerType } from '../../oci/mediaTypes.ts';
import { formatPlatform } from '../../oci/platform.ts';
import type { ImageDetails } from '../../ports/imageSource.ts';
import { layerDigests } from '../../relay/engineManifest.ts';
import { RelayUnavailable } from '../../relay/pushFromEngine.ts';
import type { RelayedManifest } from '../../relay/relayBackend.ts';
import type { LayerLedger } from '../layerLedger.ts';
import type { TransferredLayers } from '../publishLayers.ts';
import type { TransferredManifests } from '../publishManifests.ts';
import type { AttemptContext } from '../pushContext.ts';
import type { BlobForwarder, ForwardedBlob } from './blobForwarder.ts';

/** The result of the engine's push. */
export interface Relayed {
  readonly context: AttemptContext;
  readonly ledger: LayerLedger;
  readonly forwarder: Pick<BlobForwarder, 'blobs' | 'manifests' | 'small'>;
  /** The manifest of the tag. */
  readonly top: RelayedManifest;
  readonly engineId: string;
}

type Collected<T> = Omit<T, 'notices' | 'cleanup'>;
type ImageManifest = Extract<ReadManifest, { kind: 'image' }>;

/** Pairs what a classic engine pushed with the image's layers, and remembers the pairs. */
export async function collectClassicLayers(relayed: Relayed): Promise<Collected<TransferredLayers>> {
  const { context, ledger, forwarder, top, engineId } = relayed;
  const { image, cache } = context;
  const digests = layerDigests(top, image);
  const config = forwarder.small.get(image.id);
  if (digests === undefined) throw otherImage(image);
  if (config === undefined) throw missingBlob(l10n.t('The config is too large to be kept.'));
  for (const [at, diffId] of image.diffIds.entries()) {
    const digest = digests[at];
    if (digest !== undefined) cache.rememberEngineDigest(engineId, diffId, digest);
    if (ledger.stored(diffId) !== undefined) continue;
    const blob = digest === undefined ? undefined : forwarder.blobs.get(digest);
    // Two layers cannot have the same blob. If the engine says so, it is not certain whose blob it is, and this layer is exported.
    const isItsOwn = image.diffIds.every((other, position) => other === diffId || digests[position] !== digest);
    if (digest === undefined || blob === undefined || !isItsOwn) throw missingBlob(missingLayer(diffId));
    const descriptor = { mediaType: await layerType(context, digest, blob), digest, size: blob.size };
    const tarSize = ledger.statuses.row(diffId)?.readBytes ?? 0;
    if (tarSize > 0) cache.rememberEngineBlob(diffId, { ...descriptor, tarSize });
    markStored(ledger, diffId, descriptor, blob);
  }
  return { kind: 'layers', strategy: 'relay', config };
}

/** An uncompressed layer is a blob whose digest is its diffID. */
function holdsUncompressed(image: ImageDetails, top: RelayedManifest): boolean {
  return readImageManifest(top)?.layers.some(({ digest }, at) => digest === image.diffIds[at]) === true;
}

/**
 * Pairs the layers of an image of containerd's store with what is in the repository now: those that came uncompressed
 * are stored since they were compressed, the others are the engine's own blobs.
 */
async function collectStoredLayers(relayed: Relayed): Promise<Collected<TransferredLayers>> {
  const { context, ledger, forwarder, top } = relayed;
  const { config, layers = [] } = readImageManifest(top) ?? {};
  context.image.diffIds.forEach((diffId, at) => {
    if (ledger.stored(diffId) !== undefined) return;
    const layer = layers[at];
    const blob = layer && forwarder.blobs.get(layer.digest);
    if (layer === undefined || blob === undefined) throw missingBlob(missingLayer(diffId));
    const descriptor = { mediaType: ociLayerType(layer.mediaType), digest: layer.digest, size: blob.size };
    markStored(ledger, diffId, descriptor, blob);
  });
  const { target, signal } = context;
  const bytes = config && (forwarder.small.get(config.digest) ?? (await target.getBlob(config.digest, { signal })));
  if (config === undefined || bytes === undefined || digestOf(bytes) !== config.digest) {
    throw missingBlob(l10n.t('The image’s config was not sent, and the registry does not give it.'));
  }
  const wasConfigSent = forwarder.blobs.get(config.digest)?.origin === 'uploaded';
  return { kind: 'layers', strategy: 'relay', config: bytes, wasConfigSent, engineDigest: top.digest };
}

/**
 * The manifests of an engine that stores blobs: its own, or, where the push compresses what is stored uncompressed, the
 * layers for a manifest of ours.
 */
export async function collectStored(
  relayed: Relayed,
): Promise<Collected<TransferredLayers> | Collected<TransferredManifests>> {
  const { context, top } = relayed;
  const isOurs = context.compressesStored && holdsUncompressed(context.image, top);
  return isOurs ? await collectStoredLayers(relayed) : collectEngineManifests(relayed);
}

/** The engine's manifests as they are. Marks the layers of the image that `inspect` described as stored. */
export function collectEngineManifests(relayed: Relayed): Collected<TransferredManifests> {
  const { context, ledger, forwarder, top } = relayed;
  const { blobs, small, manifests } = forwarder;
  const layers = findInspectedManifest(context.image, relayed)?.layers ?? [];
  context.image.diffIds.forEach((diffId, at) => {
    const descriptor = layers[at];
    const blob = descriptor && blobs.get(descriptor.digest);
    if (descriptor === undefined || blob === undefined || ledger.isClaimed(diffId)) return;
    markStored(ledger, diffId, descriptor, blob);
  });
  const children = manifests.filter((manifest) => manifest !== top);
  return { kind: 'manifests', strategy: 'relay', selection: context.selection, top, children, blobs, small, layers };
}

/**
 * That one of the pushed manifests whose image `inspect` described: by its config, which names the diffIDs; where the
 * registry had the config, so that the engine did not send it, by the platform, or because there is no other.
 */
function findInspectedManifest(image: ImageDetails, { forwarder }: Relayed): ImageManifest | undefined {
  const found = forwarder.manifests.flatMap((manifest) => {
    const read = readImageManifest(manifest);
    const isImage = read !== undefined && isImageConfig(read.config.mediaType) && read.layers.every(isImageLayer);
    return isImage && read.layers.length === image.diffIds.length ? [{ digest: manifest.digest, read }] : [];
  });
  const byConfig = found.find(({ read }) => {
    const config = forwarder.small.get(read.config.digest);
    return config !== undefined && isConfigOf(config, image.diffIds);
  });
  const wanted = formatPlatform(image.platform);
  const ofPlatform = image.manifests?.find(({ platform }) => platform && formatPlatform(platform) === wanted);
  const byPlatform = found.find(({ digest }) => digest === ofPlatform?.digest);
  return (byConfig ?? byPlatform ?? (found.length === 1 ? found[0] : undefined))?.read;
}

function isImageLayer({ mediaType }: Descriptor): boolean {
  return isLayer(mediaType);
}

function readImageManifest({ bytes }: RelayedManifest): ImageManifest | undefined {
  const manifest = readManifest(bytes);
  return manifest?.kind === 'image' ? manifest : undefined;
}

function markStored(ledger: LayerLedger, diffId: Digest, descriptor: Descriptor, blob: ForwardedBlob): void {
  const { size, origin } = blob;
  ledger.statuses.update(diffId, { storedBytes: size, sentBytes: origin === 'uploaded' ? size : 0 });
  ledger.claimStored({ diffId, descriptor, proof: 'engineStore' }, origin);
}

/**
 * What a blob is by its bytes. A classic engine compresses by gzip what it sends, but asks for what it has once pulled
 * by the digest of then, and that may be a zstd layer or a tar; its manifests call all of them gzip.
 */
async function layerType({ target, signal }: AttemptContext, digest: Digest, { head }: ForwardedBlob): Promise<string> {
  if (head !== undefined) return layerTypeOf(compressionOf(head));
  let start = Buffer.alloc(0);
  try {
    for await (const part of target.readBlob(digest, { signal })) {
      start = Buffer.concat([start, part]);
      if (start.byteLength >= magicLength) break;
    }
  } catch (error) {
    throwIfCancelled(signal);
    throw missingBlob(l10n.t`The registry has ${shortDigest(digest)}, but does not show what form it has.`, error);
  }
  return layerTypeOf(compressionOf(start));
}

const missingLayer = (diffId: Digest): string => l10n.t`Layer ${shortDigest(diffId)} did not come.`;

function missingBlob(message: string, cause?: unknown): RelayUnavailable {
  return new RelayUnavailable(message, { isPartial: true, cause });
}

/** The engine reported success, but has not sent the image. */
export function withoutManifest({ id, references }: ImageDetails): TeaChestError {
  const name = references[0] ?? shortDigest(id);
  const sentence = l10n.t`The container engine said that it had pushed ${name}, but it never sent the manifest.`;
  return new TeaChestError('engineFailed', sentence, { facts: { image: id } });
}

function otherImage({ id, references }: ImageDetails): TeaChestError {
  const name = references[0] ?? shortDigest(id);
  const sentence = l10n.t`The container engine said that it had pushed ${name}, but what it sent is another image.`;
  return new TeaChestError('engineFailed', sentence, { facts: { image: id } });
}
