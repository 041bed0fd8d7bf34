import * as l10n from '@vscode/l10n';
import { isCancelled, TeaChestError, toTeaChestError } from '../base/errors.ts';
import { joinSentences } from '../base/joinSentences.ts';
import type { PackageId, PackagesApi } from './packagesApi.ts';
import type { ApiCall } from './restClient.ts';

type LinkApi = Pick<PackagesApi, 'link' | 'unlink' | 'versionsOf'>;

/** A package, and the repository of its owner to which it shall be linked. */
export interface WantedLink {
  readonly host: string;
  readonly id: PackageId;
  readonly repository: string;
}

/** The link of a package. */
export interface PackageLink {
  /** Undefined if it is not linked, or to a repository that the user may not see: Gitea answers the same for both. */
  readonly repository: string | undefined;
}

/** Milliseconds for which a former link is restored, also after a cancel. */
const restoreTimeout = 20_000;

/** The link of a package as it is now. Undefined if there is no such package any more. */
export async function readLink(
  packages: Pick<PackagesApi, 'versionsOf'>,
  id: PackageId,
  call: ApiCall,
): Promise<PackageLink | undefined> {
  for await (const { rows } of packages.versionsOf(id, call)) {
    const [version] = rows;
    if (version !== undefined) return { repository: version.repository };
  }
  return undefined;
}

/** Links a package that is not linked. One that has the wanted link already is fine. */
export async function linkPackage(packages: LinkApi, wanted: WantedLink, call: ApiCall): Promise<void> {
  try {
    await packages.link(wanted.id, wanted.repository, call);
  } catch (error) {
    const status = error instanceof TeaChestError ? error.facts.status : undefined;
    if (status === 404) throw noRepository(wanted, error);
    if (status !== 400) throw error;
    // Gitea links only what is not linked (services/packages/package_update.go): 400 “invalid argument”.
    const now = await readLink(packages, wanted.id, call);
    if (!isTo(wanted.repository, now)) throw linkedAlready(wanted, now, error);
  }
}

/**
 * Links a package to this repository and no longer to the former one. Gitea has no request for that, so the former link is
 * removed first; if the new one fails, the former is made again. Gives the former repository.
 */
export async function moveLink(packages: LinkApi, wanted: WantedLink, call: ApiCall): Promise<string | undefined> {
  const former = await readLink(packages, wanted.id, call);
  if (former === undefined) throw packageGone(wanted);
  const { repository } = former;
  if (isTo(wanted.repository, former)) return repository;
  if (repository === undefined) {
    await linkPackage(packages, wanted, call);
    return undefined;
  }
  try {
    await unlinkPackage(packages, wanted, call);
    await linkPackage(packages, wanted, call);
  } catch (error) {
    if (!(await restoreLink(packages, wanted, repository, error))) throw error;
  }
  return repository;
}

/** Removes the link of a package. One that has none is fine. */
export async function unlinkPackage(
  packages: Pick<PackagesApi, 'unlink'>,
  { host, id }: Pick<WantedLink, 'host' | 'id'>,
  call: ApiCall,
): Promise<void> {
  try {
    await packages.unlink(id, call);
  } catch (error) {
    if (!(error instanceof TeaChestError) || error.facts.status === undefined) throw error;
    // Gitea unlinks only what is linked: 400 “invalid argument”.
    if (error.facts.status === 400) return;
    // Gitea 1.26: nothing else is said to a member of a team that may write packages and is no administrator of the organization.
    if (error.facts.status !== 500) throw error;
    const what = l10n.t`${host} could not unlink ${id.owner}/${id.name}. Gitea lets only the owner do that, and in an organization only its owners and administrators.`;
    throw new TeaChestError('accessDenied', what, { cause: error, facts: error.facts });
  }
}

/** After a failure in between. True if the wanted link was made all the same. Rejects if the package has lost its link. */
async function restoreLink(packages: LinkApi, wanted: WantedLink, former: string, failure: unknown): Promise<boolean> {
  const call = { signal: AbortSignal.timeout(restoreTimeout) };
  try {
    // The answer to a request may be lost that has done its work.
    const now = await readLink(packages, wanted.id, call);
    if (isTo(wanted.repository, now)) return true;
    if (now !== undefined && now.repository === undefined) {
      await linkPackage(packages, { ...wanted, repository: former }, call);
    }
    return false;
  } catch (error) {
    throw linkLost(wanted, former, failure, error);
  }
}

/** Gitea finds a repository by its name in any case. */
function isTo(repository: string, link: PackageLink | undefined): boolean {
  return link?.repository?.toLowerCase() === repository.toLowerCase();
}

/** A 404, which has two reasons. */
function noRepository({ host, id, repository }: WantedLink, cause: unknown): TeaChestError {
  const what = l10n.t`${host} could not link ${id.owner}/${id.name} to “${repository}”: there is no such repository of this owner, or the server is older than Gitea 1.24 or Forgejo 11, which cannot do this from outside.`;
  return new TeaChestError('registryRefused', what, { cause, facts: { host, status: 404 } });
}

function packageGone({ host, id }: WantedLink): TeaChestError {
  const what = l10n.t`${host} has no ${id.owner}/${id.name} any more.`;
  return new TeaChestError('changedMeanwhile', what, { facts: { host } });
}

function linkedAlready(
  { host, id, repository }: WantedLink,
  now: PackageLink | undefined,
  cause: unknown,
): TeaChestError {
  const name = `${id.owner}/${id.name}`;
  const what =
    now?.repository === undefined
      ? l10n.t`${host} did not link ${name} to “${repository}”: it is linked already, to a repository that you may not see. Somebody who may write that repository has to unlink it first.`
      : l10n.t`${host} did not link ${name} to “${repository}”: by now it is linked to “${now.repository}”.`;
  return new TeaChestError('changedMeanwhile', what, { cause, facts: { host, status: 400 } });
}

function linkLost(
  { host, id, repository }: WantedLink,
  former: string,
  failure: unknown,
  again: unknown,
): TeaChestError {
  const name = `${id.owner}/${id.name}`;
  const first = isCancelled(failure)
    ? l10n.t`${name} was unlinked from “${former}” already when you cancelled.`
    : l10n.t`${name} was unlinked from “${former}”, but could not be linked to “${repository}”.`;
  const reasons = [failure, again].filter((one) => !isCancelled(one)).map((one) => toTeaChestError(one).message);
  const what = joinSentences(
    first,
    l10n.t`It could not be linked to “${former}” again either, so it may be linked to nothing now.`,
    ...new Set(reasons),
  );
  return new TeaChestError('registryRefused', what, { cause: again, facts: { host } });
}
