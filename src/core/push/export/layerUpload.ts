import { TeaChestError, toTeaChestError } from '../../base/errors.ts';
import type { Semaphore } from '../../base/semaphore.ts';
import type { TaskGroup } from '../../base/taskGroup.ts';
import type { Digest } from '../../oci/digest.ts';
import type { ArchiveLayer } from '../../ports/imageSource.ts';
import { readLayer, type LayerRead } from './readLayer.ts';
import type { PushRun } from '../pushRun.ts';
import { sendBlob } from '../sendBlob.ts';
import type { Spool } from '../../spool/spool.ts';
import type { SpooledBlob } from '../../spool/spooledBlob.ts';

/** Bytes that containerd's store may be ahead of an upload. */
export const ahead = 8 * 1024 * 1024;

/** What the layers of one push share. */
export interface LayerUploads {
  readonly spool: Spool;
  /** The uploads are its tasks: the first that fails ends the push. */
  readonly group: TaskGroup;
  readonly uploads: Semaphore;
  /**
   * True for layers that an engine pushes to us. Containerd 2.3 waits no more than 30 s for the answer once it has sent
   * the last byte (moby #53700): so it is held back, and layers that are complete at once do not queue.
   */
  readonly isAwaited?: boolean;
}

/** One layer on its way, read and sent at the same time; what it is may become clear only when it has been read. */
export class LayerUpload {
  /** Resolves once the layer is in the repository, or is not wanted. */
  readonly sent: Promise<void>;
  readonly #run: PushRun;
  readonly #blob: SpooledBlob;
  readonly #signal: AbortSignal;
  readonly #isAwaited: boolean;
  #diffId: Digest | undefined;
  #unwanted = false;

  /** Waits for room in the spool. */
  static async begin(run: PushRun, expected: Digest | undefined, shared: LayerUploads): Promise<LayerUpload> {
    return new LayerUpload(run, await shared.spool.begin(shared.group.signal), expected, shared);
  }

  private constructor(
    run: PushRun,
    blob: SpooledBlob,
    expected: Digest | undefined,
    { spool, group, uploads, isAwaited = false }: LayerUploads,
  ) {
    this.#run = run;
    this.#blob = blob;
    this.#signal = group.signal;
    this.#isAwaited = isAwaited;
    this.#diffId = expected;
    this.sent = (async () => {
      const isSmall = isAwaited && (await this.#isCompleteAtOnce());
      await (isSmall ? this.#send() : uploads.run(() => this.#send(), group.signal));
      // Only then: after a failure somebody may still be writing, and the whole spool goes anyway.
      await spool.release(blob);
    })();
    group.start(() => this.sent);
  }

  /**
   * Reads the layer to its end, compresses it and proves it; undefined for a layer of another image. Whoever sends it
   * learns at once if the rest will not come.
   */
  async take(layer: ArchiveLayer): Promise<LayerRead | undefined> {
    this.#run.statusTable.update(this.#diffId, { state: 'reading', readTotal: layer.size });
    try {
      const taken = await readLayer(layer, this.#blob, {
        codec: this.#run.request.codec,
        diffIds: this.#run.diffIds,
        signal: this.#signal,
        ahead: this.#isAwaited ? ahead : undefined,
        onProgress: (readBytes, storedBytes) => {
          this.#run.statusTable.update(this.#diffId, { readBytes, storedBytes });
        },
      });
      if (taken === undefined || this.#run.isClaimed(taken.diffId)) this.discard();
      else this.#identify(taken, layer.size);
      return taken;
    } catch (error) {
      this.#blob.fail(toTeaChestError(error));
      throw error;
    }
  }

  /** The bytes are those of a layer that is taken care of, or of no layer of this image, or their rest will not come. */
  discard(): void {
    this.#unwanted = true;
    this.#blob.fail(new TeaChestError('cancelled', 'This blob is not needed.'));
  }

  /** The bytes are all there and proved. */
  #identify(taken: LayerRead, readTotal: number): void {
    const { diffId, descriptor, tarSize } = taken;
    this.#diffId = diffId;
    this.#run.claim({ diffId, descriptor, proof: 'hashedHere' });
    if (!taken.storedByEngine) {
      const known = { digest: descriptor.digest, size: descriptor.size, tarSize };
      this.#run.cache.rememberLayer(diffId, this.#run.request.codec.id, known);
    }
    const read = { readTotal, readBytes: readTotal, storedBytes: descriptor.size, storedTotal: descriptor.size };
    this.#run.statusTable.update(diffId, { state: 'uploading', ...read });
    this.#blob.complete(descriptor.digest);
  }

  async #isCompleteAtOnce(): Promise<boolean> {
    try {
      return await this.#blob.begun(this.#signal);
    } catch {
      // Who sends it meets the same, and says it.
      return false;
    }
  }

  async #send(): Promise<void> {
    try {
      const how = await sendBlob(this.#blob, this.#run.findOptions, {
        signal: this.#signal,
        isMissing: (digest) => this.#run.missing.has(digest),
        onSent: (sentBytes) => {
          this.#run.statusTable.update(this.#diffId, { sentBytes });
        },
      });
      if (this.#diffId !== undefined) this.#run.markStored(this.#diffId, how);
    } catch (error) {
      if (!this.#unwanted) throw toTeaChestError(error, 'upload');
    }
  }
}
