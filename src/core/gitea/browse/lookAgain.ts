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

/** What was seen of a repository. */
export interface SeenVersions {
  /** Gitea's IDs of its versions. */
  readonly versions: ReadonlySet<number>;
  /** What the indexes need that came after the first look, with their tag. */
  readonly needed: ReadonlyMap<Digest, string>;
}

/** Adds what came to a repository since the last look. Only manifests of new tags are read. */
export async function lookAgain(
  contents: RegistryContents,
  name: string,
  before: SeenVersions,
  call: BrowseCall,
): Promise<SeenVersions> {
  const { packages } = contents;
  if (packages === undefined) return before;
  const { added } = await versionsSince(packages, packageOf({ repository: name }), before.versions, call);
  if (added.length === 0) return before;
  const needed = new Map(before.needed);
  const repository = await contents.open(name, call);
  for (const { version } of added) {
    if (!isTag(version)) continue;
    const stored = await repository.readManifest(version, call);
    const children = stored === undefined ? [] : (readManifestLinks(stored.bytes)?.children ?? []);
    for (const { digest } of children) needed.set(digest, version);
  }
  return { versions: new Set([...before.versions, ...added.map(({ id }) => id)]), needed };
}
