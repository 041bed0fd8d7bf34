import * as l10n from '@vscode/l10n';
import { isCancelled, TeaChestError, toTeaChestError } from '../../base/errors.ts';
import { joinSentences } from '../../base/joinSentences.ts';
import { isTag } from '../../oci/imageReference.ts';
import type { DeleteOutcome } from '../../registry/manifests/deleteManifest.ts';
import { allRows, type PackagesApi } from '../packagesApi.ts';
import { versionsSince } from './lookAgain.ts';
import { packageOf, type BrowseCall, type RegistryContents } from './registryContents.ts';

/**
 * Deletes an image with all versions that it had when it was confirmed, unless others came since. In one request, or, where
 * the registry has none for that, version by version: tags first, so that no index is broken.
 */
export async function deleteImage(
  contents: RegistryContents,
  { repository, confirmed }: { readonly repository: string; readonly confirmed: ReadonlySet<number> },
  call: BrowseCall,
): Promise<DeleteOutcome> {
  const { packages } = contents;
  if (packages === undefined) throw new TeaChestError('deleteUnsupported', l10n.t`${contents.host} has no packages.`);
  const id = packageOf({ repository });
  const { added, isGone } = await versionsSince(packages, id, confirmed, call);
  if (isGone) return 'gone';
  const names = added.map(({ version }) => version).filter((version) => version !== '');
  if (added.length > 0) throw pushedMeanwhile(contents, repository, names);
  if ((await packages.deletePackage(id, call)) === 'deleted') return 'deleted';
  return await deleteVersions(contents, packages, repository, call);
}

/** Goes on after a failure, unless the person cancels, may not delete, or a proxy is in the way of all versions. */
async function deleteVersions(
  { host }: RegistryContents,
  packages: PackagesApi,
  repository: string,
  call: BrowseCall,
): Promise<DeleteOutcome> {
  const id = packageOf({ repository });
  const rows = await allRows(packages.versionsOf(id, call));
  const usable = rows.filter((row) => row.usable);
  const ordered = [
    ...usable.filter(({ version }) => isTag(version)),
    ...usable.filter(({ version }) => !isTag(version)),
  ];
  let deleted = 0;
  let failure: TeaChestError | undefined;
  for (const { version } of ordered) {
    try {
      if ((await packages.deleteVersion(id, version, call)) === 'deleted') deleted += 1;
    } catch (error) {
      failure ??= toTeaChestError(error, 'browse');
      if (isCancelled(error) || failure.code === 'accessDenied' || failure.facts['decodesSlash'] === true) break;
    }
  }
  if (failure === undefined && usable.length === rows.length) return deleted === 0 ? 'gone' : 'deleted';
  if (failure !== undefined && deleted === 0) throw failure;
  throw notAllDeleted(
    { name: `${host}/${repository}`, deleted, all: rows.length },
    failure,
    rows.length - usable.length,
  );
}

function pushedMeanwhile({ host }: RegistryContents, repository: string, names: readonly string[]): TeaChestError {
  const name = `${host}/${repository}`;
  const what =
    names.length === 0
      ? l10n.t`${name} has new versions since you confirmed, so it was kept.`
      : l10n.t`${name} has new versions since you confirmed, so it was kept: ${names.join(', ')}.`;
  return new TeaChestError('changedMeanwhile', what, { facts: { host } });
}

function notAllDeleted(
  { name, deleted, all }: { readonly name: string; readonly deleted: number; readonly all: number },
  failure: TeaChestError | undefined,
  unnamed: number,
): TeaChestError {
  const others =
    unnamed === 0
      ? undefined
      : l10n.t`Versions whose names are neither tags nor digests stay: ${unnamed}. They can be deleted in the browser.`;
  const reason = failure === undefined || failure.code === 'cancelled' ? undefined : failure.message;
  const what = joinSentences(l10n.t`${deleted} of ${all} versions of ${name} were deleted.`, reason, others);
  const facts = { ...failure?.facts, inPart: deleted > 0 };
  return new TeaChestError(
    failure?.code === undefined || failure.code === 'cancelled' ? 'registryRefused' : failure.code,
    what,
    { cause: failure, facts },
  );
}
