import { TeaChestError, type ErrorCode } from '../../base/errors.ts';
import { Semaphore } from '../../base/semaphore.ts';
import type { TaskGroup } from '../../base/taskGroup.ts';
import type { Digest } from '../../oci/digest.ts';
import { mountFromElsewhere, type BlobPresence } from '../findBlob.ts';
import type { ImageDetails } from '../../ports/imageSource.ts';
import { LayerUpload } from '../export/layerUpload.ts';
import type { PushRun } from '../pushRun.ts';
import type { Spool } from '../../spool/spool.ts';
import type { RelayProgress } from './relayProgress.ts';
import { SpooledForward } from './spooledForward.ts';
import type { PreopenedSessions } from './preopenedSessions.ts';
import { BoundedPipe, detachBuffer } from '../../relay/boundedPipe.ts';
import { SendAgainError } from '../../relay/relayErrors.ts';
import type { BlobClaim, IncomingBlob, RelayBackend, RelayedManifest } from '../../relay/relayBackend.ts';
import { SmallBlobs } from '../../relay/smallBlobs.ts';

/** Of each blob, this many bytes are kept in memory besides the spool: what an upload that keeps up will read next. */
const recentBytes = 24 * 1024 * 1024;
/** Small blobs that pass by at one time; with the others they leave the registry's connections room for questions. */
const smallAtOnce = 8;
/** What a new session and bytes that can be read again may cure. */
const curable: ReadonlySet<ErrorCode> = new Set([
  'bodyTooLarge',
  'chunksRefused',
  'digestMismatch',
  'registryFailed',
  'registryUnreachable',
  'uploadLost',
]);

/** A blob that is in the repository, and how it came there. */
export interface ForwardedBlob {
  readonly size: number;
  readonly how: BlobPresence | 'uploaded';
  /** Its first bytes, where they have passed here. */
  readonly head?: Uint8Array | undefined;
}

export interface BlobForwarderOptions {
  readonly image: ImageDetails;
  readonly engineId: string;
  /** Classic engines are answered by layer, not by digest: their manifests are written anew. */
  readonly isClassic: boolean;
  readonly spool: Spool;
  /** The uploads are its tasks: the first that fails ends the push. */
  readonly group: TaskGroup;
  readonly progress: RelayProgress;
  /** The carrier's from here on. */
  readonly sessions: PreopenedSessions;
  /** Resolves once it is certain that we may write there: before that no question is worth asking. */
  readonly access: Promise<void>;
  /** Layers that come uncompressed are compressed here. */
  readonly compresses: boolean;
}

/**
 * Carries what an engine pushes on to the registry while it still arrives. What can be asked for again, as containerd's
 * client allows, passes by and is not kept; when its way breaks, the engine sends it once more, and that and all the rest
 * go through the spool, which every broken upload can be begun anew from.
 */
export class BlobForwarder implements RelayBackend {
  /** By digest: what is in the repository, as far as this push has had to do with it. */
  readonly blobs = new Map<Digest, ForwardedBlob>();
  /** In the order of their arrival: children before what refers to them. */
  readonly manifests: RelayedManifest[] = [];
  readonly small = new SmallBlobs();
  readonly #run: PushRun;
  readonly #options: BlobForwarderOptions;
  readonly #uploads: Semaphore;
  readonly #smallUploads = new Semaphore(smallAtOnce);
  readonly #sessions: PreopenedSessions;
  #isWayBroken = false;

  constructor(run: PushRun, options: BlobForwarderOptions) {
    this.#run = run;
    this.#options = options;
    this.#uploads = new Semaphore(run.request.parallelBlobs);
    this.#sessions = options.sessions;
  }

  /** Closes the sessions that were opened in vain. */
  async close(): Promise<void> {
    await this.#sessions.close(this.#options.group.signal);
  }

  async headBlob(digest: Digest): Promise<number | undefined> {
    const here = this.blobs.get(digest);
    if (here !== undefined) return here.size;
    if (this.#options.isClassic) {
      // The config is wanted even if the registry has it: a manifest of ours is remembered together with it.
      if (digest === this.#options.image.id) return this.small.get(digest)?.byteLength;
      const size = this.#placedSize(digest);
      if (size !== undefined) return size;
    }
    if (this.#isToCompress(digest)) return this.#run.stored(digest)?.descriptor.size;
    if (this.#run.missing.has(digest)) return undefined;
    await this.#options.access;
    const { target } = this.#run;
    const options = { signal: this.#options.group.signal };
    const existing = await target.headBlob(digest, options);
    if (existing !== undefined) return this.#note(digest, { size: existing, how: 'exists' });
    if (await mountFromElsewhere(digest, this.#run.findOptions, options.signal)) {
      const mounted = await target.headBlob(digest, options);
      if (mounted !== undefined) return this.#note(digest, { size: mounted, how: 'mounted' });
    }
    this.#run.missing.add(digest);
    if (!this.#options.isClassic && !this.#isWayBroken) this.#sessions.prepare(digest, options.signal);
    return undefined;
  }

  readBlob(digest: Digest): Uint8Array | undefined {
    return this.small.get(digest);
  }

  beginBlob(claim: BlobClaim | undefined): Promise<IncomingBlob> {
    if (claim !== undefined && this.#isToCompress(claim.digest)) return this.#beginCompressed(claim);
    if (this.#options.isClassic || this.#isWayBroken || claim === undefined) return this.#beginSpooled();
    return Promise.resolve(this.#beginPassing(claim));
  }

  /** A blob that is named by a diffID is an uncompressed layer. The plan has asked whether it is there compressed. */
  #isToCompress(digest: Digest): boolean {
    return this.#options.compresses && this.#run.diffIds.has(digest);
  }

  async #beginCompressed({ digest, size }: BlobClaim): Promise<IncomingBlob> {
    const { group, spool } = this.#options;
    const uploads = this.#uploads;
    const upload = await LayerUpload.begin(this.#run, digest, { spool, group, uploads, isAwaited: true });
    const pipe = new BoundedPipe();
    const layer = { kind: 'layer', path: digest, size, expectedDiffId: digest, body: pipe.read() } as const;
    const taken = upload.take(layer).finally(() => {
      pipe.abandon();
    });
    // Whoever commits hears of it; a blob that is dropped has nobody.
    taken.catch(() => undefined);
    return {
      write: (bytes) => pipe.write(bytes),
      drop: () => {
        upload.discard();
        pipe.fail(new TeaChestError('cancelled', 'This blob is not needed.'));
      },
      commit: async () => {
        pipe.verified();
        await taken;
        await upload.sent;
        // The same layer came twice at a time, and the other one is still on its way.
        if (this.#run.stored(digest) === undefined) throw new SendAgainError();
      },
    };
  }

  #beginPassing(claim: BlobClaim): IncomingBlob {
    const { progress } = this.#options;
    const pipe = new BoundedPipe();
    const small: Uint8Array[] | undefined = this.small.hasRoomFor(claim.size) ? [] : undefined;
    let arrived = 0;
    progress.begin(pipe);
    const sent = this.#sendPassing(claim, pipe, small === undefined ? detachBuffer : undefined);
    return {
      write: (bytes) => {
        arrived += bytes.byteLength;
        progress.arrived(pipe, arrived);
        small?.push(bytes);
        return pipe.write(bytes);
      },
      drop: () => {
        progress.forget(pipe);
        pipe.fail(new TeaChestError('cancelled', 'This blob is not needed.'));
      },
      commit: async (digest) => {
        if (small !== undefined) this.small.add(digest, Buffer.concat(small));
        pipe.verified();
        const how = await sent;
        if (how === 'again') throw new SendAgainError();
        this.#note(digest, { size: claim.size, how });
      },
    };
  }

  /** `again`: its bytes are lost on the way, and may be sent once more. */
  #sendPassing(
    claim: BlobClaim,
    pipe: BoundedPipe,
    onWritten: ((piece: Uint8Array) => void) | undefined,
  ): Promise<BlobPresence | 'uploaded' | 'again'> {
    const { group, progress } = this.#options;
    const { signal } = group;
    const { findOptions: ladder } = this.#run;
    const { promise, resolve, reject } = Promise.withResolvers<BlobPresence | 'uploaded' | 'again'>();
    promise.catch(() => undefined);
    const sendOwn = async (): Promise<'uploaded' | 'mounted'> => {
      const upload = await this.#sessions.take(claim.digest, signal);
      if (upload === undefined) return 'mounted';
      const onSent = (bytes: number): void => {
        progress.sent(pipe, bytes);
      };
      await upload.send({ ...claim, bytes: pipe.read(), onWritten }, { signal, onSent });
      return 'uploaded';
    };
    const send = async (): Promise<BlobPresence | 'uploaded'> =>
      (await ladder.uploads.sendBlob(claim.digest, signal, sendOwn)) ?? 'exists';
    group.start(async () => {
      try {
        // Small ones do not queue behind large ones.
        const uploads = this.small.hasRoomFor(claim.size) ? this.#smallUploads : this.#uploads;
        resolve(await uploads.run(send, signal));
      } catch (error) {
        const isDropped = pipe.isFailed;
        if (!isDropped && error instanceof TeaChestError && curable.has(error.code)) {
          this.#isWayBroken = true;
          this.#run.logger.info(`The engine is asked to send ${claim.digest} again: ${error.message}`);
          progress.forget(pipe);
          resolve('again');
          return;
        }
        // The group hears of it before the engine does, whose echo would otherwise be the first failure.
        reject(error);
        if (!isDropped) throw error;
      } finally {
        pipe.abandon();
      }
    });
    return promise;
  }

  async #beginSpooled(): Promise<IncomingBlob> {
    const { group, spool } = this.#options;
    const blob = await spool.begin(group.signal, recentBytes);
    const arrival = new SpooledForward(this.#run, blob, { ...this.#options, small: this.small });
    this.#options.progress.begin(blob);
    const sent = Promise.withResolvers<BlobPresence | 'uploaded' | undefined>();
    // Whoever commits waits for it; a blob that is dropped has nobody.
    sent.promise.catch(() => undefined);
    group.start(async () => {
      try {
        const how = await arrival.send(this.#uploads).finally(() => spool.release(blob));
        sent.resolve(how);
      } catch (error) {
        // The group hears of it before the engine does, whose echo would otherwise be the first failure.
        sent.reject(error);
        throw error;
      }
    });
    return {
      write: (bytes) => arrival.write(bytes),
      drop: () => {
        arrival.drop();
      },
      commit: async (digest) => {
        await arrival.finish();
        const size = blob.size;
        const head = await arrival.head();
        if (await arrival.keep(digest)) return;
        arrival.complete(digest);
        const how = await sent.promise;
        if (how === undefined) throw new TeaChestError('engineLost', 'The upload was given up.');
        this.#note(digest, { size, how, head });
      },
    };
  }

  putManifest(manifest: RelayedManifest): Promise<void> {
    this.manifests.push(manifest);
    return Promise.resolve();
  }

  #note(digest: Digest, blob: ForwardedBlob): number {
    this.blobs.set(digest, blob);
    this.#run.cache.rememberLocation(this.#run.request.origin, digest, this.#run.target.repository);
    return blob.size;
  }

  /** If every layer that the engine may mean by this digest is in the repository, in whatever form: that one's size. */
  #placedSize(digest: Digest): number | undefined {
    const { cache, diffIds } = this.#run;
    const meant = [...diffIds].filter((diffId) => cache.engineDigest(this.#options.engineId, diffId) === digest);
    const placed = meant.map((diffId) => this.#run.stored(diffId));
    return placed.includes(undefined) ? undefined : placed[0]?.descriptor.size;
  }
}
