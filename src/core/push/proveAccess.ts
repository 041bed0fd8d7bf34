import type { AttemptContext } from './pushContext.ts';

/**
 * For a push that plans nothing because it asks for each blob by its digest: proves by `check` that we may write there, and
 * asks for the repository's tags meanwhile. On Gitea a repository without tags saves a question for each blob
 * (`RepositoryBlobs.locate`); a failure of that costs time, but does not fail the push.
 */
export async function proveAccess(context: AttemptContext, check: Promise<void>, signal: AbortSignal): Promise<void> {
  await Promise.all([check, lookForTags(context, signal)]);
}

async function lookForTags({ target, blobs, logger }: AttemptContext, signal: AbortSignal): Promise<void> {
  if (target.kind === 'generic') return;
  try {
    if ((await target.listTags({ signal })).length === 0) blobs.noteNoTags();
  } catch (error) {
    logger.debug(`The tags of ${target.repository} cannot be listed: ${String(error)}`);
  }
}
