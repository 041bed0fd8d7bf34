import { throwIfCancelled } from '../base/cancel.ts';
import type { Digest } from '../oci/digest.ts';
import { readManifest, type Descriptor } from '../oci/manifest.ts';
import { isImageConfig } from '../oci/mediaTypes.ts';
import type { RelayedManifest } from '../relay/relayBackend.ts';
import type { SmallBlobs } from '../relay/smallBlobs.ts';
import { checkImage } from './checkImage.ts';
import type { AttemptContext } from './pushContext.ts';
import { isExpectedManifest, publishedKey, selectedImage } from './imageIndex.ts';
import { countBytes, publishTag, referenceOf, type PushOutcome } from './publishTag.ts';
import type { Selection } from './chooseManifests.ts';
import type { PushStrategy } from './pushEvents.ts';
import type { BlobOrigin } from './repositoryBlobs.ts';
import { unsendableLayer } from './stored/storedErrors.ts';
import { selectionNotice } from './selectionNotice.ts';
import { uncompressedNotice } from './uncompressedNotice.ts';

/** All blobs are in the repository. The next step is to publish the engine's own manifests, unchanged. */
export interface TransferredManifests {
  readonly kind: 'manifests';
  readonly strategy: PushStrategy;
  /** What of the image they are. */
  readonly selection: Selection;
  /** The tag's. */
  readonly top: RelayedManifest;
  /** The manifests that an index lists, each before the index that refers to it. */
  readonly children: readonly RelayedManifest[];
  /** The blobs that they name, those that are in the repository. */
  readonly blobs: ReadonlyMap<Digest, { readonly size: number; readonly origin: BlobOrigin }>;
  /** Small blobs that the engine sent: configs are among them. */
  readonly small: Pick<SmallBlobs, 'get'>;
  /** Of the image that `inspect` described, base first; empty if it is not certain which of the images that is. */
  readonly layers: readonly Descriptor[];
  /** As in `TransferredLayers`. */
  readonly notices: Iterable<string>;
  readonly cleanup: Promise<void>;
}

/**
 * Publishes the engine's manifests, byte for byte but for an index of which only a part is here: the children under their
 * digests, the top one under the tag.
 */
export async function publishManifests(
  context: AttemptContext,
  transferred: TransferredManifests,
): Promise<PushOutcome> {
  const { image, cache, request, runStage } = context;
  const { top, children, blobs, small, layers, cleanup, strategy, selection } = transferred;
  const manifests = [...children, top];
  await runStage('verify', async () => {
    refuseUnsendable(context, manifests, blobs);
    checkImage({
      image: selectedImage(image, selection),
      selection,
      isEngineManifest: true,
      manifests,
      configs: await readConfigs(context, manifests, small),
      blobs: new Map([...blobs].map(([digest, { size }]) => [digest, { size, proof: 'engineStore' }])),
      presentManifests: await findPresentManifests(context, manifests),
    });
  });
  await publishTag(context, children, top);
  await cleanup;
  const { digest, mediaType } = top;
  const notices = [...transferred.notices];
  const counted = countBytes(blobs.values());
  const key = publishedKey(image, context.selection);
  if (key !== undefined && isExpectedManifest(image, context.selection, digest)) {
    const bytes = counted.uploadedBytes + counted.mountedBytes + counted.skippedBytes;
    cache.rememberPublished(key, { digest, mediaType, bytes, layers, notices });
  }
  // Not remembered: another push of the same manifests may have been asked for them, or leave out something else.
  const ofThisPush = [selectionNotice(selection), uncompressedNotice(top.bytes, blobs)];
  const allNotices = [...notices, ...ofThisPush.filter((notice) => notice !== undefined)];
  return { reference: referenceOf(request), digest, mediaType, strategy, ...counted, notices: allNotices };
}

/** An engine pushes an image without its layers that may not be distributed, and only some registries take that. */
function refuseUnsendable(
  context: AttemptContext,
  manifests: readonly RelayedManifest[],
  blobs: TransferredManifests['blobs'],
): void {
  const layers = manifests.flatMap(({ bytes }) => {
    const manifest = readManifest(bytes);
    return manifest?.kind === 'image' ? manifest.layers.filter(({ digest }) => !blobs.has(digest)) : [];
  });
  const refused = unsendableLayer({ blobs: new Map(layers.map((layer) => [layer.digest, layer])) }, context);
  if (refused !== undefined) throw refused.error;
}

/** The configs of the manifests that are images, as the engine sent them or as the registry has them. */
async function readConfigs(
  context: AttemptContext,
  manifests: readonly RelayedManifest[],
  small: TransferredManifests['small'],
): Promise<ReadonlyMap<Digest, Uint8Array | 'unreadable'>> {
  const configs = new Map<Digest, Uint8Array | 'unreadable'>();
  for (const { bytes } of manifests) {
    const manifest = readManifest(bytes);
    if (manifest?.kind !== 'image' || !isImageConfig(manifest.config.mediaType)) continue;
    const { digest } = manifest.config;
    const config = small.get(digest) ?? (await readConfig(context, digest));
    if (config !== undefined) configs.set(digest, config);
  }
  return configs;
}

async function readConfig(
  { target, logger, signal }: AttemptContext,
  digest: Digest,
): Promise<Uint8Array | 'unreadable' | undefined> {
  try {
    return await target.getBlob(digest, { signal });
  } catch (error) {
    throwIfCancelled(signal);
    logger.info(`The registry has the config ${digest}, but it cannot be read: ${String(error)}`);
    return 'unreadable';
  }
}

/** Which of the manifests that an index names and the engine did not push the registry has. */
async function findPresentManifests(
  { target, signal }: AttemptContext,
  manifests: readonly RelayedManifest[],
): Promise<ReadonlySet<Digest>> {
  const pushed = new Set(manifests.map(({ digest }) => digest));
  const present = new Set<Digest>();
  for (const { bytes } of manifests) {
    const manifest = readManifest(bytes);
    const named = manifest?.kind === 'index' ? manifest.manifests : [];
    for (const { digest } of named) {
      if (pushed.has(digest)) continue;
      if ((await target.headManifest(digest, { signal })) !== undefined) present.add(digest);
    }
  }
  return present;
}
