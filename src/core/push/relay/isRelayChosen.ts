import { availableParallelism } from 'node:os';
import { mediaTypes } from '../../oci/mediaTypes.ts';
import type { ImageDetails } from '../../ports/imageSource.ts';
import type { PushRun } from '../pushRun.ts';
import { chooseStrategy, type CodecKind } from './chooseStrategy.ts';
import { RelayUnavailable, type RelayParts } from '../../relay/pushFromEngine.ts';
import { layerSizes } from './layerSizes.ts';
import { hasDigests } from '../../relay/primeDigests.ts';
import { isTemporaryName } from '../../relay/temporaryTag.ts';

/** Before the plan: will the engine push to us, and ask for every blob by its digest? So does containerd's store. */
export async function doesEngineAsk(
  { request }: PushRun,
  image: ImageDetails,
  parts: RelayParts | undefined,
  signal: AbortSignal,
): Promise<boolean> {
  if (parts === undefined || request.strategy === 'export' || !parts.reachability.isWorthTrying(parts.pusher.id)) {
    return false;
  }
  if (image.references.every((reference) => isTemporaryName(reference))) return false;
  return (await parts.pusher.store({ signal })) === 'containerd';
}

/**
 * True if layers that the engine holds uncompressed are to be compressed on the way. Images alone: what an index says of
 * its attestations would no longer be true of a manifest of ours.
 */
export function compressesStored({ request }: PushRun, { manifestType }: ImageDetails): boolean {
  const isImage = manifestType === mediaTypes.ociManifest || manifestType === mediaTypes.dockerManifest;
  return request.compressStored === true && !request.codec.isIdentity && isImage;
}

/** After the plan: is the engine to push to us, rather than its image exported? Asks the engine for sizes if it must. */
export async function isRelayChosen(
  run: PushRun,
  image: ImageDetails,
  parts: RelayParts,
  signal: AbortSignal,
): Promise<boolean> {
  const { request, cache } = run;
  // Without a name of its own: the temporary name would be the only one, and taking it away would take the image with it.
  const isUnnamed = image.references.filter((reference) => !isTemporaryName(reference)).length === 0;
  if (request.strategy === 'relay' && isUnnamed) throw new RelayUnavailable('The image has no name of its own.');
  if (request.strategy === 'relay') return true;
  if (request.strategy === 'export' || isUnnamed || !parts.reachability.isWorthTrying(parts.pusher.id)) return false;
  const store = await parts.pusher.store({ signal });
  // Such an engine compresses by gzip, whatever was asked for.
  if (store === 'classic' && !run.takesGzip) return false;
  const diffIds = [...run.diffIds];
  const isMissing = diffIds.map((diffId) => run.stored(diffId) === undefined);
  const counted = image.diffIds.map(
    (diffId) => (cache.layer(diffId, request.codec.id) ?? cache.engineBlob(diffId))?.tarSize,
  );
  const isCounted = store === 'containerd' || counted.every((size) => size !== undefined);
  const history = isCounted ? [] : await parts.pusher.historySizes(image.id, { signal });
  const sizes = layerSizes(counted, history, image.size);
  const choice = chooseStrategy({
    store,
    layers: diffIds.map((diffId, at) => ({
      bytes: sizes[image.diffIds.indexOf(diffId)] ?? 0,
      isMissing: isMissing[at] === true,
    })),
    knowsDigests: hasDigests(
      diffIds.filter((_, at) => isMissing[at] === false),
      parts,
      cache,
    ),
    cores: availableParallelism(),
    codec: codecKind(request.codec.mediaType),
  });
  run.logger.debug(
    `${choice.strategy}: pushed by the engine about ${choice.relayMs} ms, exported ${choice.exportMs} ms`,
  );
  return choice.strategy === 'relay';
}

function codecKind(mediaType: string): CodecKind {
  if (mediaType === mediaTypes.ociLayerZstd) return 'zstd';
  return mediaType === mediaTypes.ociLayer ? 'none' : 'gzip';
}
