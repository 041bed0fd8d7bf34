import type { Semaphore } from '../../base/semaphore.ts';
import { TeaChestError } from '../../base/errors.ts';
import type { TaskGroup } from '../../base/taskGroup.ts';
import { magicLength } from '../../oci/compressionOf.ts';
import type { Digest } from '../../oci/digest.ts';
import type { BlobPresence } from '../findBlob.ts';
import type { ImageDetails } from '../../ports/imageSource.ts';
import { ahead } from '../export/layerUpload.ts';
import type { PushRun } from '../pushRun.ts';
import { sendBlob } from '../sendBlob.ts';
import type { SpooledBlob } from '../../spool/spooledBlob.ts';
import type { RelayProgress } from './relayProgress.ts';
import type { SmallBlobs } from '../../relay/smallBlobs.ts';

/** Bytes that are written to the spool in one go. */
const batch = 512 * 1024;

interface ArrivalOptions {
  readonly image: ImageDetails;
  readonly isClassic: boolean;
  readonly group: TaskGroup;
  readonly progress: RelayProgress;
  readonly small: SmallBlobs;
}

/** One blob, from the engine through the spool to the registry. */
export class SpooledForward {
  readonly #run: PushRun;
  readonly #blob: SpooledBlob;
  readonly #options: ArrivalOptions;
  #unwanted = false;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  #isComplete = false;
  #writing: Promise<void> = Promise.resolve();

  constructor(run: PushRun, blob: SpooledBlob, options: ArrivalOptions) {
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
    if (!this.#options.small.hasRoomFor(size)) return false;
    const parts: Uint8Array[] = [];
    for await (const part of this.#blob.read(0, size)) parts.push(Buffer.from(part));
    this.#options.small.add(digest, Buffer.concat(parts));
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
  async send(uploads: Semaphore): Promise<BlobPresence | 'uploaded' | undefined> {
    const { signal } = this.#options.group;
    const send = (): Promise<BlobPresence | 'uploaded'> =>
      sendBlob(this.#blob, this.#run.findOptions, {
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
