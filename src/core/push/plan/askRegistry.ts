import { isCancelled } from '../../base/errors.ts';
import { Semaphore } from '../../base/semaphore.ts';
import { TaskGroup } from '../../base/taskGroup.ts';
import type { Digest } from '../../oci/digest.ts';
import type { PlanContext } from './planContext.ts';
import type { PlannedState } from './pushPlan.ts';

/** Concurrent HEAD requests. */
const parallelLookups = 6;

/** Where a blob is, as HEAD requests show it. */
export interface BlobPlace {
  readonly state: Extract<PlannedState, 'exists' | 'mountable' | 'send'>;
  /** The other repository that has it. */
  readonly knownIn?: string;
}

export interface AskedBlob {
  readonly digest: Digest;
  readonly size: number;
}

/**
 * Asks where these blobs are, each once, without changing anything. A push tries to mount what the repository lacks; that
 * request opens an upload session where it finds nothing. So a plan asks only the repositories where earlier pushes saw the
 * blob. A Gitea may have it elsewhere (docs/gitea.md §2): then a push sends less than planned.
 */
export async function findBlobs(
  context: PlanContext,
  blobs: Iterable<AskedBlob>,
): Promise<ReadonlyMap<Digest, BlobPlace>> {
  const distinct = new Map([...blobs].map((blob) => [blob.digest, blob]));
  const found = new Map<Digest, BlobPlace>();
  const group = new TaskGroup(context.signal);
  const lookups = new Semaphore(parallelLookups);
  await group.run(() => {
    for (const blob of distinct.values()) {
      const ask = async (): Promise<void> => void found.set(blob.digest, await findBlob(context, blob, group.signal));
      group.start(() => lookups.run(ask, group.signal));
    }
    return Promise.resolve();
  });
  return found;
}

async function findBlob(context: PlanContext, { digest, size }: AskedBlob, signal: AbortSignal): Promise<BlobPlace> {
  const { target, cache, request } = context;
  // A blob of another size is not that blob (`RepositoryBlobs.locate`).
  if ((await target.headBlob(digest, { signal })) === size) return { state: 'exists' };
  for (const repository of cache.repositoriesWith(request.origin, digest)) {
    if (repository === target.repository) continue;
    if (await hasBlob(context, repository, { digest, size }, signal))
      return { state: 'mountable', knownIn: repository };
  }
  return { state: 'send' };
}

/** False also for a repository that cannot be read any more: nothing is mounted from there. */
async function hasBlob(
  { findRepository, logger }: PlanContext,
  repository: string,
  { digest, size }: AskedBlob,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    const other = await findRepository(repository, { signal });
    return (await other.headBlob(digest, { signal })) === size;
  } catch (error) {
    if (isCancelled(error)) throw error;
    logger.debug(`Whether ${repository} has ${digest} could not be asked: ${String(error)}`);
    return false;
  }
}
