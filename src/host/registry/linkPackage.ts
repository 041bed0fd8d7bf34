import * as l10n from '@vscode/l10n';
import { TeaChestError } from '../../core/base/errors.ts';
import type { PackageId, PackagesApi } from '../../core/gitea/packagesApi.ts';

/** Links a package to a repository of its owner. Explains a 404, which Gitea sends for two reasons. */
export async function linkPackage(
  packages: Pick<PackagesApi, 'link'> | undefined,
  { host, id, repository }: { readonly host: string; readonly id: PackageId; readonly repository: string },
  signal: AbortSignal,
): Promise<void> {
  try {
    await packages?.link(id, repository, { signal });
  } catch (error) {
    if (!(error instanceof TeaChestError) || error.facts.status !== 404) throw error;
    const what = l10n.t`${host} could not link ${id.owner}/${id.name} to “${repository}”: there is no such repository of this owner, or the server is older than Gitea 1.24 or Forgejo 11, which cannot do this from outside.`;
    throw new TeaChestError('registryRefused', what, { cause: error, facts: error.facts });
  }
}
