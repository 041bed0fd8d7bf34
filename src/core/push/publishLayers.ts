import type { KnownImage } from '../digestCache/digestTables.ts';
import { digestOf, type Digest } from '../oci/digest.ts';
import { bytesSource } from '../ports/blobSource.ts';
import { serializeManifest, type Descriptor } from '../oci/manifest.ts';
import { mediaTypes } from '../oci/mediaTypes.ts';
import { checkImage } from './checkImage.ts';
import type { PushStrategy } from './pushEvents.ts';
import type { LayerLedger } from './layerLedger.ts';
import type { AttemptContext } from './pushContext.ts';
import { countBytes, publishTag, referenceOf, type CountedBytes, type PushOutcome } from './publishTag.ts';
import { rememberImage } from './rememberedImage.ts';

/** All layers are in the repository. The next step is to compose our own manifest. */
export interface TransferredLayers {
  readonly kind: 'layers';
  readonly strategy: PushStrategy;
  readonly config: Uint8Array;
  /** True if the config was sent with the layers. */
  readonly wasConfigSent?: boolean;
  /** The engine's own digest of the image, where it is not that of our manifest. */
  readonly engineDigest?: Digest;
  /** Notices of the engine's push (`EnginePushStep.notice`); complete after `cleanup`. */
  readonly notices?: Iterable<string>;
  /** Removes the engine's temporary name at the same time; never rejects. */
  readonly cleanup?: Promise<void>;
}

/** Publishes an image with a manifest of our own. */
export async function publishLayers(
  context: AttemptContext,
  ledger: LayerLedger,
  { config, strategy, wasConfigSent = false, engineDigest, notices = [], cleanup }: TransferredLayers,
): Promise<PushOutcome> {
  const { runStage, request, image, logger } = context;
  const known = { config, layers: image.diffIds.map((diffId) => descriptorOf(ledger, diffId)) };
  const { bytes, digest } = composeCheckedManifest(context, ledger, known);
  rememberImage(context, known);
  const isConfigSent = await runStage('upload', () => sendConfig(context, config));
  await publishTag(context, [], { mediaType: mediaTypes.ociManifest, bytes, digest });
  await cleanup;
  const counted = countImage(ledger, { size: config.byteLength, isSent: isConfigSent || wasConfigSent });
  const mediaType = mediaTypes.ociManifest;
  const outcome = { reference: referenceOf(request), digest, mediaType, strategy, ...counted, notices: [...notices] };
  if (engineDigest === undefined) return outcome;
  logger.info(
    `Layers that the engine holds uncompressed were compressed: the manifest is ${digest}, and not the engine’s own, ${engineDigest}.`,
  );
  return { ...outcome, engineDigest };
}

/** Our manifest of an image whose layers are all in the repository; throws `imageMismatch` if that is not one image. */
export function composeCheckedManifest(
  { image, selection }: AttemptContext,
  ledger: LayerLedger,
  { config, layers }: KnownImage,
): { readonly bytes: Buffer; readonly digest: Digest } {
  const described = composeManifest({ config, layers });
  checkImage({
    image,
    selection,
    isEngineManifest: false,
    manifests: [{ bytes: described.bytes, mediaType: mediaTypes.ociManifest }],
    configs: new Map([[digestOf(config), config]]),
    blobs: new Map(
      ledger.storedLayers.map(({ diffId, proof, descriptor: { digest, size, mediaType } }) => [
        digest,
        { size, proof, layer: { diffId, mediaType } },
      ]),
    ),
    presentManifests: new Set(),
  });
  return described;
}

/** The manifest that our pushes make of config and layers. */
export function composeManifest(image: KnownImage): { readonly bytes: Buffer; readonly digest: Digest } {
  const config = { mediaType: mediaTypes.ociConfig, digest: digestOf(image.config), size: image.config.byteLength };
  const bytes = serializeManifest(config, image.layers);
  return { bytes, digest: digestOf(bytes) };
}

/** Of the layers and the config. */
export function countImage(
  ledger: LayerLedger,
  config: { readonly size: number; readonly isSent: boolean },
): CountedBytes {
  const layers = ledger.storedLayers.map(({ descriptor: { size }, origin }) => ({ size, origin }));
  return countBytes([...layers, { size: config.size, origin: config.isSent ? 'uploaded' : 'exists' }]);
}

function descriptorOf(ledger: LayerLedger, diffId: Digest): Descriptor {
  const stored = ledger.stored(diffId);
  if (stored === undefined) throw new Error(`layer ${diffId} was never stored`);
  return stored.descriptor;
}

/** Gives true if the config had to be sent. */
async function sendConfig({ target, blobs, signal }: AttemptContext, config: Uint8Array): Promise<boolean> {
  const digest = digestOf(config);
  if ((await blobs.head(digest, config.byteLength, signal)) === config.byteLength) return false;
  const sent = await blobs.uploads.sendOnce(digest, signal, async () => {
    await target.uploadBlob(bytesSource(config, digest), { signal, onSent: () => undefined });
    return true;
  });
  return sent === true;
}
