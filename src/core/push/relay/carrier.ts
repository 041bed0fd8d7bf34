import { TeaChestError, type ErrorCode } from '../../base/errors.ts';
import { Semaphore } from '../../base/semaphore.ts';
import type { TaskGroup } from '../../base/taskGroup.ts';
import { magicLength } from '../../oci/compressionOf.ts';
import type { Digest } from '../../oci/digest.ts';
import { mountFromElsewhere, type Presence } from '../blobLadder.ts';
import type { ImageDetails } from '../contracts.ts';
import { ahead, LayerUpload } from '../layerUpload.ts';
import type { PushRun } from '../pushRun.ts';
import { sendBlob } from '../sendBlob.ts';
import type { Spool } from '../spool/spool.ts';
import type { SpooledBlob } from '../spool/spooledBlob.ts';
import type { RelayProgress } from './relayProgress.ts';
import { giveBack } from './giveBack.ts';
import type { OpenUploads } from './openUploads.ts';
import { Passage } from './passage.ts';
import { SendAgain } from './refusals.ts';
import type { BlobClaim, IncomingBlob, RelayBackend, RelayedManifest } from './relayBackend.ts';
import { SmallBlobs } from './smallBlobs.ts';

/** Of each blob, this many bytes are kept in memory besides the spool: what an upload that keeps up will read next. */
const recentBytes = 24 * 1024 * 1024;
/** Bytes that are written to the spool in one go. */
const batch = 512 * 1024;

/** What a new session and bytes that can be read again may cure. */
const curable: ReadonlySet<ErrorCode> = new Set([
  'bodyTooLarge',
  'digestMismatch',
  'registryFailed',
  'registryUnreachable',
  'uploadLost',
]);

/** A blob that is in the repository, and how it came there. */
export interface CarriedBlob {
  readonly size: number;
  readonly how: Presence | 'uploaded';
  /** Its first bytes, where they have passed here. */
  readonly head?: Uint8Array | undefined;
}

export interface CarrierOptions {
  readonly image: ImageDetails;
  readonly engineId: string;
  /** Classic engines are answered by layer, not by digest: their manifests are written anew. */
  readonly isClassic: boolean;
  readonly spool: Spool;
  /** The uploads are its tasks: the first that fails ends the push. */
  readonly group: TaskGroup;
  readonly progress: RelayProgress;
  /** The carrier's from here on. */
  readonly sessions: OpenUploads;
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
export class Carrier implements RelayBackend {
  /** By digest: what is in the repository, as far as this push has had to do with it. */
  readonly blobs = new Map<Digest, CarriedBlob>();
  /** In the order of their arrival: children before what refers to them. */
  readonly manifests: RelayedManifest[] = [];
  readonly small = new SmallBlobs();
  readonly #run: PushRun;
  readonly #options: CarrierOptions;
  readonly #uploads: Semaphore;
  readonly #sessions: OpenUploads;
  #isWayBroken = false;

  constructor(run: PushRun, options: CarrierOptions) {
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
    if (this.#isToCompress(digest)) return this.#run.placed(digest)?.descriptor.size;
    if (this.#run.missing.has(digest)) return undefined;
    await this.#options.access;
    const { target } = this.#run;
    const options = { signal: this.#options.group.signal };
    const existing = await target.headBlob(digest, options);
    if (existing !== undefined) return this.#note(digest, { size: existing, how: 'exists' });
    if (await mountFromElsewhere(digest, this.#run.ladder, options.signal)) {
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
    const passage = new Passage();
    const layer = { kind: 'layer', path: digest, size, expectedDiffId: digest, body: passage.read() } as const;
    const taken = upload.take(layer).finally(() => {
      passage.abandon();
    });
    // Whoever commits hears of it; a blob that is dropped has nobody.
    taken.catch(() => undefined);
    return {
      write: (bytes) => passage.write(bytes),
      drop: () => {
        upload.discard();
        passage.fail(new TeaChestError('cancelled', 'This blob is not needed.'));
      },
      commit: async () => {
        passage.verified();
        await taken;
        await upload.sent;
        // The same layer came twice at a time, and the other one is still on its way.
        if (this.#run.placed(digest) === undefined) throw new SendAgain();
      },
    };
  }

  #beginPassing(claim: BlobClaim): IncomingBlob {
    const { progress } = this.#options;
    const passage = new Passage();
    const small: Uint8Array[] | undefined = this.small.hasRoomFor(claim.size) ? [] : undefined;
    let arrived = 0;
    progress.begin(passage);
    const sent = this.#sendPassing(claim, passage, small === undefined ? giveBack : undefined);
    return {
      write: (bytes) => {
        arrived += bytes.byteLength;
        progress.arrived(passage, arrived);
        small?.push(bytes);
        return passage.write(bytes);
      },
      drop: () => {
        progress.forget(passage);
        passage.fail(new TeaChestError('cancelled', 'This blob is not needed.'));
      },
      commit: async (digest) => {
        if (small !== undefined) this.small.add(digest, Buffer.concat(small));
        passage.verified();
        const how = await sent;
        if (how === 'again') throw new SendAgain();
        this.#note(digest, { size: claim.size, how });
      },
    };
  }

  /** `again`: its bytes are lost on the way, and may be sent once more. */
  #sendPassing(
    claim: BlobClaim,
    passage: Passage,
    onWritten: ((piece: Uint8Array) => void) | undefined,
  ): Promise<Presence | 'uploaded' | 'again'> {
    const { group, progress } = this.#options;
    const { signal } = group;
    const { ladder } = this.#run;
    const { promise, resolve, reject } = Promise.withResolvers<Presence | 'uploaded' | 'again'>();
    promise.catch(() => undefined);
    const sendOwn = async (): Promise<'uploaded' | 'mounted'> => {
      const upload = await this.#sessions.take(claim.digest, signal);
      if (upload === undefined) return 'mounted';
      const onSent = (bytes: number): void => {
        progress.sent(passage, bytes);
      };
      await upload.send({ ...claim, bytes: passage.read(), onWritten }, { signal, onSent });
      return 'uploaded';
    };
    const send = async (): Promise<Presence | 'uploaded'> =>
      (await ladder.uploads.sendBlob(ladder, claim.digest, signal, sendOwn)) ?? 'exists';
    group.start(async () => {
      try {
        // Small ones do not queue behind large ones.
        resolve(await (this.small.hasRoomFor(claim.size) ? send() : this.#uploads.run(send, signal)));
      } catch (error) {
        const isDropped = passage.isFailed;
        if (!isDropped && error instanceof TeaChestError && curable.has(error.code)) {
          this.#isWayBroken = true;
          this.#run.logger.info(`The engine is asked to send ${claim.digest} again: ${error.message}`);
          progress.forget(passage);
          resolve('again');
          return;
        }
        // The group hears of it before the engine does, whose echo would otherwise be the first failure.
        reject(error);
        if (!isDropped) throw error;
      } finally {
        passage.abandon();
      }
    });
    return promise;
  }

  async #beginSpooled(): Promise<IncomingBlob> {
    const { group, spool } = this.#options;
    const blob = await spool.begin(group.signal, recentBytes);
    const arrival = new Arrival(this, this.#run, blob, this.#options);
    this.#options.progress.begin(blob);
    const sent = Promise.withResolvers<Presence | 'uploaded' | undefined>();
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

  #note(digest: Digest, blob: CarriedBlob): number {
    this.blobs.set(digest, blob);
    this.#run.cache.rememberLocation(this.#run.request.origin, digest, this.#run.target.repository);
    return blob.size;
  }

  /** If every layer that the engine may mean by this digest is in the repository, in whatever form: that one's size. */
  #placedSize(digest: Digest): number | undefined {
    const { cache, diffIds } = this.#run;
    const meant = [...diffIds].filter((diffId) => cache.engineDigest(this.#options.engineId, diffId) === digest);
    const placed = meant.map((diffId) => this.#run.placed(diffId));
    return placed.includes(undefined) ? undefined : placed[0]?.descriptor.size;
  }
}

/** One blob, from the engine through the spool to the registry. */
class Arrival {
  readonly #carrier: Carrier;
  readonly #run: PushRun;
  readonly #blob: SpooledBlob;
  readonly #options: CarrierOptions;
  #unwanted = false;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  #isComplete = false;
  #writing: Promise<void> = Promise.resolve();

  constructor(carrier: Carrier, run: PushRun, blob: SpooledBlob, options: CarrierOptions) {
    this.#carrier = carrier;
    this.#run = run;
    this.#blob = blob;
    this.#options = options;
  }

  /** Bytes are written while the next ones arrive, many at a time: they come in pieces of 64 KiB. */
  async write(bytes: Uint8Array): Promise<void> {
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.byteLength;
    if (this.#pendingBytes < batch) return;
    await this.#flush();
    // Containerd 2.3 waits no more than 30 s for the answer once it has sent the last byte (moby #53700): so it is held
    // back, and near the end of an upload when it has done so. A classic engine may compress as fast as it can.
    if (!this.#options.isClassic) await this.#blob.needed(ahead, this.#options.group.signal);
  }

  /** What tells a blob's compression. */
  async head(): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    for await (const part of this.#blob.read(0, Math.min(magicLength, this.#blob.size))) parts.push(Buffer.from(part));
    return Buffer.concat(parts);
  }

  /** All that was given is in the spool. */
  async finish(): Promise<void> {
    await this.#flush();
    await this.#writing;
  }

  async #flush(): Promise<void> {
    await this.#writing;
    const pieces = this.#pending;
    this.#pending = [];
    this.#pendingBytes = 0;
    if (pieces.length === 0) return;
    this.#writing = this.#blob.writeAll(pieces).then(() => {
      this.#options.progress.arrived(this.#blob, this.#blob.size);
    });
    // Whoever writes or finishes next hears of it.
    this.#writing.catch(() => undefined);
  }

  /**
   * Keeps a small blob's bytes at hand. True for the config of a classic image: that one is not carried on from here,
   * but sent with the manifest, as after an export.
   */
  async keep(digest: Digest): Promise<boolean> {
    const size = this.#blob.size;
    if (!this.#carrier.small.hasRoomFor(size)) return false;
    const parts: Uint8Array[] = [];
    for await (const part of this.#blob.read(0, size)) parts.push(Buffer.from(part));
    this.#carrier.small.add(digest, Buffer.concat(parts));
    if (!this.#options.isClassic || digest !== this.#options.image.id) return false;
    this.drop();
    return true;
  }

  complete(digest: Digest): void {
    this.#isComplete = true;
    this.#blob.complete(digest);
  }

  drop(): void {
    this.#unwanted = true;
    this.#options.progress.forget(this.#blob);
    this.#blob.fail(new TeaChestError('cancelled', 'This blob is not needed.'));
  }

  /** Undefined if it was dropped. */
  async send(uploads: Semaphore): Promise<Presence | 'uploaded' | undefined> {
    const { signal } = this.#options.group;
    const send = (): Promise<Presence | 'uploaded'> =>
      sendBlob(this.#blob, this.#run.ladder, {
        signal,
        isMissing: (digest) => this.#run.missing.has(digest),
        onSent: (bytes) => {
          this.#options.progress.sent(this.#blob, bytes);
        },
      });
    try {
      await this.#blob.begun(signal);
      // Small ones do not queue: their answer is waited for already, see `write`.
      return this.#isComplete ? await send() : await uploads.run(send, signal);
    } catch (error) {
      if (this.#unwanted) return undefined;
      throw error;
    }
  }
}
