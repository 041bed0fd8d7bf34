import { TeaChestError } from '../../base/errors.ts';
import { TaskGroup } from '../../base/taskGroup.ts';
import type { Digest } from '../../oci/digest.ts';
import type { ArchiveImage, ArchiveLayer, ImageDetails } from '../../ports/imageSource.ts';
import type { Spool } from '../../spool/spool.ts';
import type { LayerLedger } from '../layerLedger.ts';
import type { TransferredLayers } from '../publishLayers.ts';
import type { AttemptContext } from '../pushContext.ts';
import { LayerUpload, uploadSlots, type LayerUploadContext } from './layerUpload.ts';
import { isSmallLayer, SmallLayers } from './smallLayers.ts';

/**
 * Streams the image out of the engine once. Each layer that the registry lacks is proved, compressed into the spool and
 * sent while the next one is read. Afterwards the ledger has every layer as stored.
 */
export async function transferByExport(
  context: AttemptContext,
  ledger: LayerLedger,
  spool: Spool,
): Promise<TransferredLayers> {
  const { source, image, request, signal, onEvent } = context;
  const group = new TaskGroup(signal);
  const uploads = { context, ledger, spool, group, ...uploadSlots(request.parallelBlobs) };
  const diffIdOf = new Map<string, Digest>();
  let described: ArchiveImage | undefined;
  const send = async (layer: ArchiveLayer): Promise<void> => {
    const diffId = await sendOrShare(layer, uploads);
    if (diffId !== undefined) diffIdOf.set(layer.path, diffId);
  };
  const small = new SmallLayers(group, send);

  await group.run(async () => {
    const onReceived = (bytes: number): void => {
      onEvent({ type: 'received', bytes });
    };
    onReceived(0);
    for await (const item of source.exportImage(image, { signal: group.signal, onReceived })) {
      if (item.kind === 'image') {
        described = item;
      } else if (
        item.expectedDiffId !== undefined &&
        (ledger.isClaimed(item.expectedDiffId) || small.has(item.expectedDiffId))
      ) {
        diffIdOf.set(item.path, item.expectedDiffId);
      } else if (isSmallLayer(item)) await small.begin(item);
      else await send(item);
    }
  });
  if (described === undefined) {
    throw new TeaChestError('archiveTruncated', 'The engine ended the image’s archive before it said what is in it.', {
      stage: 'export',
    });
  }
  checkLayers(image, described, diffIdOf);
  return { kind: 'layers', strategy: 'export', config: described.config };
}

/**
 * Reads and sends a layer, or waits for another push of this window that already does: its blob is proved there. If that
 * one fails, the layer is read here. Gives its diffID; undefined for a layer of another image.
 */
async function sendOrShare(layer: ArchiveLayer, uploads: LayerUploadContext): Promise<Digest | undefined> {
  const { context, ledger, group } = uploads;
  const diffId = layer.expectedDiffId;
  if (diffId === undefined) return (await (await LayerUpload.begin(undefined, uploads)).read(layer))?.diffId;
  const shared = await context.blobs.uploads.claimLayer({ diffId, codecId: context.request.codec.id }, group.signal);
  if (shared.kind === 'shared') {
    ledger.claimStored({ diffId, descriptor: shared.result, proof: 'hashedHere' }, 'exists');
    return diffId;
  }
  try {
    const upload = await LayerUpload.begin(diffId, uploads);
    const end = (): void => {
      const stored = ledger.stored(diffId);
      if (stored === undefined) shared.failed();
      else shared.done(stored.descriptor);
    };
    void upload.sent.then(end, end);
    return (await upload.read(layer))?.diffId;
  } catch (error) {
    shared.failed();
    throw error;
  }
}

/** The archive lists its layers by path: they must be the image's diffIDs, in order, and all of them. */
function checkLayers(image: ImageDetails, archive: ArchiveImage, diffIdOf: ReadonlyMap<string, Digest>): void {
  const listed = archive.layers.map((path) => diffIdOf.get(path));
  const same = listed.length === image.diffIds.length && image.diffIds.every((diffId, at) => listed[at] === diffId);
  if (same) return;
  throw new TeaChestError(
    'archiveInvalid',
    `The engine’s archive does not hold the layers it lists: the image has ${image.diffIds.length}, the archive names ${archive.layers.length}, and they are not the same.`,
    { stage: 'verify', facts: { imageLayers: [...image.diffIds], archiveLayers: [...archive.layers] } },
  );
}
