import type { MoreNode, RegistryNode } from './registryTree.ts';

/** A tag of a registry, as a push has published it. */
export interface PublishedTag {
  readonly origin: string;
  /** `owner/name`, as in references after the host. */
  readonly repository: string;
  readonly tag: string;
}

interface Rows {
  getChildren(node?: RegistryNode): Promise<readonly RegistryNode[]>;
  loadMore(node: MoreNode): void;
}

/** Pages that are loaded to find a row among many. */
const mostPages = 20;

/** The rows from the registry down to the tag; fewer if one of them is not listed. */
export async function findTag(rows: Rows, { origin, repository, tag }: PublishedTag): Promise<readonly RegistryNode[]> {
  const isIn = (name: string): boolean => repository === name || repository.startsWith(`${name}/`);
  const levels: readonly ((node: RegistryNode) => boolean)[] = [
    (node) => node.type === 'registry' && node.connection.origin === origin,
    (node) =>
      (node.type === 'owner' && isIn(node.owner.toLowerCase())) ||
      (node.type === 'image' && node.repository === repository),
    (node) => node.type === 'image' && node.repository === repository,
    (node) => node.type === 'tag' && node.tag === tag,
  ];
  const path: RegistryNode[] = [];
  for (const isWanted of levels) {
    const last = path.at(-1);
    // A registry without owners has its images below itself.
    if (last !== undefined && isWanted(last)) continue;
    const found = await findChild(rows, last, isWanted);
    if (found === undefined) break;
    path.push(found);
  }
  return path;
}

async function findChild(
  rows: Rows,
  parent: RegistryNode | undefined,
  isWanted: (node: RegistryNode) => boolean,
): Promise<RegistryNode | undefined> {
  for (let page = 0; page < mostPages; page++) {
    const children = await rows.getChildren(parent);
    const found = children.find(isWanted);
    const more = children.find((node) => node.type === 'more');
    if (found !== undefined || more === undefined) return found;
    rows.loadMore(more);
  }
  return undefined;
}
