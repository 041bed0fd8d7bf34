import * as l10n from '@vscode/l10n';
import { isCancelled, TeaChestError, toTeaChestError, type ErrorCode } from '../base/errors.ts';
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
    const status = error instanceof TeaChestError && !isExplained(error) ? error.facts.status : undefined;
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
  let isUnlinked = false;
  try {
    await unlinkPackage(packages, wanted, call);
    isUnlinked = true;
    await linkPackage(packages, wanted, call);
  } catch (failure) {
    if (!(await restoreLink(packages, wanted, { former: repository, isUnlinked, failure }))) throw failure;
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
    if (!(error instanceof TeaChestError) || isExplained(error)) throw error;
    // Gitea unlinks only what is linked: 400 “invalid argument”.
    if (error.facts.status === 400) return;
    if (error.facts.status === 404) throw cannotUnlink(host, id, error);
    throw error.facts.status === 500 ? mayNotUnlink(id, error) : error;
  }
}

/** A proxy is the reason of the 404, and not what it usually means. */
function isExplained({ facts }: TeaChestError): boolean {
  return facts['decodesSlash'] === true;
}

/** A change of a link that failed in between. */
interface BrokenMove {
  readonly former: string;
  /** The server has confirmed that the former link was removed. */
  readonly isUnlinked: boolean;
  readonly failure: unknown;
}

/**
 * After a failure in between. True if the wanted link was made all the same, false if the package has a link. Rejects if the
 * package has lost its link, or may have lost it.
 */
async function restoreLink(packages: LinkApi, wanted: WantedLink, broken: BrokenMove): Promise<boolean> {
  const call = { signal: AbortSignal.timeout(restoreTimeout) };
  let now: PackageLink | undefined;
  try {
    // The answer to a request may be lost that has done its work.
    now = await readLink(packages, wanted.id, call);
  } catch (error) {
    if (!broken.isUnlinked && isRefusal(broken.failure)) return false;
    throw linkUnknown(wanted, broken, error);
  }
  if (isTo(wanted.repository, now)) return true;
  if (now === undefined || now.repository !== undefined) return false;
  try {
    await linkPackage(packages, { ...wanted, repository: broken.former }, call);
  } catch (error) {
    throw linkLost(wanted, broken, error);
  }
  return false;
}

/** The server has refused the request, and so has done nothing. After any other failure it may have done its work. */
function isRefusal(failure: unknown): boolean {
  const { status = 0 } = failure instanceof TeaChestError ? failure.facts : {};
  return status >= 400 && status < 500 && status !== 408;
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

/** A 404, which has two reasons. */
function cannotUnlink(host: string, id: PackageId, cause: unknown): TeaChestError {
  const what = l10n.t`${host} could not unlink ${id.owner}/${id.name}: it is not there any more, or the server is older than Gitea 1.24 or Forgejo 11, which cannot do this from outside.`;
  return new TeaChestError('registryRefused', what, { cause, facts: { host, status: 404 } });
}

/**
 * Gitea 1.26 gives the same answer, a 500 without a message, to a member of a team that may write packages and is no
 * administrator of the organization.
 */
function mayNotUnlink(id: PackageId, error: TeaChestError): TeaChestError {
  const what = l10n.t`It may also be that you have no right to unlink ${id.owner}/${id.name}: Gitea gives the same answer to everybody but the owner, and in an organization to everybody but its owners and administrators.`;
  return new TeaChestError(error.code, joinSentences(error.message, what), { cause: error, facts: error.facts });
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

function linkLost(wanted: WantedLink, broken: BrokenMove, again: unknown): TeaChestError {
  const lost = l10n.t`It could not be linked to “${broken.former}” again either, so it may be linked to nothing now.`;
  return moveFailed([unlinkedSentence(wanted, broken), lost], broken.failure, again);
}

function linkUnknown(wanted: WantedLink, broken: BrokenMove, again: unknown): TeaChestError {
  const { id, repository } = wanted;
  const { former, isUnlinked, failure } = broken;
  const name = `${id.owner}/${id.name}`;
  const maybe = isCancelled(failure)
    ? l10n.t`${name} may have been unlinked from “${former}” before you cancelled.`
    : l10n.t`${name} was not linked to “${repository}”, and may have been unlinked from “${former}”.`;
  const first = isUnlinked ? unlinkedSentence(wanted, broken) : maybe;
  return moveFailed([first, l10n.t('Whether it is linked now could not be read.')], failure, again);
}

function unlinkedSentence({ id, repository }: WantedLink, { former, failure }: BrokenMove): string {
  const name = `${id.owner}/${id.name}`;
  return isCancelled(failure)
    ? l10n.t`${name} was unlinked from “${former}” already when you cancelled.`
    : l10n.t`${name} was unlinked from “${former}”, but could not be linked to “${repository}”.`;
}

/** What is said of these two is not what happened to the link. */
const unsuitable: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['cancelled', 'changedMeanwhile']);

/** The code and the facts are those of the first failure, or of the second, so that what helps is offered. */
function moveFailed(sentences: readonly string[], failure: unknown, again: unknown): TeaChestError {
  const failures = [failure, again].map((one) => toTeaChestError(one));
  const reasons = failures.filter((one) => !isCancelled(one)).map(({ message }) => message);
  const { code, facts } = failures.find((one) => !unsuitable.has(one.code)) ?? { code: 'registryRefused', facts: {} };
  return new TeaChestError(code, joinSentences(...sentences, ...new Set(reasons)), { cause: again, facts });
}
