import * as l10n from '@vscode/l10n';
import type { TeaChestError } from '../../../core/base/errors.ts';
import type { ListedImage } from '../../../core/gitea/browse/listImages.ts';
import type { ListedTag } from '../../../core/gitea/browse/listTags.ts';
import type { PackageVersion } from '../../../core/gitea/restRows.ts';
import { ownerUrl, packageUrl } from '../../../core/gitea/webUrls.ts';
import { isDigest, shortDigest, type Digest } from '../../../core/oci/digest.ts';
import type { IndexChild } from '../../../core/oci/manifestLinks.ts';
import { isReferenceText } from '../../../core/oci/imageReference.ts';
import { pageAt, type Connection } from '../../connections/connection.ts';
import type { WebPage } from '../../openInBrowser.ts';

export type RegistryNode =
  ConnectionNode | OwnerNode | ImageNode | TagNode | DigestNode | UntaggedNode | MoreNode | NoteNode;

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
  /** The person has added it, and can remove it from the view. */
  readonly isAdded: boolean;
}

export interface ImageNode {
  readonly type: 'image';
  readonly id: string;
  readonly connection: Connection;
  /** `owner/name`, as in references after the host. */
  readonly repository: string;
  /** Without the owner where the owner is the parent. */
  readonly name: string;
  readonly listed: ListedImage | undefined;
  /** The person has added it, and can remove it from the view. */
  readonly isAdded: boolean;
}

export interface TagNode {
  readonly type: 'tag';
  readonly id: string;
  readonly connection: Connection;
  readonly repository: string;
  readonly tag: string;
  /** As the registry lists it; undefined if it lists only the name. */
  readonly version: PackageVersion | undefined;
}

/** A manifest by its digest: an image of an index, or a version without a tag. */
export interface DigestNode {
  readonly type: 'digest';
  readonly id: string;
  readonly connection: Connection;
  readonly repository: string;
  readonly digest: Digest;
  readonly label: string;
  readonly createdAt: string | undefined;
  readonly creator: string | undefined;
}

/** The parent of the versions of an image that no tag needs. */
export interface UntaggedNode {
  readonly type: 'untagged';
  readonly id: string;
  readonly connection: Connection;
  readonly repository: string;
}

/** Loads the next rows below its parent. */
export interface MoreNode {
  readonly type: 'more';
  readonly id: string;
  readonly parent: RegistryNode;
  readonly shown: number;
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

export function ownerNode(connection: Connection, owner: string, isPublic = false, isAdded = false): OwnerNode {
  const note = isPublic ? l10n.t({ message: 'public', comment: 'The visibility of an owner.' }) : '';
  return { type: 'owner', id: `${connection.origin} ${owner}`, connection, owner, note, isAdded };
}

/** `owner`: undefined on registries without owners, where the listed name is the whole path. */
export function imageNode(connection: Connection, owner: string | undefined, listed: ListedImage): ImageNode {
  const { name } = listed;
  const repository = owner === undefined ? name : `${owner.toLowerCase()}/${name}`;
  return {
    type: 'image',
    id: `${connection.origin} image ${repository}`,
    connection,
    repository,
    name,
    listed,
    isAdded: false,
  };
}

export function addedImageNode(connection: Connection, repository: string): ImageNode {
  const id = `${connection.origin} added ${repository}`;
  return { type: 'image', id, connection, repository, name: repository, listed: undefined, isAdded: true };
}

export function tagNode({ connection, repository, id }: ImageNode, { tag, version }: ListedTag): TagNode {
  return { type: 'tag', id: `${id} tag ${tag}`, connection, repository, tag, version };
}

export function untaggedNode({ connection, repository, id }: ImageNode): UntaggedNode {
  return { type: 'untagged', id: `${id} untagged`, connection, repository };
}

/** An image of an index, below the index. */
export function childNode({ connection, repository, id }: TagNode, child: IndexChild): DigestNode {
  const { digest } = child;
  const label = child.platform ?? shortDigest(digest);
  const base = { connection, repository, digest, label, createdAt: undefined, creator: undefined };
  return { type: 'digest', id: `${id} ${digest}`, ...base };
}

export function untaggedVersionNode(parent: UntaggedNode, row: PackageVersion): DigestNode | undefined {
  const { version: digest, createdAt, creator } = row;
  if (!isDigest(digest)) return undefined;
  const { connection, repository } = parent;
  const label = shortDigest(digest);
  return { type: 'digest', id: `${parent.id} ${digest}`, connection, repository, digest, label, createdAt, creator };
}

export function moreNode(parent: RegistryNode, shown: number): MoreNode {
  return { type: 'more', id: `${parent.id} more`, parent, shown };
}

export function noteNode(parent: string, text: string, failure?: NoteFailure): NoteNode {
  return { type: 'note', id: `${parent} note ${text}`, text, failure };
}

/** The node's page in the browser. Built here: the address that the registry returns may lead anywhere. */
export function nodePage(node: RegistryNode): WebPage | undefined {
  if (node.type === 'note' || node.type === 'more' || node.connection.kind === 'generic') return undefined;
  const { connection } = node;
  if ('repository' in node && nodeReference(node) === undefined) return undefined;
  const page = (version?: string): WebPage => {
    const [owner = '', ...name] = 'repository' in node ? node.repository.split('/') : [];
    const target = { owner, name: name.join('/'), ...(version === undefined ? {} : { tag: version }) };
    return pageAt(connection, packageUrl(connection.webRoot, target));
  };
  switch (node.type) {
    case 'registry':
      return pageAt(connection, connection.webRoot);
    case 'owner':
      return pageAt(connection, ownerUrl(connection.webRoot, node.owner));
    case 'image':
      // Gitea redirects to the page of the last version.
      return page();
    case 'tag':
      return page(node.tag);
    case 'digest':
      return page(node.digest);
    case 'untagged':
      return undefined;
  }
}

/** The reference that the copy commands use; undefined if no client could read it. */
export function nodeReference(node: RegistryNode): string | undefined {
  const reference = referenceOf(node);
  return reference !== undefined && isReferenceText(reference) ? reference : undefined;
}

function referenceOf(node: RegistryNode): string | undefined {
  switch (node.type) {
    case 'image':
      return `${node.connection.host}/${node.repository}`;
    case 'tag':
      return `${node.connection.host}/${node.repository}:${node.tag}`;
    case 'digest':
      return `${node.connection.host}/${node.repository}@${node.digest}`;
    default:
      return undefined;
  }
}
