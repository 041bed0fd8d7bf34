import * as l10n from '@vscode/l10n';
import { TeaChestError, toTeaChestError } from '../../base/errors.ts';
import { Semaphore } from '../../base/semaphore.ts';
import type { TaskGroup } from '../../base/taskGroup.ts';
import type { Digest } from '../../oci/digest.ts';
import type { UploadPhase } from '../../ports/blobTarget.ts';
import type { ArchiveLayer } from '../../ports/imageSource.ts';
import type { Spool } from '../../spool/spool.ts';
import type { SpooledBlob } from '../../spool/spooledBlob.ts';
import type { LayerLedger } from '../layerLedger.ts';
import type { StatusChange } from '../layerStatusTable.ts';
import type { AttemptContext } from '../pushContext.ts';
import type { BlobOrigin } from '../repositoryBlobs.ts';
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

/** Other repositories that a layer is mounted or sent to at the same time, once the first one has it. */
const othersAtOnce = 4;

/** The repository of one image that layers are brought to. */
export interface Destination {
  readonly context: AttemptContext;
  readonly ledger: LayerLedger;
  /** Fires when the image is cancelled or has failed, or the transfer ends. */
  readonly signal: AbortSignal;
  /** The image has failed. Other images go on, unless this throws. */
  readonly fail: (error: TeaChestError) => void;
  /** What is being sent. */
  readonly sending: Set<Promise<unknown>>;
}

/** For a destination whose failure ends the transfer. */
export function rethrow(error: TeaChestError): never {
  throw error;
}

/** What the layer uploads of one transfer share. */
export interface LayerUploadContext {
  /** One for each image, all with the same codec. */
  readonly destinations: readonly [Destination, ...Destination[]];
  readonly spool: Spool;
  /** The uploads are its tasks: the first that fails ends the transfer. */
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

/** The destinations whose image has the layer, and that do not have it yet. */
export function wanting(destinations: readonly Destination[], diffId: Digest): readonly Destination[] {
  return destinations.filter(
    ({ ledger, signal }) => !signal.aborted && ledger.diffIds.has(diffId) && !ledger.isClaimed(diffId),
  );
}

/**
 * One layer, read once and brought to the repositories of all images that have it. Archives of old engines do not name a
 * layer: then its diffID is known only at its end.
 */
export class LayerUpload {
  /** Resolves once the layer is in the repositories, or is not wanted. */
  readonly sent: Promise<void>;
  readonly #shared: LayerUploadContext;
  readonly #blob: SpooledBlob;
  readonly #diffIds: ReadonlySet<Digest>;
  /** Where the layer goes. For a layer without a name, and several images, known once it was read. */
  readonly #targets = Promise.withResolvers<readonly Destination[]>();
  readonly #readEnd = Promise.withResolvers<undefined>();
  #known: readonly Destination[];
  #diffId: Digest | undefined;
  #isDiscarded = false;
  /** Why the layer could not be read. */
  #failure: TeaChestError | undefined;

  /** Waits for room in the spool. */
  static async begin(expected: Digest | undefined, shared: LayerUploadContext): Promise<LayerUpload> {
    return new LayerUpload(await shared.spool.begin(shared.group.signal), expected, shared);
  }

  private constructor(blob: SpooledBlob, expected: Digest | undefined, shared: LayerUploadContext) {
    const { destinations, spool, group, slots, smallSlots, isEngineWaiting = false } = shared;
    this.#shared = shared;
    this.#blob = blob;
    this.#diffId = expected;
    this.#diffIds = new Set(destinations.flatMap(({ ledger }) => [...ledger.diffIds]));
    this.#known = expected === undefined ? destinations : wanting(destinations, expected);
    if (expected !== undefined || destinations.length === 1) this.#targets.resolve(this.#known);
    this.sent = (async () => {
      const isSmall = await this.#isSmall();
      if (isSmall && isEngineWaiting) await this.#send();
      else await (isSmall ? smallSlots : slots).run(() => this.#send(), group.signal);
      // The image that it was for may have failed while it is still being read.
      await this.#readEnd.promise;
      // Not after a failure: the whole spool is removed anyway.
      await spool.release(blob);
    })();
    group.start(() => this.sent);
  }

  /**
   * Reads the layer to its end, compresses it and proves it; undefined for a layer of another image. If reading fails, the
   * upload fails at once.
   */
  async read(layer: ArchiveLayer): Promise<LayerRead | undefined> {
    const { group, isEngineWaiting = false } = this.#shared;
    this.#update({ state: 'reading', readTotal: layer.size });
    try {
      const read = await readLayer(layer, this.#blob, {
        codec: this.#shared.destinations[0].context.request.codec,
        diffIds: this.#diffIds,
        signal: group.signal,
        lead: isEngineWaiting ? containerdLead : undefined,
        onProgress: (progress) => {
          this.#update(progress);
        },
      });
      if (read === undefined) this.discard();
      else this.#identify(read, layer.size);
      return read;
    } catch (error) {
      this.#failure = toTeaChestError(error);
      this.#blob.fail(this.#failure);
      this.#targets.resolve([]);
      throw error;
    } finally {
      this.#readEnd.resolve(undefined);
    }
  }

  /** The layer is already claimed, or is not of these images, or its rest will not come. */
  discard(): void {
    this.#isDiscarded = true;
    this.#blob.fail(new TeaChestError('cancelled', l10n.t('This blob is not needed.')));
    this.#targets.resolve([]);
    this.#readEnd.resolve(undefined);
  }

  /** The row of the first image shows what is read: the others wait for it. */
  #update(change: StatusChange): void {
    this.#known[0]?.ledger.statuses.update(this.#diffId, change);
  }

  /** The bytes are all there and proved. */
  #identify({ diffId, descriptor, tarSize, storedByEngine }: LayerRead, readTotal: number): void {
    const { digest, size } = descriptor;
    this.#diffId = diffId;
    this.#known = wanting(this.#known, diffId);
    const [first] = this.#known;
    if (first === undefined) {
      this.discard();
      return;
    }
    const { cache, request } = first.context;
    if (!storedByEngine) cache.rememberLayer(diffId, request.codec.id, { digest, size, tarSize });
    const read = { readTotal, readBytes: readTotal, storedBytes: size, storedTotal: size };
    for (const { ledger } of this.#known) {
      ledger.claim({ diffId, descriptor, proof: 'hashedHere' });
      ledger.statuses.update(diffId, { state: 'uploading', ...read });
    }
    this.#blob.complete(digest);
    this.#targets.resolve(this.#known);
  }

  async #isSmall(): Promise<boolean> {
    try {
      return await this.#blob.isSmall(this.#shared.group.signal);
    } catch {
      // Sending fails for the same reason, and reports it.
      return false;
    }
  }

  /** To the first repository while the layer is still being read; then to the others, which can mostly mount it from there. */
  async #send(): Promise<void> {
    let rest = await this.#targets.promise;
    let stored: Destination | undefined;
    for (let [first] = rest; first !== undefined && stored === undefined; [first] = rest) {
      rest = rest.slice(1);
      if (await this.#sendTo(first)) stored = first;
    }
    const others = new Semaphore(othersAtOnce);
    await Promise.all(rest.map((one) => others.run(() => this.#sendTo(one, stored), this.#shared.group.signal)));
  }

  /** `stored`: a destination that has the layer by now. False if the image has failed, or the layer is not wanted. */
  async #sendTo(destination: Destination, stored?: Destination): Promise<boolean> {
    const { ledger, fail, sending } = destination;
    const isStored = stored !== undefined && isSameRepository(stored, destination);
    const upload = isStored ? Promise.resolve('exists' as const) : this.#upload(destination);
    sending.add(upload);
    try {
      const origin = await upload;
      if (this.#diffId !== undefined) ledger.markStored(this.#diffId, origin);
      return true;
    } catch (error) {
      if (this.#isDiscarded) return false;
      if (this.#failure !== undefined) throw this.#failure;
      fail(toTeaChestError(error, 'upload'));
      return false;
    } finally {
      sending.delete(upload);
    }
  }

  #upload({ context, ledger, signal }: Destination): Promise<BlobOrigin> {
    const onSent = (sentBytes: number): void => {
      ledger.statuses.update(this.#diffId, { sentBytes });
    };
    const onPhase = (phase: UploadPhase | undefined): void => {
      ledger.statuses.update(this.#diffId, { phase });
    };
    return sendBlob(this.#blob, context.blobs, { signal, isSlow: context.request.codec.isSlow, onSent, onPhase });
  }
}

function isSameRepository({ context: one }: Destination, { context: other }: Destination): boolean {
  return one.request.origin === other.request.origin && one.target.repository === other.target.repository;
}
