import { availableParallelism } from 'node:os';
import * as l10n from '@vscode/l10n';
import { TeaChestError } from '../base/errors.ts';
import { formatNumber } from '../base/formatNumber.ts';
import { codecKindOf } from '../compress/codecSpeeds.ts';
import type { Digest } from '../oci/digest.ts';
import { isImageManifest, mediaTypes } from '../oci/mediaTypes.ts';
import type { ImageDetails } from '../ports/imageSource.ts';
import { hasDigests } from '../relay/primeDigests.ts';
import type { RelayParts } from '../relay/pushFromEngine.ts';
import { relayObstacle } from '../relay/relayObstacle.ts';
import type { AttemptContext, PushContext, PushRequest } from './pushContext.ts';
import { estimateTransfer, layerSizes } from './transferCosts.ts';

/** Whether the engine can push this image to us. */
export type RelayOption =
  | { readonly isPossible: false; readonly reason: string }
  | {
      readonly isPossible: true;
      readonly parts: RelayParts;
      readonly store: 'classic' | 'containerd';
    };

export type Transfer =
  | { readonly by: 'export'; readonly reason: string }
  | {
      readonly by: 'relay';
      readonly reason: string;
      readonly parts: RelayParts;
      readonly store: 'classic' | 'containerd';
    };

/** The layers of an image, and which of them the registry has. */
export interface StoredLayers {
  readonly diffIds: ReadonlySet<Digest>;
  stored(diffId: Digest): unknown;
}

type TransferContext = Pick<AttemptContext, 'request' | 'image' | 'cache' | 'logger' | 'signal'>;

/**
 * True if a push must compress the layers that containerd's store holds uncompressed. Images alone: the attestations of an
 * index name its manifests by digest, and would no longer be true of a manifest of ours.
 */
export function compressesStored(
  { isCodecRequired = false, codec }: Pick<PushRequest, 'isCodecRequired' | 'codec'>,
  { manifestType }: Pick<ImageDetails, 'manifestType'>,
): boolean {
  return isCodecRequired && !codec.isIdentity && isImageManifest(manifestType);
}

/** True if layers that the engine has compressed with gzip meet the request. */
export function acceptsEngineGzip({
  isCodecRequired = false,
  codec,
}: Pick<PushRequest, 'isCodecRequired' | 'codec'>): boolean {
  return !isCodecRequired || codec.mediaType === mediaTypes.ociLayerGzip;
}

/** Called before the plan. */
export function findRelay({
  request,
  image,
  selection,
  relay,
  source,
}: Pick<PushContext, 'request' | 'image' | 'selection' | 'relay' | 'source'>): RelayOption {
  const isRequired = request.strategy === 'relay';
  const impossible = (reason: string): RelayOption => ({ isPossible: false, reason });
  if (request.strategy === 'export') return impossible(l10n.t('An export is asked for.'));
  if (relay === undefined)
    return impossible(source.whyNoPusher?.() ?? l10n.t('Tea Chest could not open a port for it at 127.0.0.1.'));
  const obstacle = relayObstacle(image, relay, { isRequired });
  if (obstacle !== undefined) return impossible(obstacle);
  if (selection.kind === 'available') return impossible(l10n.t('It pushes an index only if it has all of it.'));
  if (selection.kind === 'unlisted' && selection.platform !== undefined) {
    return impossible(l10n.t('It cannot be asked for one platform of an image (Docker 28 can).'));
  }
  const store = image.storesBlobs === true ? 'containerd' : 'classic';
  if (store === 'classic' && !isRequired && !acceptsEngineGzip(request)) {
    return impossible(l10n.t('It compresses by gzip, and another compression is asked for.'));
  }
  return { isPossible: true, parts: relay, store };
}

/**
 * Called after the plan. Containerd's store holds the blobs as they are published, so its images are always relayed. For a
 * classic store it is the transfer that is estimated to end sooner. Rejects if the relay is required and not possible.
 */
export async function chooseTransfer(
  context: TransferContext,
  layers: StoredLayers,
  relay: RelayOption,
): Promise<Transfer> {
  const isRequired = context.request.strategy === 'relay';
  if (!relay.isPossible) {
    if (isRequired) throw relayRefused(relay.reason);
    return { by: 'export', reason: relay.reason };
  }
  const { parts, store } = relay;
  // A classic engine does not export an image without layers (moby: “empty export - not implemented”).
  const isExportable = store === 'classic' && context.image.diffIds.length > 0;
  if (isRequired || !isExportable) {
    const reason = isRequired ? l10n.t('The engine’s own push is asked for.') : engineHasBlobs;
    return { by: 'relay', reason, parts, store };
  }
  const { isRelaySooner, relayMs, exportMs } = await estimate(context, layers, parts);
  const reason = l10n.t`Estimated on the engine’s side: ${seconds(relayMs)} by its own push, ${seconds(exportMs)} by an export.`;
  context.logger.debug(
    `${isRelaySooner ? 'relay' : 'export'}: Estimated on the engine’s side: ${(relayMs / 1000).toFixed(1)} s by its own push, ${(exportMs / 1000).toFixed(1)} s by an export.`,
  );
  return isRelaySooner ? { by: 'relay', reason, parts, store } : { by: 'export', reason };
}

/** Of containerd's store. Images without layers are always pushed by the engine too. */
const engineHasBlobs = l10n.t('The engine holds the image as it is published, and pushes only what is missing.');

function seconds(ms: number): string {
  return l10n.t`${formatNumber(ms / 1000, 1)} s`;
}

/** The error if the relay is required and not possible. */
export function relayRefused(reason: string, cause?: unknown): TeaChestError {
  const message = l10n.t`The strategy “relay” is asked for, but the container engine cannot push to Tea Chest. ${reason}`;
  return new TeaChestError('engineFailed', message, { cause });
}

/** Asks the engine for the sizes of layers that no push has counted. */
async function estimate(
  { image, cache, request, signal }: TransferContext,
  layers: StoredLayers,
  parts: RelayParts,
): Promise<ReturnType<typeof estimateTransfer>> {
  const counted = image.diffIds.map(
    (diffId) => (cache.layer(diffId, request.codec.id) ?? cache.engineBlob(diffId))?.tarSize,
  );
  const history = counted.includes(undefined) ? await parts.pusher.historySizes(image.id, { signal }) : [];
  const sizes = layerSizes(counted, history, image.size);
  const diffIds = [...layers.diffIds];
  const present = diffIds.filter((diffId) => layers.stored(diffId) !== undefined);
  return estimateTransfer({
    layers: diffIds.map((diffId) => ({
      bytes: sizes[image.diffIds.indexOf(diffId)] ?? 0,
      isMissing: layers.stored(diffId) === undefined,
    })),
    knowsDigests: hasDigests(present, parts, cache),
    cores: availableParallelism(),
    codec: codecKindOf(request.codec.mediaType),
  });
}
