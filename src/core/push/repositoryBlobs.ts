import type { DigestCache } from '../digestCache/digestCache.ts';
import type { Digest } from '../oci/digest.ts';
import type { BlobTarget, UploadSession } from '../ports/blobTarget.ts';
import type { PushUploads, UploadsInFlight } from './uploadsInFlight.ts';

/** Bytes up to which a blob that is probably missing is sent without a question: on most links that takes no longer. */
const smallBlob = 256 * 1024;
/** Upload sessions that wait for their blobs. Further ones are closed at once, and the upload opens another. */
const mostWaiting = 8;

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
  /** Opened by requests for a mount that was not possible. The uploads of these blobs use them. */
  readonly #sessions = new Map<Digest, UploadSession>();
  readonly #mounting = new Set<Promise<unknown>>();
  #hasNoTags = false;

  /** `previous`: the attempt before this one. What it found in the registry no longer counts. */
  constructor({ target, cache, uploads, origin }: RepositoryBlobsOptions, previous: RepositoryBlobs | undefined) {
    this.target = target;
    this.uploads = uploads.join(origin, target.repository);
    this.#cache = cache;
    this.#origin = origin;
    this.#sent = previous === undefined ? new Set() : previous.#sent;
  }

  /** Must be called once nothing is sent any more. Closes the sessions that were not used. */
  async close(signal: AbortSignal): Promise<void> {
    this.uploads.leave();
    await Promise.allSettled(this.#mounting);
    const left = [...this.#sessions.values()];
    this.#sessions.clear();
    await Promise.all(left.map((session) => session.close(signal)));
  }

  /** The repository has no tags. So it has no blobs either, except those of pushes that did not end. */
  noteNoTags(): void {
    this.#hasNoTags = true;
  }

  /** The session that `locate` has opened for a blob; the caller closes it. */
  takeSession(digest: Digest): UploadSession | undefined {
    const session = this.#sessions.get(digest);
    this.#sessions.delete(digest);
    return session;
  }

  /** True if the registry was asked for it and does not have it. */
  isMissing(digest: Digest): boolean {
    return this.#missing.has(digest);
  }

  /** What the registry did not have may be there now. */
  askAgain(): void {
    this.#missing.clear();
  }

  /**
   * Size of a blob of this repository; asks the registry once for what it does not have, and not at all for a small blob
   * (`expectedSize`) that is probably missing.
   */
  async head(digest: Digest, expectedSize: number | undefined, signal: AbortSignal): Promise<number | undefined> {
    if (this.#missing.has(digest) || this.#isNotWorthAsking(digest, expectedSize)) return undefined;
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
    if (this.#missing.has(digest) || this.#isNotWorthAsking(digest, expectedSize)) return undefined;
    // Gitea's mount finds the blobs of this repository as well, whatever their size.
    const findsOwn = this.target.kind !== 'generic';
    const asksFirst = !findsOwn || !this.#isProbablyMissing(digest);
    const existing = asksFirst ? await this.head(digest, expectedSize, signal) : undefined;
    if (existing !== undefined && (expectedSize ?? existing) === existing) return { size: existing, origin: 'exists' };
    const isOtherThere = existing !== undefined && findsOwn;
    if (!isOtherThere && (await this.#mount(digest, signal))) {
      const isSizeKnown = expectedSize !== undefined && asksFirst;
      const size = isSizeKnown ? expectedSize : await this.target.headBlob(digest, { signal });
      if (size !== undefined && (expectedSize ?? size) === size) return { size, origin: 'mounted' };
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

  #isNotWorthAsking(digest: Digest, size: number | undefined): boolean {
    if (size === undefined || size > smallBlob || !this.#isProbablyMissing(digest)) return false;
    // What another repository has can be mounted from there.
    return this.#cache.repositoriesWith(this.#origin, digest).length === 0;
  }

  /** The repository has no tags, and no push of ours is known to have sent the blob there. */
  #isProbablyMissing(digest: Digest): boolean {
    return this.#hasNoTags && !this.#cache.repositoriesWith(this.#origin, digest).includes(this.target.repository);
  }

  /** Gitea searches its whole instance by itself; other registries are offered the repositories where we saw the blob. */
  async #mount(digest: Digest, signal: AbortSignal): Promise<boolean> {
    if (this.target.kind !== 'generic') return await this.#mountOrOpen(digest, signal);
    for (const repository of this.#cache.repositoriesWith(this.#origin, digest)) {
      if (repository === this.target.repository) continue;
      if (await this.target.mountBlob(digest, repository, { signal })) return true;
    }
    return false;
  }

  /** If Gitea has no such blob, the same request opens a session, which is kept for the upload. */
  async #mountOrOpen(digest: Digest, signal: AbortSignal): Promise<boolean> {
    const mounting = this.target.openSession(digest, { signal }).then(async (session) => {
      if (session === undefined) return true;
      if (this.#sessions.size < mostWaiting && !this.#sessions.has(digest)) this.#sessions.set(digest, session);
      else await session.close(signal);
      return false;
    });
    this.#mounting.add(mounting);
    try {
      return await mounting;
    } finally {
      this.#mounting.delete(mounting);
    }
  }
}
