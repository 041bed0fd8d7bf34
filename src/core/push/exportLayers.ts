import { TeaChestError } from '../base/errors.ts';
import { Semaphore } from '../base/semaphore.ts';
import { TaskGroup } from '../base/taskGroup.ts';
import type { Digest } from '../oci/digest.ts';
import type { ArchiveImage, ImageDetails } from './contracts.ts';
import { LayerUpload } from './layerUpload.ts';
import type { PushRun } from './pushRun.ts';
import type { Spool } from './spool/spool.ts';

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
      } else if (item.expectedDiffId !== undefined && run.isTaken(item.expectedDiffId)) {
        diffIdOf.set(item.path, item.expectedDiffId);
      } else {
        const upload = await LayerUpload.begin(run, item.expectedDiffId, { spool, group, uploads });
        const taken = await upload.take(item);
        if (taken !== undefined) diffIdOf.set(item.path, taken.diffId);
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
