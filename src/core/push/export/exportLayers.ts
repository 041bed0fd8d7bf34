import { TeaChestError } from '../../base/errors.ts';
import { Semaphore } from '../../base/semaphore.ts';
import { TaskGroup } from '../../base/taskGroup.ts';
import type { Digest } from '../../oci/digest.ts';
import type { ArchiveImage, ArchiveLayer, ImageDetails } from '../../ports/imageSource.ts';
import { LayerUpload, type LayerUploads } from './layerUpload.ts';
import type { PushRun } from '../pushRun.ts';
import type { Spool } from '../../spool/spool.ts';

/**
 * Streams the image out of the engine once. Each layer the registry lacks is proved, compressed into the spool and sent
 * beside the reading of the next. Afterwards `run.placed` has every layer; gives what the archive says of the image.
 */
export async function exportLayers(
  run: PushRun,
  image: ImageDetails,
  spool: Spool,
  signal: AbortSignal,
): Promise<ArchiveImage> {
  const group = new TaskGroup(signal);
  const uploads = new Semaphore(run.request.parallelBlobs);
  const diffIdOf = new Map<string, Digest>();
  let described: ArchiveImage | undefined;

  await group.run(async () => {
    const onReceived = (bytes: number): void => {
      run.onEvent({ type: 'received', bytes });
    };
    onReceived(0);
    for await (const item of run.source.open(image, { signal: group.signal, onReceived })) {
      if (item.kind === 'image') {
        described = item;
      } else if (item.expectedDiffId !== undefined && run.isClaimed(item.expectedDiffId)) {
        diffIdOf.set(item.path, item.expectedDiffId);
      } else {
        const diffId = await sendOrShare(run, item, { spool, group, uploads });
        if (diffId !== undefined) diffIdOf.set(item.path, diffId);
      }
    }
  });
  if (described === undefined) {
    throw new TeaChestError('archiveTruncated', 'The engine ended the image’s archive before it said what is in it.', {
      stage: 'export',
    });
  }
  checkLayers(image, described, diffIdOf);
  return described;
}

/**
 * Reads and sends a layer, or lets another push of this window do that which has begun already: its blob is proved
 * there. If that one fails, the layer is read here. Gives its diffID; undefined for a layer of another image.
 */
async function sendOrShare(run: PushRun, layer: ArchiveLayer, shared: LayerUploads): Promise<Digest | undefined> {
  const diffId = layer.expectedDiffId;
  if (diffId === undefined) return (await (await LayerUpload.begin(run, diffId, shared)).take(layer))?.diffId;
  const layerOf = { diffId, codecId: run.request.codec.id };
  const claim = await run.findOptions.uploads.claimLayer(layerOf, shared.group.signal);
  if (claim.kind === 'shared') {
    run.claim({ diffId, descriptor: claim.result, proof: 'hashedHere' });
    run.markStored(diffId, 'exists');
    return diffId;
  }
  try {
    const upload = await LayerUpload.begin(run, diffId, shared);
    const end = (): void => {
      const placed = run.stored(diffId);
      if (placed === undefined) claim.failed();
      else claim.done(placed.descriptor);
    };
    void upload.sent.then(end, end);
    return (await upload.take(layer))?.diffId;
  } catch (error) {
    claim.failed();
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
