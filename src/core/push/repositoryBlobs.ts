import type { DigestCache } from '../digestCache/digestCache.ts';
import type { Digest } from '../oci/digest.ts';
import type { BlobTarget } from '../ports/blobTarget.ts';
import type { PushUploads, UploadsInFlight } from './uploadsInFlight.ts';

/** How a blob came to be in the repository. */
export type BlobOrigin = 'exists' | 'mounted' | 'uploaded';

export interface LocatedBlob {
  readonly size: number;
  readonly origin: 'exists' | 'mounted';
}

export interface RepositoryBlobsOptions {
  readonly target: BlobTarget;
  readonly cache: DigestCache;
  readonly uploads: UploadsInFlight;
  /** Of the registry. */
  readonly origin: string;
}

/** The blobs of the repository, as far as one attempt of a push has asked for them or sent them. */
export class RepositoryBlobs {
  readonly target: BlobTarget;
  readonly uploads: PushUploads;
  readonly #cache: DigestCache;
  readonly #origin: string;
  readonly #missing = new Set<Digest>();
  readonly #sent: Set<Digest>;

  /** `previous`: the attempt before this one. What it found in the registry no longer counts. */
  constructor({ target, cache, uploads, origin }: RepositoryBlobsOptions, previous: RepositoryBlobs | undefined) {
    this.target = target;
    this.uploads = uploads.join(origin, target.repository);
    this.#cache = cache;
    this.#origin = origin;
    this.#sent = previous === undefined ? new Set() : previous.#sent;
  }

  /** Must be called once nothing is sent any more. */
  close(): void {
    this.uploads.leave();
  }

  /** True if the registry was asked for it and does not have it. */
  isMissing(digest: Digest): boolean {
    return this.#missing.has(digest);
  }

  /** Size of a blob of this repository; asks the registry once for what it does not have. */
  async head(digest: Digest, signal: AbortSignal): Promise<number | undefined> {
    if (this.#missing.has(digest)) return undefined;
    const size = await this.target.headBlob(digest, { signal });
    if (size === undefined) this.#missing.add(digest);
    return size;
  }

  /**
   * The cheap steps before an upload: is the blob in the repository, or anywhere else in the registry? A blob of another
   * size than the expected one is not that blob: then the digest cache is wrong, and the blob is made again.
   */
  async locate(
    digest: Digest,
    expectedSize: number | undefined,
    signal: AbortSignal,
  ): Promise<LocatedBlob | undefined> {
    if (this.#missing.has(digest)) return undefined;
    const existing = await this.head(digest, signal);
    if (existing !== undefined && (expectedSize ?? existing) === existing) return { size: existing, origin: 'exists' };
    if (await this.#mount(digest, signal)) {
      const size = expectedSize ?? (await this.target.headBlob(digest, { signal }));
      if (size !== undefined) return { size, origin: 'mounted' };
    }
    this.#missing.add(digest);
    return undefined;
  }

  /** The blob is in the repository now. Gives how it came there in this push, its earlier attempts included. */
  noteStored(digest: Digest, origin: BlobOrigin): BlobOrigin {
    this.#missing.delete(digest);
    this.#cache.rememberLocation(this.#origin, digest, this.target.repository);
    if (origin === 'uploaded') this.#sent.add(digest);
    return this.#sent.has(digest) ? 'uploaded' : origin;
  }

  /** Gitea searches its whole instance by itself; other registries are offered the repositories where we saw the blob. */
  async #mount(digest: Digest, signal: AbortSignal): Promise<boolean> {
    if (this.target.kind !== 'generic') return await this.target.mountBlob(digest, undefined, { signal });
    for (const repository of this.#cache.repositoriesWith(this.#origin, digest)) {
      if (repository === this.target.repository) continue;
      if (await this.target.mountBlob(digest, repository, { signal })) return true;
    }
    return false;
  }
}
