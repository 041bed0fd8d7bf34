import { basename } from 'node:path';
import * as l10n from '@vscode/l10n';
import type { ImageDetails } from '../../../core/ports/imageSource.ts';
import type { GitRepository } from '../../connections/gitExtension.ts';

/** https://specs.opencontainers.org/image-spec/annotations */
const revisionLabel = 'org.opencontainers.image.revision';

/**
 * A sentence about files that the image may contain and no commit has; undefined where nothing is known of such files. An
 * image names at most the commit that it was built from, so the open repository with that commit is looked at as it is now.
 * An image without that label may be of any folder: it is compared with the open repository if there is only one.
 */
export async function describeDirtyTree(
  { labels }: Pick<ImageDetails, 'labels'>,
  repositories: readonly GitRepository[],
): Promise<string | undefined> {
  const revision = labels?.[revisionLabel]?.trim() ?? '';
  if (/[-+._]dirty$/.test(revision)) {
    return l10n.t`Its label says that it was built from files that no commit has: revision “${revision}”.`;
  }
  const repository =
    revision === '' ? onlyOne(repositories) : repositories.find((one) => isAt(one, revision.toLowerCase()));
  if (repository === undefined) return undefined;
  await repository.status();
  const count = countChanges(repository);
  if (count === 0) return undefined;
  const folder = basename(repository.rootUri.fsPath);
  return revision === ''
    ? changesOfOpenFolder(folder, count)
    : changesSinceCommit(folder, revision.slice(0, 12), count);
}

function changesOfOpenFolder(folder: string, count: number): string {
  return count === 1
    ? l10n.t`It does not say what it was built from, and the open folder ${folder} has 1 uncommitted change.`
    : l10n.t`It does not say what it was built from, and the open folder ${folder} has ${count} uncommitted changes.`;
}

function changesSinceCommit(folder: string, commit: string, count: number): string {
  return count === 1
    ? l10n.t`It was built from the commit ${commit} of the folder ${folder}, which has 1 uncommitted change now: the image may contain it.`
    : l10n.t`It was built from the commit ${commit} of the folder ${folder}, which has ${count} uncommitted changes now: the image may contain them.`;
}

function onlyOne(repositories: readonly GitRepository[]): GitRepository | undefined {
  return repositories.length === 1 ? repositories[0] : undefined;
}

/** Labels have a whole commit ID or its beginning. */
function isAt({ state }: GitRepository, revision: string): boolean {
  return /^[0-9a-f]{7,64}$/.test(revision) && state.HEAD?.commit?.startsWith(revision) === true;
}

function countChanges({ state }: GitRepository): number {
  const { indexChanges, mergeChanges, workingTreeChanges, untrackedChanges = [] } = state;
  return indexChanges.length + mergeChanges.length + workingTreeChanges.length + untrackedChanges.length;
}
