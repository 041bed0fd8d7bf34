import * as l10n from '@vscode/l10n';
import { TeaChestError } from '../../base/errors.ts';
import type { Semaphore } from '../../base/semaphore.ts';
import { magicLength } from '../../oci/compressionOf.ts';
import type { Digest } from '../../oci/digest.ts';
import type { UploadPhase } from '../../ports/blobTarget.ts';
import type { SpooledBlob } from '../../spool/spooledBlob.ts';
import { containerdLead } from '../export/layerUpload.ts';
import type { StatusChange } from '../layerStatusTable.ts';
import type { BlobOrigin, RepositoryBlobs } from '../repositoryBlobs.ts';
import { sendBlob } from '../sendBlob.ts';

/** Bytes that are written to the spool at a time. */
const batch = 512 * 1024;

interface SpooledForwardOptions {
  readonly blobs: RepositoryBlobs;
  readonly signal: AbortSignal;
  readonly updateRow: (change: StatusChange) => void;
  /** As in `LayerUploadContext`. A classic engine is never made to wait, so that it compresses as fast as it can. */
  readonly isEngineWaiting: boolean;
}

/** One blob, from the engine through the spool to the registry. */
export class SpooledForward {
  readonly #blob: SpooledBlob;
  readonly #options: SpooledForwardOptions;
  #isDropped = false;
  #isComplete = false;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  #writing: Promise<void> = Promise.resolve();

  constructor(blob: SpooledBlob, options: SpooledForwardOptions) {
    this.#blob = blob;
    this.#options = options;
  }

  /** The bytes come in pieces of 64 KiB; many of them are written at a time, while the next ones arrive. */
  async write(bytes: Uint8Array): Promise<void> {
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.byteLength;
    if (this.#pendingBytes < batch) return;
    await this.#flush();
    if (this.#options.isEngineWaiting) await this.#blob.waitForDemand(containerdLead, this.#options.signal);
  }

  /** All that came is in the spool. */
  async finish(): Promise<void> {
    await this.#flush();
    await this.#writing;
  }

  /** The first bytes, which show the blob's compression. */
  head(): Promise<Buffer> {
    return this.bytes(Math.min(magicLength, this.#blob.size));
  }

  async bytes(end = this.#blob.size): Promise<Buffer> {
    const parts: Uint8Array[] = [];
    for await (const part of this.#blob.read(0, end)) parts.push(Buffer.from(part));
    return Buffer.concat(parts);
  }

  complete(digest: Digest): void {
    this.#isComplete = true;
    this.#blob.complete(digest);
  }

  drop(): void {
    this.#isDropped = true;
    this.#options.updateRow({ state: 'superseded' });
    this.#blob.fail(new TeaChestError('cancelled', l10n.t('This blob is not needed.')));
  }

  /** Undefined if it was dropped. */
  async send(slots: Semaphore): Promise<BlobOrigin | undefined> {
    const { blobs, signal, updateRow } = this.#options;
    const onSent = (sentBytes: number): void => {
      updateRow({ sentBytes });
    };
    const onPhase = (phase: UploadPhase | undefined): void => {
      updateRow({ phase });
    };
    const send = (): Promise<BlobOrigin> => sendBlob(this.#blob, blobs, { signal, onSent, onPhase });
    try {
      await this.#blob.isSmall(signal);
      // Small ones do not queue: the engine already waits for their answer.
      return this.#isComplete ? await send() : await slots.run(send, signal);
    } catch (error) {
      if (this.#isDropped) return undefined;
      throw error;
    }
  }

  async #flush(): Promise<void> {
    await this.#writing;
    const pieces = this.#pending;
    this.#pending = [];
    this.#pendingBytes = 0;
    if (pieces.length === 0) return;
    this.#writing = this.#blob.writeAll(pieces).then(() => {
      this.#options.updateRow({ storedBytes: this.#blob.size });
    });
    // The next write, or the end, reports the failure.
    this.#writing.catch(() => undefined);
  }
}
