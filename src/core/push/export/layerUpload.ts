import { TeaChestError, toTeaChestError } from '../../base/errors.ts';
import { Semaphore } from '../../base/semaphore.ts';
import type { TaskGroup } from '../../base/taskGroup.ts';
import type { Digest } from '../../oci/digest.ts';
import type { ArchiveLayer } from '../../ports/imageSource.ts';
import type { Spool } from '../../spool/spool.ts';
import type { SpooledBlob } from '../../spool/spooledBlob.ts';
import type { LayerLedger } from '../layerLedger.ts';
import type { AttemptContext } from '../pushContext.ts';
import { sendBlob } from '../sendBlob.ts';
import { readLayer, type LayerRead } from './readLayer.ts';

/** Bytes that an engine with containerd's store may have sent beyond those that are uploaded. */
export const containerdLead = 8 * 1024 * 1024;

/** How many small layers are sent at a time for each large one that may be. */
const smallForEachLarge = 3;

/** Both kinds of slots, by the setting for large blobs. */
export function uploadSlots(parallelBlobs: number): Pick<LayerUploadContext, 'slots' | 'smallSlots'> {
  return { slots: new Semaphore(parallelBlobs), smallSlots: new Semaphore(parallelBlobs * smallForEachLarge) };
}

/** What the layer uploads of one attempt share. */
export interface LayerUploadContext {
  readonly context: AttemptContext;
  readonly ledger: LayerLedger;
  readonly spool: Spool;
  /** The uploads are its tasks: the first that fails ends the push. */
  readonly group: TaskGroup;
  /** Limits how many blobs are sent at one time. */
  readonly slots: Semaphore;
  /** The same for small ones, of which more fit: they wait for the registry's answers and not for the link. */
  readonly smallSlots: Semaphore;
  /**
   * True for layers that an engine with containerd's store pushes to us. After its last byte containerd 2.3 waits 30 s at
   * most for the response (moby #53700): so we read only a little more than is uploaded, and small layers do not queue.
   */
  readonly isEngineWaiting?: boolean;
}

/** One layer, read and sent at the same time. Archives of old engines do not name a layer: then its diffID is known only at its end. */
export class LayerUpload {
  /** Resolves once the layer is in the repository, or is not wanted. */
  readonly sent: Promise<void>;
  readonly #shared: LayerUploadContext;
  readonly #blob: SpooledBlob;
  #diffId: Digest | undefined;
  #isDiscarded = false;

  /** Waits for room in the spool. */
  static async begin(expected: Digest | undefined, shared: LayerUploadContext): Promise<LayerUpload> {
    return new LayerUpload(await shared.spool.begin(shared.group.signal), expected, shared);
  }

  private constructor(blob: SpooledBlob, expected: Digest | undefined, shared: LayerUploadContext) {
    const { spool, group, slots, smallSlots, isEngineWaiting = false } = shared;
    this.#shared = shared;
    this.#blob = blob;
    this.#diffId = expected;
    this.sent = (async () => {
      const isSmall = await this.#isSmall();
      if (isSmall && isEngineWaiting) await this.#send();
      else await (isSmall ? smallSlots : slots).run(() => this.#send(), group.signal);
      // Not after a failure: somebody may still be writing, and the whole spool is removed anyway.
      await spool.release(blob);
    })();
    group.start(() => this.sent);
  }

  /**
   * Reads the layer to its end, compresses it and proves it; undefined for a layer of another image. If reading fails, the
   * upload fails at once.
   */
  async read(layer: ArchiveLayer): Promise<LayerRead | undefined> {
    const { context, ledger, group, isEngineWaiting = false } = this.#shared;
    ledger.statuses.update(this.#diffId, { state: 'reading', readTotal: layer.size });
    try {
      const read = await readLayer(layer, this.#blob, {
        codec: context.request.codec,
        diffIds: ledger.diffIds,
        signal: group.signal,
        lead: isEngineWaiting ? containerdLead : undefined,
        onProgress: (readBytes, storedBytes) => {
          ledger.statuses.update(this.#diffId, { readBytes, storedBytes });
        },
      });
      if (read === undefined || ledger.isClaimed(read.diffId)) this.discard();
      else this.#identify(read, layer.size);
      return read;
    } catch (error) {
      this.#blob.fail(toTeaChestError(error));
      throw error;
    }
  }

  /** The layer is already claimed, or is not of this image, or its rest will not come. */
  discard(): void {
    this.#isDiscarded = true;
    this.#blob.fail(new TeaChestError('cancelled', 'This blob is not needed.'));
  }

  /** The bytes are all there and proved. */
  #identify({ diffId, descriptor, tarSize, storedByEngine }: LayerRead, readTotal: number): void {
    const { context, ledger } = this.#shared;
    const { digest, size } = descriptor;
    this.#diffId = diffId;
    ledger.claim({ diffId, descriptor, proof: 'hashedHere' });
    if (!storedByEngine) context.cache.rememberLayer(diffId, context.request.codec.id, { digest, size, tarSize });
    const read = { readTotal, readBytes: readTotal, storedBytes: size, storedTotal: size };
    ledger.statuses.update(diffId, { state: 'uploading', ...read });
    this.#blob.complete(digest);
  }

  async #isSmall(): Promise<boolean> {
    try {
      return await this.#blob.isSmall(this.#shared.group.signal);
    } catch {
      // Sending fails for the same reason, and reports it.
      return false;
    }
  }

  async #send(): Promise<void> {
    const { context, ledger, group } = this.#shared;
    try {
      const origin = await sendBlob(this.#blob, context.blobs, {
        signal: group.signal,
        isSlow: context.request.codec.isSlow,
        onSent: (sentBytes) => {
          ledger.statuses.update(this.#diffId, { sentBytes });
        },
      });
      if (this.#diffId !== undefined) ledger.markStored(this.#diffId, origin);
    } catch (error) {
      if (!this.#isDiscarded) throw toTeaChestError(error, 'upload');
    }
  }
}
