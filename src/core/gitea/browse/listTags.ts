import { isDigest } from '../../oci/digest.ts';
import type { PackageVersion } from '../restRows.ts';
import { compareNames, type SortOrder } from './listImages.ts';
import { packageOf, type BrowseCall, type RegistryContents } from './registryContents.ts';

export interface ListedTag {
  readonly tag: string;
  /** Undefined if it was not read. */
  readonly version: PackageVersion | undefined;
}

/** Up to so many versions of an image are all read, to sort them. */
const mostVersionsRead = 500;

/** The tags of an image. Returns the number of versions without a tag; undefined where that is not known. */
export async function* listTags(
  contents: RegistryContents,
  { repository, sort }: { readonly repository: string; readonly sort: SortOrder },
  call: BrowseCall,
): AsyncGenerator<ListedTag, number | undefined, void> {
  if (contents.packages === undefined) {
    yield* listByName(contents, repository, call);
    return undefined;
  }
  const rows: PackageVersion[] = [];
  let yielded = 0;
  let untagged = 0;
  for await (const page of contents.packages.versionsOf(packageOf({ repository }), call)) {
    rows.push(...page.rows);
    untagged += page.rows.filter(({ version }) => isDigest(version)).length;
    const isLarge = (page.total ?? 0) > mostVersionsRead || rows.length > mostVersionsRead;
    if (!isLarge) continue;
    if (sort === 'name') {
      yield* listByName(contents, repository, call);
      return undefined;
    }
    yield* tagsAmong(rows.slice(yielded));
    yielded = rows.length;
  }
  const rest = tagsAmong(rows.slice(yielded));
  yield* sort === 'name' ? rest.toSorted((one, other) => compareNames(one.tag, other.tag)) : rest;
  return untagged;
}

/** The order of the registry, which is by name on Gitea. */
async function* listByName(
  contents: RegistryContents,
  name: string,
  call: BrowseCall,
): AsyncGenerator<ListedTag, void, void> {
  const repository = await contents.open(name, call);
  for await (const tags of repository.tagPages(call)) {
    yield* tags.toSorted(compareNames).map((tag) => ({ tag, version: undefined }));
  }
}

function tagsAmong(rows: readonly PackageVersion[]): readonly ListedTag[] {
  return rows
    .filter(({ usable, version }) => usable && !isDigest(version))
    .map((row) => ({ tag: row.version, version: row }));
}
