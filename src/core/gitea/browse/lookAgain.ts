import type { Digest } from '../../oci/digest.ts';
import { isTag } from '../../oci/imageReference.ts';
import { readManifestLinks } from '../../oci/manifestLinks.ts';
import type { PackageId, PackagesApi } from '../packagesApi.ts';
import type { PackageVersion } from '../restRows.ts';
import { packageOf, type BrowseCall, type RegistryContents } from './registryContents.ts';

interface VersionsSince {
  /** Those that were not there before. */
  readonly added: readonly PackageVersion[];
  /** There is no version at all any more. */
  readonly isGone: boolean;
}

/** What came to a package since it had these versions. The last pushed are listed first, so one page is enough if nothing came. */
export async function versionsSince(
  packages: Pick<PackagesApi, 'versionsOf'>,
  id: PackageId,
  before: ReadonlySet<number>,
  call: BrowseCall,
): Promise<VersionsSince> {
  const added: PackageVersion[] = [];
  let isGone = true;
  for await (const { rows } of packages.versionsOf(id, call)) {
    if (rows.length > 0) isGone = false;
    const fresh = rows.filter((row) => !before.has(row.id));
    added.push(...fresh);
    if (rows.length > 0 && fresh.length === 0) break;
  }
  return { added, isGone };
}

/** What the indexes need that were tagged since a repository had these versions, with the tag. */
export async function neededSince(
  contents: RegistryContents,
  name: string,
  before: ReadonlySet<number>,
  call: BrowseCall,
): Promise<ReadonlyMap<Digest, string>> {
  const needed = new Map<Digest, string>();
  const { packages } = contents;
  if (packages === undefined) return needed;
  const { added } = await versionsSince(packages, packageOf({ repository: name }), before, call);
  const repository = await contents.open(name, call);
  for (const { version } of added) {
    if (!isTag(version)) continue;
    const stored = await repository.readManifest(version, call);
    const children = stored === undefined ? [] : (readManifestLinks(stored.bytes)?.children ?? []);
    for (const { digest } of children) needed.set(digest, version);
  }
  return needed;
}
