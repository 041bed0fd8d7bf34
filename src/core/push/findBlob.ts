import type { Digest } from '../oci/digest.ts';
import type { Descriptor } from '../oci/manifest.ts';
import type { BlobTarget } from '../ports/blobTarget.ts';
import type { DigestCache } from '../digestCache/digestCache.ts';
import type { PushUploads } from './uploadsInFlight.ts';

/** How a blob came to be in the repository without being sent. */
export type BlobPresence = 'exists' | 'mounted';

export interface FindBlobOptions {
  readonly target: BlobTarget;
  readonly cache: DigestCache;
  readonly uploads: PushUploads;
  readonly origin: string;
}

/**
 * The cheap steps before an upload: is the blob in the repository, or anywhere else in the registry? Gitea looks through
 * the whole instance by itself; other registries must be told where, so we offer the places where we saw it.
 */
export async function findBlob(
  { digest, size }: Pick<Descriptor, 'digest' | 'size'>,
  ladder: FindBlobOptions,
  signal: AbortSignal,
): Promise<BlobPresence | undefined> {
  // A blob of another size cannot be the one meant: then what we remember of it is wrong, and it is made anew.
  if ((await ladder.target.headBlob(digest, { signal })) === size) return 'exists';
  return (await mountFromElsewhere(digest, ladder, signal)) ? 'mounted' : undefined;
}

/** The second step alone, for a blob that the repository is known not to have. */
export async function mountFromElsewhere(
  digest: Digest,
  { target, cache, origin }: FindBlobOptions,
  signal: AbortSignal,
): Promise<boolean> {
  if (target.kind !== 'generic') return await target.mountBlob(digest, undefined, { signal });
  for (const repository of cache.repositoriesWith(origin, digest)) {
    if (repository === target.repository) continue;
    if (await target.mountBlob(digest, repository, { signal })) return true;
  }
  return false;
}
