import * as l10n from '@vscode/l10n';
import { TeaChestError } from '../../base/errors.ts';
import { Semaphore } from '../../base/semaphore.ts';
import type { TaskGroup } from '../../base/taskGroup.ts';
import { DigestCounter, digestOf, type Digest } from '../../oci/digest.ts';
import type { BlobClaim } from '../../relay/relayBackend.ts';
import type { BlobForwarder } from '../relay/blobForwarder.ts';

/** Blobs that are sent at the same time as the archive is read on. Of small ones each is in memory. */
const blobsAtOnce = 16;
/** Requests at the same time for blobs that have not come yet. */
const lookupsAtOnce = 6;

/** Passes the blobs of an archive on to the registry, each once, while the next ones are read. */
export class ArchiveBlobs {
  readonly #forwarder: BlobForwarder;
  readonly #group: TaskGroup;
  readonly #slots = new Semaphore(blobsAtOnce);
  readonly #lookups = new Semaphore(lookupsAtOnce);
  readonly #passed = new Set<Digest>();
  readonly #found = new Set<Digest>();

  constructor(forwarder: BlobForwarder, group: TaskGroup) {
    this.#forwarder = forwarder;
    this.#group = group;
  }

  /** True for a blob that is in the repository or is being sent there. */
  isSettled(digest: Digest): boolean {
    return this.#passed.has(digest) || this.#found.has(digest);
  }

  /** Asks the registry for blobs that have not come yet. */
  async find(digests: Iterable<Digest>): Promise<void> {
    const asked = [...digests].filter((digest) => !this.isSettled(digest));
    const { signal } = this.#group;
    await Promise.all(asked.map((digest) => this.#lookups.run(() => this.#isStored(digest), signal)));
  }

  /** Resolves as soon as the next blob can be read; the upload asks whether the registry lacks this one. */
  async sendBytes(claim: BlobClaim, bytes: Buffer): Promise<void> {
    checkDigest(claim, digestOf(bytes), bytes.byteLength);
    this.#passed.add(claim.digest);
    await this.#begin(async () => {
      if (this.#found.has(claim.digest)) return;
      const blob = await this.#forwarder.beginBlob(claim);
      await blob.write(bytes);
      await blob.commit(claim.digest);
    });
  }

  /** Resolves once the body was read. The blob is committed only if its bytes have the digest. */
  async sendBody(claim: BlobClaim, body: AsyncIterable<Uint8Array>): Promise<void> {
    if (await this.#isStored(claim.digest)) return;
    this.#passed.add(claim.digest);
    const blob = await this.#forwarder.beginBlob(claim);
    const counter = new DigestCounter();
    try {
      for await (const piece of body) {
        counter.update(piece);
        // A copy: the memory of a piece is used again once the next one is asked for.
        await blob.write(Buffer.from(piece));
      }
      checkDigest(claim, counter.digest(), counter.bytes);
    } catch (error) {
      blob.drop();
      throw error;
    }
    await this.#begin(() => blob.commit(claim.digest));
  }

  async #isStored(digest: Digest): Promise<boolean> {
    if (this.#found.has(digest)) return true;
    if ((await this.#forwarder.headBlob(digest)) === undefined) return false;
    this.#found.add(digest);
    return true;
  }

  /** Starts a task of the group, once fewer than `blobsAtOnce` run. */
  async #begin(work: () => Promise<void>): Promise<void> {
    const { promise: begun, resolve } = Promise.withResolvers<undefined>();
    this.#group.start(async () => {
      try {
        await this.#slots.run(async () => {
          resolve(undefined);
          await work();
        }, this.#group.signal);
      } finally {
        resolve(undefined);
      }
    });
    await begun;
  }
}

export function checkDigest({ digest, size }: BlobClaim, actual: Digest, bytes: number): void {
  if (actual === digest && bytes === size) return;
  throw new TeaChestError(
    'layerMismatch',
    l10n.t`The engine gave the blob ${digest}, but its bytes hash to ${actual}: its store is damaged. Nothing of the image was published. Build the image anew, or remove it and pull it again.`,
    { stage: 'verify', facts: { digest, actual } },
  );
}
