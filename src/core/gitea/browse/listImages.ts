import { isCancelled, TeaChestError } from '../../base/errors.ts';
import { isReferenceText } from '../../oci/imageReference.ts';
import type { RestPage } from '../restClient.ts';
import type { PackageVersion } from '../restRows.ts';
import type { BrowseCall, RegistryContents } from './registryContents.ts';

export type SortOrder = 'newest' | 'name';

export interface ImageQuery {
  /** Lower case; undefined on registries without owners. */
  readonly owner: string | undefined;
  readonly sort: SortOrder;
  /** A part of the name, in any case; empty: all. */
  readonly filter: string;
}

/** An image of an owner. */
export interface ListedImage {
  /** Without the owner on Gitea, the whole path elsewhere. */
  readonly name: string;
  /** ISO 8601, of the last push; undefined if it was not read. */
  readonly pushedAt: string | undefined;
  /** Its tags, the last pushed first; undefined if not all were read. */
  readonly tags: readonly string[] | undefined;
  /** The repository to which it is linked. Undefined if to none that the user may see, or if it was not read. */
  readonly linkedTo: string | undefined;
  /** False if only its name is known. */
  readonly isRead: boolean;
}

/** What is known at the end of a list. */
export interface ImagesEnd {
  /** Versions that are not shown because no image reference can have their name. */
  readonly hidden: number;
  /** The owner's present name; undefined if it still has the one that was asked for. */
  readonly renamedTo: string | undefined;
}

/** Up to so many versions of an owner are all read. Beyond, names come from the catalog, which has a row for each image. */
const mostVersionsRead = 500;

/**
 * The images of an owner, or of a registry without owners. What is not asked for is not requested.
 *
 * Gitea lists versions, not images: 1,000 images with 100 tags each are 2,000 pages. So of a large owner only the last
 * versions are read. These images come first, and the others follow by name.
 */
export async function* listImages(
  contents: RegistryContents,
  query: ImageQuery,
  call: BrowseCall,
): AsyncGenerator<ListedImage, ImagesEnd, void> {
  const { owner } = query;
  if (contents.packages === undefined || owner === undefined) return yield* listCatalog(contents, query, call);
  const pages = contents.packages.versions(owner, call, query.filter);
  const { rows, isAll } = await readFirst(pages);
  const isUsable = usableOn(contents);
  const images = groupByName(rows.filter(isUsable), isAll);
  const hidden = rows.length - rows.filter(isUsable).length;
  const name = rows[0]?.ownerNow ?? owner;
  const end = { hidden, renamedTo: name === owner ? undefined : name };
  if (isAll) {
    yield* sorted(images, query.sort);
    return end;
  }
  const known = new Map(images.map((image) => [image.name, image]));
  if (query.sort === 'newest') yield* images;
  try {
    for await (const path of catalogOf(contents, name, query.filter, call)) {
      const image = known.get(path);
      if (query.sort === 'name' || image === undefined) yield image ?? unread(path);
    }
  } catch (error) {
    if (isCancelled(error) || !isCatalogRefused(error)) throw error;
    if (query.sort === 'name') yield* images;
    return { ...end, hidden: hidden + (yield* listRemaining(pages, new Set(known.keys()), isUsable)) };
  }
  return end;
}

function isCatalogRefused(error: unknown): boolean {
  return error instanceof TeaChestError && error.code === 'catalogRefused';
}

interface FirstRows {
  readonly rows: readonly PackageVersion[];
  readonly isAll: boolean;
}

/** Reads at most `mostVersionsRead` rows, and only the first page if there are more in all. */
async function readFirst(pages: AsyncGenerator<RestPage<PackageVersion>, void, void>): Promise<FirstRows> {
  const rows: PackageVersion[] = [];
  for (;;) {
    const page = await pages.next();
    if (page.done === true) return { rows, isAll: true };
    rows.push(...page.value.rows);
    const { total } = page.value;
    if (rows.length === total) return { rows, isAll: true };
    if ((total ?? 0) > mostVersionsRead || rows.length >= mostVersionsRead) return { rows, isAll: false };
  }
}

/** The rest of the rows of an owner whose registry has no catalog. */
async function* listRemaining(
  pages: AsyncGenerator<RestPage<PackageVersion>, void, void>,
  seen: Set<string>,
  isUsable: (row: PackageVersion) => boolean,
): AsyncGenerator<ListedImage, number, void> {
  let hidden = 0;
  for await (const { rows } of pages) {
    const usable = rows.filter(isUsable);
    hidden += rows.length - usable.length;
    for (const image of groupByName(usable, false)) {
      if (seen.has(image.name)) continue;
      seen.add(image.name);
      yield image;
    }
  }
  return hidden;
}

/** True for a version that clients can pull: its name is valid and not too long together with the host. */
function usableOn({ host }: RegistryContents): (row: PackageVersion) => boolean {
  return ({ usable, ownerNow: owner, name, version }) =>
    usable && isReferenceText(`${host}/${owner}/${name}${version.includes(':') ? '@' : ':'}${version}`);
}

/** `isAll`: these are all versions there are. */
function groupByName(rows: readonly PackageVersion[], isAll: boolean): readonly ListedImage[] {
  const byName = new Map<string, PackageVersion[]>();
  for (const row of rows) {
    const others = byName.get(row.name);
    if (others === undefined) byName.set(row.name, [row]);
    else others.push(row);
  }
  return [...byName].map(([name, versions]) => ({
    name,
    pushedAt: versions.map(({ createdAt = '' }) => createdAt).reduce(later) || undefined,
    tags: isAll ? versions.map(({ version }) => version).filter((version) => !version.includes(':')) : undefined,
    linkedTo: versions[0]?.repository,
    isRead: true,
  }));
}

function later(one: string, other: string): string {
  return Date.parse(other) > Date.parse(one) || one === '' ? other : one;
}

function sorted(images: readonly ListedImage[], sort: SortOrder): readonly ListedImage[] {
  const time = ({ pushedAt }: ListedImage): number => (pushedAt === undefined ? 0 : Date.parse(pushedAt));
  const byName = (one: ListedImage, other: ListedImage): number => compareNames(one.name, other.name);
  if (sort === 'name') return images.toSorted(byName);
  return images.toSorted((one, other) => time(other) - time(one) || byName(one, other));
}

/** `1.9` before `1.10`. */
export function compareNames(one: string, other: string): number {
  return one.localeCompare(other, 'en', { numeric: true });
}

/**
 * The images of one owner by the catalog of the whole registry, which is sorted by name and can begin at the owner's first.
 * The database compares the names: PostgreSQL may do so by a locale, in which other owners' names can be in between
 * (docs/gitea.md §3). So it ends with a page that has none of the owner's.
 */
async function* catalogOf(
  contents: RegistryContents,
  owner: string,
  filter: string,
  call: BrowseCall,
): AsyncGenerator<string, void, void> {
  const prefix = `${owner}/`;
  for await (const page of contents.catalog(call, prefix)) {
    const own = page.filter((name) => name.startsWith(prefix));
    if (own.length === 0) return;
    const names = own.map((name) => name.slice(prefix.length));
    yield* names.filter((name) => matches(name, filter) && isReferenceText(`${contents.host}/${prefix}${name}`));
  }
}

async function* listCatalog(
  contents: RegistryContents,
  { filter }: ImageQuery,
  call: BrowseCall,
): AsyncGenerator<ListedImage, ImagesEnd, void> {
  let hidden = 0;
  for await (const page of contents.catalog(call)) {
    const valid = page.filter((name) => isReferenceText(`${contents.host}/${name}`));
    hidden += page.length - valid.length;
    yield* valid.filter((name) => matches(name, filter)).map(unread);
  }
  return { hidden, renamedTo: undefined };
}

function matches(name: string, filter: string): boolean {
  return name.toLowerCase().includes(filter.toLowerCase());
}

function unread(name: string): ListedImage {
  return { name, pushedAt: undefined, tags: undefined, linkedTo: undefined, isRead: false };
}
