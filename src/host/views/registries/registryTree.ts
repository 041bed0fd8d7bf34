import type { TeaChestError } from '../../../core/base/errors.ts';
import { ownerUrl, packageUrl } from '../../../core/gitea/webUrls.ts';
import { isReferenceText } from '../../../core/oci/imageReference.ts';
import { pageAt, type Connection } from '../../connections/connection.ts';
import type { WebPage } from '../../openInBrowser.ts';
import type { PackageVersion } from '../../registry/registryBrowser.ts';

export type RegistryNode = ConnectionNode | OwnerNode | PackageNode | VersionNode | NoteNode;

export interface ConnectionNode {
  readonly type: 'registry';
  readonly id: string;
  readonly connection: Connection;
}

export interface OwnerNode {
  readonly type: 'owner';
  readonly id: string;
  readonly connection: Connection;
  readonly owner: string;
  /** `public`: everybody who can reach the server can pull its images. Empty if that is not known. */
  readonly note: string;
}

export interface PackageNode {
  readonly type: 'image';
  readonly id: string;
  readonly connection: Connection;
  /** `host/owner/name` */
  readonly repository: string;
  readonly name: string;
  /** Newest first. */
  readonly versions: readonly VersionNode[];
}

export interface VersionNode {
  readonly type: 'tag';
  readonly id: string;
  readonly connection: Connection;
  /** `host/owner/name:tag` */
  readonly reference: string;
  readonly label: string;
  /** ISO 8601. Empty if the registry does not say. */
  readonly createdAt: string;
  readonly page: WebPage;
}

/** A row that explains why there are no others. */
export interface NoteNode {
  readonly type: 'note';
  readonly id: string;
  readonly text: string;
  /** Set if the registry could not be listed. */
  readonly failure: NoteFailure | undefined;
}

interface NoteFailure {
  readonly error: TeaChestError;
  readonly connection: Connection;
}

export function connectionNode(connection: Connection): ConnectionNode {
  return { type: 'registry', id: connection.origin, connection };
}

export function ownerNode(connection: Connection, owner: string, isPublic = false): OwnerNode {
  const note = isPublic ? 'public' : '';
  return { type: 'owner', id: `${connection.origin} ${owner}`, connection, owner, note };
}

/**
 * Groups versions into images, the latest pushed first. Leaves out versions without a tag, which are parts of others, and
 * names that are no valid reference, which cannot be pulled: see `countInvalidNames`.
 */
export function packageNodes(
  connection: Connection,
  owner: string,
  rows: readonly PackageVersion[],
): readonly PackageNode[] {
  const byName = new Map<string, VersionNode[]>();
  for (const row of rows) {
    if (row.version.startsWith('sha256:')) continue;
    const reference = referenceOf(connection, owner, row);
    if (!isReferenceText(reference)) continue;
    const node: VersionNode = {
      type: 'tag',
      id: `${connection.origin} ${reference}`,
      connection,
      reference,
      label: row.version,
      createdAt: row.createdAt ?? '',
      // Built here, because the address that the registry returns may lead anywhere.
      page: pageAt(connection, packageUrl(connection.webRoot, { owner, name: row.name, tag: row.version })),
    };
    const others = byName.get(row.name);
    if (others === undefined) byName.set(row.name, [node]);
    else others.push(node);
  }
  const nodes = [...byName].map(([name, versions]): PackageNode => {
    const repository = `${connection.host}/${owner.toLowerCase()}/${name}`;
    versions.sort((one, other) => other.createdAt.localeCompare(one.createdAt));
    return { type: 'image', id: `${connection.origin} ${repository}`, connection, repository, name, versions };
  });
  const newest = (node: PackageNode): string => node.versions[0]?.createdAt ?? '';
  return nodes.sort((one, other) => newest(other).localeCompare(newest(one)));
}

/** How many versions have a name that is no valid reference. A registry in order has none. */
export function countInvalidNames(connection: Connection, owner: string, rows: readonly PackageVersion[]): number {
  const tags = rows.filter(({ version }) => !version.startsWith('sha256:'));
  return tags.filter((row) => !isReferenceText(referenceOf(connection, owner, row))).length;
}

function referenceOf({ host }: Connection, owner: string, { name, version }: PackageVersion): string {
  return `${host}/${owner.toLowerCase()}/${name}:${version}`;
}

export function noteNode(parent: string, text: string, failure?: NoteFailure): NoteNode {
  return { type: 'note', id: `${parent} note`, text, failure };
}

/** The node's page in the browser. */
export function nodePage(node: RegistryNode): WebPage | undefined {
  switch (node.type) {
    case 'registry':
      return node.connection.kind === 'generic' ? undefined : pageAt(node.connection, node.connection.webRoot);
    case 'owner':
      return pageAt(node.connection, ownerUrl(node.connection.webRoot, node.owner));
    case 'image':
      // Gitea has pages of versions only.
      return node.versions[0]?.page;
    case 'tag':
      return node.page;
    case 'note':
      return undefined;
  }
}

/** The reference that the copy commands use. */
export function nodeReference(node: RegistryNode): string | undefined {
  if (node.type === 'tag') return node.reference;
  return node.type === 'image' ? node.repository : undefined;
}

/** `3 tags`, or the one tag as `:2`. */
export function describeVersions({ versions }: PackageNode): string {
  const [first] = versions;
  return versions.length === 1 && first !== undefined ? `:${first.label}` : `${versions.length} tags`;
}

/** `Image app, 1 tag`: the row for a screen reader. */
export function packageAccessibleName({ name, versions }: PackageNode): string {
  return `Image ${name}, ${versions.length === 1 ? '1 tag' : `${versions.length} tags`}`;
}
