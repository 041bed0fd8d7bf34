import * as l10n from '@vscode/l10n';
import { TeaChestError } from '../../base/errors.ts';
import { Semaphore } from '../../base/semaphore.ts';
import type { TaskGroup } from '../../base/taskGroup.ts';
import type { Digest } from '../../oci/digest.ts';
import type { UploadPhase } from '../../ports/blobTarget.ts';
import { UploadInterruptedError } from '../../ports/uploadInterruptedError.ts';
import { BoundedPipe, detachBuffer } from '../../relay/boundedPipe.ts';
import type { BlobClaim, IncomingBlob, RelayBackend, RelayedManifest } from '../../relay/relayBackend.ts';
import { SendAgainError } from '../../relay/relayErrors.ts';
import { SmallBlobs } from '../../relay/smallBlobs.ts';
import type { Spool } from '../../spool/spool.ts';
import { LayerUpload, rethrow } from '../export/layerUpload.ts';
import type { LayerLedger } from '../layerLedger.ts';
import type { StatusChange } from '../layerStatusTable.ts';
import type { AttemptContext } from '../pushContext.ts';
import type { BlobOrigin } from '../repositoryBlobs.ts';
import type { PreopenedSessions } from './preopenedSessions.ts';
import { SpooledForward } from './spooledForward.ts';

/**
 * Of each blob that an engine pushes, this many bytes are kept in memory as well: what an upload that keeps up will read
 * next. Of an archive's blobs none: many more of them wait at one time.
 */
const recentBytes = 24 * 1024 * 1024;
/** Small blobs that are streamed concurrently. With the large ones they leave some of the 16 connections for HEAD requests. */
const smallAtOnce = 8;
/** A blob that is in the repository. */
export interface ForwardedBlob {
  readonly size: number;
  readonly origin: BlobOrigin;
  /** Its first bytes, where the engine sent it through the spool. */
  readonly head?: Uint8Array | undefined;
}

export interface BlobForwarderOptions {
  readonly engineId: string;
  /** Classic engines are answered by layer, not by digest: we compose a manifest of our own. */
  readonly isClassic: boolean;
  /** The blobs come from an archive, each of them once: they go through the spool, and nobody waits for an answer. */
  readonly isArchive?: boolean;
  readonly spool: Spool;
  /** The uploads are its tasks: the first that fails ends the push. */
  readonly group: TaskGroup;
  /** The caller closes them. */
  readonly sessions: PreopenedSessions;
  /** Resolves once it is proved that we may write there. Other requests wait for that. */
  readonly access: Promise<void>;
  readonly onManifest: (manifest: RelayedManifest) => void;
}

/**
 * Forwards the blobs that an engine pushes to the registry while they arrive. Containerd's client can send a blob again, so
 * its blobs are streamed and not kept. When an upload breaks, the engine sends that blob again; it and all later ones go
 * through the spool, from which a broken upload can be repeated. Blobs of a classic engine always go through the spool.
 */
export class BlobForwarder implements RelayBackend {
  /** The blobs that the engine asked for or sent and that are in the repository. */
  readonly blobs = new Map<Digest, ForwardedBlob>();
  /** In the order of their arrival: each manifest before the index that refers to it. */
  readonly manifests: RelayedManifest[] = [];
  readonly small = new SmallBlobs();
  readonly #context: AttemptContext;
  readonly #ledger: LayerLedger;
  readonly #options: BlobForwarderOptions;
  readonly #uploads: Semaphore;
  readonly #smallUploads = new Semaphore(smallAtOnce);
  #mustSpool: boolean;

  constructor(context: AttemptContext, ledger: LayerLedger, options: BlobForwarderOptions) {
    this.#context = context;
    this.#ledger = ledger;
    this.#options = options;
    this.#uploads = new Semaphore(context.request.parallelBlobs);
    this.#mustSpool = options.isClassic || options.isArchive === true;
  }

  async headBlob(digest: Digest): Promise<number | undefined> {
    const present = this.blobs.get(digest);
    if (present !== undefined) return present.size;
    const { isClassic, access, group, sessions } = this.#options;
    const { image, blobs } = this.#context;
    if (isClassic) {
      // The config is needed even if the registry has it: a manifest of ours is remembered together with it.
      if (digest === image.id) return this.small.get(digest)?.byteLength;
      const size = this.#storedSize(digest);
      if (size !== undefined) return size;
    }
    if (this.#isToCompress(digest)) return this.#ledger.stored(digest)?.descriptor.size;
    if (blobs.isMissing(digest)) return undefined;
    await access;
    const located = await blobs.locate(digest, undefined, group.signal);
    if (located !== undefined) return this.#noteStored(digest, located);
    if (!this.#mustSpool) sessions.prepare(digest, group.signal);
    return undefined;
  }

  readBlob(digest: Digest): Uint8Array | undefined {
    return this.small.get(digest);
  }

  beginBlob(claim: BlobClaim | undefined): Promise<IncomingBlob> {
    if (claim !== undefined && this.#isToCompress(claim.digest)) return this.#beginCompressed(claim);
    if (this.#mustSpool || claim === undefined) return this.#beginSpooled(claim);
    return Promise.resolve(this.#beginStreamed(claim));
  }

  putManifest(manifest: RelayedManifest): Promise<void> {
    this.manifests.push(manifest);
    this.#options.onManifest(manifest);
    return Promise.resolve();
  }

  /** A blob that is named by a diffID is an uncompressed layer. `planLayers` has asked for its compressed form. */
  #isToCompress(digest: Digest): boolean {
    return this.#context.compressesStored && this.#ledger.diffIds.has(digest);
  }

  async #beginCompressed({ digest, size }: BlobClaim): Promise<IncomingBlob> {
    const { group, spool } = this.#options;
    const upload = await LayerUpload.begin(digest, {
      destinations: [
        {
          ...{ context: this.#context, ledger: this.#ledger, signal: group.signal },
          ...{ fail: rethrow, sending: new Set() },
        },
      ],
      ...{ spool, group, slots: this.#uploads, smallSlots: this.#smallUploads },
      ...{ isEngineWaiting: this.#options.isArchive !== true },
    });
    const pipe = new BoundedPipe();
    const layer = { kind: 'layer', path: digest, size, expectedDiffId: digest, body: pipe.read() } as const;
    const read = upload.read(layer).finally(() => {
      pipe.abandon();
    });
    // `commit` reports the failure; a blob that is dropped needs no report.
    read.catch(() => undefined);
    return {
      write: (bytes) => pipe.write(bytes),
      drop: () => {
        upload.discard();
        pipe.fail(notNeeded());
      },
      commit: async () => {
        pipe.verified();
        await read;
        await upload.sent;
        // The engine sent the same layer twice at the same time, and the other upload still runs.
        if (this.#ledger.stored(digest) === undefined) throw new SendAgainError();
      },
    };
  }

  #beginStreamed(claim: BlobClaim): IncomingBlob {
    const pipe = new BoundedPipe();
    const small: Uint8Array[] | undefined = this.small.hasRoomFor(claim.size) ? [] : undefined;
    const updateRow = this.#ledger.statuses.addBlob(claim.size);
    let storedBytes = 0;
    const sent = this.#stream(claim, pipe, updateRow);
    return {
      write: (bytes) => {
        storedBytes += bytes.byteLength;
        updateRow({ storedBytes });
        small?.push(bytes);
        return pipe.write(bytes);
      },
      drop: () => {
        updateRow({ state: 'superseded' });
        pipe.fail(notNeeded());
      },
      commit: async (digest) => {
        if (small !== undefined) this.small.add(digest, Buffer.concat(small));
        pipe.verified();
        const origin = await sent;
        if (origin === 'again') throw new SendAgainError();
        this.#noteStored(digest, { size: claim.size, origin });
      },
    };
  }

  /** Uploads the bytes of the pipe. `again`: the upload broke and its bytes are lost, but the engine can send them again. */
  #stream(
    claim: BlobClaim,
    pipe: BoundedPipe,
    updateRow: (change: StatusChange) => void,
  ): Promise<BlobOrigin | 'again'> {
    const { group, sessions } = this.#options;
    const { signal } = group;
    const { blobs, logger } = this.#context;
    const { promise, resolve, reject } = Promise.withResolvers<BlobOrigin | 'again'>();
    promise.catch(() => undefined);
    const isSmall = this.small.hasRoomFor(claim.size);
    // The bytes of small blobs are kept.
    const onWritten = isSmall ? undefined : detachBuffer;
    const upload = async (): Promise<BlobOrigin> => {
      const session = await sessions.take(claim.digest, signal);
      if (session === undefined) return 'mounted';
      const onSent = (sentBytes: number): void => {
        updateRow({ sentBytes });
      };
      const onPhase = (phase: UploadPhase | undefined): void => {
        updateRow({ phase });
      };
      const source = { ...claim, replayable: false, bytes: pipe.read(), onWritten } as const;
      await blobs.target.uploadBlob(source, { signal, onSent, onPhase, session });
      return 'uploaded';
    };
    const send = async (): Promise<BlobOrigin> =>
      (await blobs.uploads.sendOnce(claim.digest, signal, upload)) ?? 'exists';
    group.start(async () => {
      try {
        // Small ones do not queue behind large ones.
        const slots = isSmall ? this.#smallUploads : this.#uploads;
        resolve(await slots.run(send, signal));
      } catch (error) {
        const isDropped = pipe.isFailed;
        if (!isDropped && error instanceof UploadInterruptedError) {
          this.#mustSpool = true;
          logger.info(`The engine is asked to send ${claim.digest} again: ${error.message}`);
          updateRow({ state: 'superseded' });
          resolve('again');
          return;
        }
        reject(error);
        // The group must fail before the engine does: the engine reports this failure too, and the first one is shown.
        if (!isDropped) throw error;
      } finally {
        pipe.abandon();
      }
    });
    return promise;
  }

  async #beginSpooled(claim: BlobClaim | undefined): Promise<IncomingBlob> {
    const { group, spool, isClassic, isArchive = false } = this.#options;
    const blob = await spool.begin(group.signal, isArchive ? 0 : recentBytes);
    const updateRow = this.#ledger.statuses.addBlob(claim?.size);
    const forward = new SpooledForward(blob, {
      ...{ blobs: this.#context.blobs, signal: group.signal, updateRow, isEngineWaiting: !isClassic && !isArchive },
    });
    const sent = Promise.withResolvers<BlobOrigin | undefined>();
    // `commit` reports the failure; a blob that is dropped needs no report.
    sent.promise.catch(() => undefined);
    group.start(async () => {
      try {
        const origin = await forward.send(this.#uploads);
        // Not after a failure: the engine may still be writing to it, and that would fail first, with another reason.
        await spool.release(blob);
        sent.resolve(origin);
      } catch (error) {
        sent.reject(error);
        // So that the group fails first, as in `#stream`.
        throw error;
      }
    });
    return {
      write: (bytes) => forward.write(bytes),
      drop: () => {
        forward.drop();
      },
      commit: async (digest) => {
        await forward.finish();
        const size = blob.size;
        const head = await forward.head();
        if (this.small.hasRoomFor(size)) {
          this.small.add(digest, await forward.bytes());
          // The config of a classic image is sent with the manifest, as after an export.
          if (isClassic && digest === this.#context.image.id) {
            forward.drop();
            return;
          }
        }
        forward.complete(digest);
        const origin = await sent.promise;
        if (origin === undefined) throw new TeaChestError('engineLost', l10n.t('The upload was stopped.'));
        this.#noteStored(digest, { size, origin, head });
      },
    };
  }

  #noteStored(digest: Digest, blob: ForwardedBlob): number {
    const origin = this.#context.blobs.noteStored(digest, blob.origin);
    this.blobs.set(digest, { ...blob, origin });
    return blob.size;
  }

  /**
   * The size of the layer that a classic engine means by this digest, if the repository has it in any compression. If the
   * digest may mean one of several layers, the repository must have all of them.
   */
  #storedSize(digest: Digest): number | undefined {
    const { cache } = this.#context;
    const layers = [...this.#ledger.diffIds].filter(
      (diffId) => cache.engineDigest(this.#options.engineId, diffId) === digest,
    );
    const stored = layers.map((diffId) => this.#ledger.stored(diffId));
    return stored.includes(undefined) ? undefined : stored[0]?.descriptor.size;
  }
}

function notNeeded(): TeaChestError {
  return new TeaChestError('cancelled', l10n.t('This blob is not needed.'));
}
