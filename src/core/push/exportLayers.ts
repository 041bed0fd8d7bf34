import { TeaChestError, toTeaChestError } from '../base/errors.ts';
import { Semaphore } from '../base/semaphore.ts';
import { TaskGroup } from '../base/taskGroup.ts';
import type { Digest } from '../oci/digest.ts';
import type { ArchiveImage, ArchiveLayer, ImageDetails } from './contracts.ts';
import { takeLayer, type TakenLayer } from './layerIntake.ts';
import type { PushRun } from './pushRun.ts';
import { sendBlob } from './sendBlob.ts';
import type { Spool } from './spool/spool.ts';
import type { SpooledBlob } from './spool/spooledBlob.ts';

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
        const taken = await readAndSend(run, item, spool, group, uploads);
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

async function readAndSend(
  run: PushRun,
  layer: ArchiveLayer,
  spool: Spool,
  group: TaskGroup,
  uploads: Semaphore,
): Promise<TakenLayer | undefined> {
  const blob = await spool.begin(group.signal);
  const upload = new LayerUpload(run, blob, layer.expectedDiffId);
  group.start(async () => {
    await uploads.run(() => upload.send(group.signal), group.signal);
    // Only then: after a failure somebody may still be writing, and the whole spool goes anyway.
    await spool.release(blob);
  });
  run.board.update(upload.diffId, { state: 'reading', readTotal: layer.size });
  const taken = await upload.reading(
    takeLayer(layer, blob, {
      codec: run.request.codec,
      diffIds: run.diffIds,
      signal: group.signal,
      onProgress: (readBytes, storedBytes) => {
        run.board.update(upload.diffId, { readBytes, storedBytes });
      },
    }),
  );
  if (taken === undefined || run.isTaken(taken.diffId)) upload.discard();
  else upload.identify(taken, layer.size);
  return taken;
}

/** One layer on its way; what it is may become clear only when it has been read to its end. */
class LayerUpload {
  diffId: Digest | undefined;
  readonly #run: PushRun;
  readonly #blob: SpooledBlob;
  #unwanted = false;

  constructor(run: PushRun, blob: SpooledBlob, expected: Digest | undefined) {
    this.#run = run;
    this.#blob = blob;
    this.diffId = expected;
  }

  /** Whoever waits for the rest of the blob learns at once that it will not come. */
  async reading(work: Promise<TakenLayer | undefined>): Promise<TakenLayer | undefined> {
    try {
      return await work;
    } catch (error) {
      this.#blob.fail(toTeaChestError(error));
      throw error;
    }
  }

  /** The bytes are all there and proved. */
  identify(taken: TakenLayer, readTotal: number): void {
    const { diffId, descriptor, tarSize } = taken;
    this.diffId = diffId;
    this.#run.take(taken);
    if (!taken.storedByEngine) {
      const known = { digest: descriptor.digest, size: descriptor.size, tarSize };
      this.#run.cache.rememberLayer(diffId, this.#run.request.codec.id, known);
    }
    const read = { readTotal, readBytes: readTotal, storedBytes: descriptor.size, storedTotal: descriptor.size };
    this.#run.board.update(diffId, { state: 'uploading', ...read });
    this.#blob.complete(descriptor.digest);
  }

  /** The bytes turned out to be those of a layer that is taken care of, or of no layer of this image. */
  discard(): void {
    this.#unwanted = true;
    this.#blob.fail(new TeaChestError('cancelled', 'This blob is not needed.'));
  }

  async send(signal: AbortSignal): Promise<void> {
    try {
      const how = await sendBlob(this.#blob, this.#run.ladder, {
        signal,
        isMissing: (digest) => this.#run.missing.has(digest),
        onSent: (sentBytes) => {
          this.#run.board.update(this.diffId, { sentBytes });
        },
      });
      if (this.diffId !== undefined) this.#run.place(this.diffId, how);
    } catch (error) {
      if (!this.#unwanted) throw toTeaChestError(error, 'upload');
    }
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
