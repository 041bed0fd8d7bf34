import * as l10n from '@vscode/l10n';
import type * as vscode from 'vscode';
import type { ManifestDescription } from '../../../core/gitea/browse/describeManifest.ts';
import { shortDigest } from '../../../core/oci/digest.ts';
import { describeConnection } from '../../connections/connection.ts';
import { markdownValue, type MarkdownLine } from '../../display/markdownText.ts';
import { markdownTooltip } from '../../display/markdownTooltip.ts';
import { treeItem, type TreeRow } from '../../display/treeItem.ts';
import { formatAge, formatBytes, formatDate } from '../../progress/format.ts';
import { errorMessage } from '../../errors/errorMessages.ts';
import { noteLabel, noteRemedy } from './noteLabel.ts';
import {
  nodePage,
  nodeReference,
  noteNode,
  type ConnectionNode,
  type DigestNode,
  type ImageNode,
  type MoreNode,
  type NoteNode,
  type OwnerNode,
  type RegistryNode,
  type TagNode,
  type UntaggedNode,
} from './registryTree.ts';
import { factsIn, failureOf, type TagDetail } from './tagDetails.ts';

/** The parts of a row that depend on the type of its node. */
type Appearance = Omit<TreeRow, 'id' | 'contextValue'>;

/** The tree item of a node. `now` in milliseconds since the epoch; `detail`: what is known of a tag or digest. */
export function registryItem(node: RegistryNode, now: number, detail?: TagDetail): vscode.TreeItem {
  return treeItem({ ...appearanceOf(node, now, detail), id: node.id, contextValue: contextValueOf(node) });
}

/** The `when` clauses of package.json use it: the type, then what is special about the node. */
function contextValueOf(node: RegistryNode): string {
  const isAdded = (node.type === 'owner' || node.type === 'image') && node.isAdded;
  const parts = [node.type, ...(isAdded ? ['added'] : []), ...(mayBeLinked(node) ? ['linked'] : [])];
  return [...parts, ...(nodePage(node) === undefined ? [] : ['web'])].join('.');
}

/** An image whose row was not read may have a link: Unlink reads it. Other registries than Gitea and Forgejo have none. */
function mayBeLinked(node: RegistryNode): boolean {
  if (node.type !== 'image' || node.connection.kind === 'generic') return false;
  return node.listed?.isRead !== true || node.listed.linkedTo !== undefined;
}

function appearanceOf(node: RegistryNode, now: number, detail: TagDetail | undefined): Appearance {
  switch (node.type) {
    case 'registry':
      return connectionAppearance(node);
    case 'owner':
      return ownerAppearance(node);
    case 'image':
      return imageAppearance(node, now);
    case 'tag':
      return tagAppearance(node, now, detail);
    case 'digest':
      return digestAppearance(node, now, detail);
    case 'untagged':
      return untaggedAppearance(node);
    case 'more':
      return moreAppearance(node);
    case 'note':
      return noteAppearance(node);
  }
}

function connectionAppearance({ connection }: ConnectionNode): Appearance {
  const about = describeConnection(connection);
  const { trust } = connection;
  const lines: readonly MarkdownLine[] = [
    ['**', markdownValue(connection.webRoot), '**'],
    [markdownValue(about)],
    ...(trust.pinnedFingerprint === undefined ? [] : [[l10n.t('You have trusted its certificate by its fingerprint')]]),
    ...(trust.allowHttp === true ? [[l10n.t('Not encrypted (http)')]] : []),
  ];
  return {
    label: connection.host,
    description: about,
    icon: 'server',
    expandable: true,
    accessibleName: l10n.t`Registry ${connection.host}, ${about}`,
    tooltip: markdownTooltip(lines),
  };
}

function ownerAppearance({ connection, owner, note, isAdded }: OwnerNode): Appearance {
  // Of an owner that was added it is not known.
  const isOrganization = !isAdded && owner.toLowerCase() !== connection.username.toLowerCase();
  const notes = [note, isAdded ? l10n.t('added by you') : ''].filter((one) => one !== '');
  return {
    label: owner,
    description: notes.join(' · '),
    icon: isOrganization ? 'organization' : 'account',
    expandable: true,
    accessibleName: [l10n.t`Owner ${owner}`, ...notes].join(', '),
  };
}

function imageAppearance(node: ImageNode, now: number): Appearance {
  const { name, listed, isAdded } = node;
  const tags = listed?.tags;
  const age = formatAge(listed?.pushedAt, now);
  const counted = tags === undefined ? '' : describeTags(tags);
  const linked = listed?.linkedTo;
  const notes = [
    counted,
    age,
    linked === undefined ? '' : l10n.t`linked to ${linked}`,
    isAdded ? l10n.t('added by you') : '',
  ];
  const reference = nodeReference(node) ?? '';
  const lines: readonly MarkdownLine[] = [
    ['**', markdownValue(reference), '**'],
    ...(age === '' ? [] : [[l10n.t`Last push: ${dateValue(listed?.pushedAt ?? '')}`]]),
    ...(linked === undefined ? [] : [[l10n.t`Linked to the repository ${markdownValue(linked).value}`]]),
  ];
  const spoken = [
    l10n.t`Image ${name}`,
    ...(tags === undefined ? [] : [countTags(tags.length)]),
    ...(linked === undefined ? [] : [l10n.t`linked to ${linked}`]),
  ];
  return {
    label: name,
    description: joined(notes),
    icon: 'package',
    expandable: true,
    accessibleName: spoken.join(', '),
    tooltip: markdownTooltip(lines),
  };
}

/** `3 tags`, or the one tag as `:2`, which cannot be mistaken for a number of tags. */
function describeTags(tags: readonly string[]): string {
  const [first] = tags;
  if (first === undefined) return l10n.t('no tags');
  return tags.length === 1 ? `:${first}` : countTags(tags.length);
}

function countTags(count: number): string {
  return count === 1 ? l10n.t('1 tag') : l10n.t`${count} tags`;
}

function tagAppearance(node: TagNode, now: number, detail: TagDetail | undefined): Appearance {
  const { tag } = node;
  const known = factsIn(detail);
  const version = node.version ?? known?.version;
  const age = formatAge(version?.createdAt, now);
  const missing = missingOf(node, detail);
  const facts = missing?.facts ?? factsOf(known);
  const lines: readonly MarkdownLine[] = [
    ['**', markdownValue(nodeReference(node) ?? ''), '**'],
    ...linesOf(known),
    ...pushLines(version?.createdAt, version?.creator),
    ...(missing?.lines ?? []),
  ];
  return {
    label: tag,
    description: joined([...facts, age]),
    icon: missing?.icon ?? (known?.kind === 'index' ? 'layers' : 'tag'),
    expandable: known?.kind === 'index',
    accessibleName: [l10n.t`Tag ${nodeReference(node) ?? tag}`, ...facts, spokenAge(age), missing?.spoken ?? '']
      .filter((part) => part !== '')
      .join(', '),
    tooltip: markdownTooltip(lines),
    ...missing?.action,
  };
}

function digestAppearance(node: DigestNode, now: number, detail: TagDetail | undefined): Appearance {
  const { label, digest, createdAt, creator } = node;
  const known = factsIn(detail);
  const missing = missingOf(node, detail);
  const isLabelled = label === shortDigest(digest);
  const facts = factsOf(known).filter((fact) => fact !== label && !(isLabelled && fact === shortDigest(digest)));
  const age = formatAge(createdAt, now);
  const unread = isLabelled ? [] : [shortDigest(digest)];
  const shown = known === undefined ? [...unread, ...(missing?.facts ?? [])] : facts;
  return {
    label,
    description: joined([...shown, age]),
    icon: missing?.icon ?? 'circle-outline',
    expandable: false,
    accessibleName: [l10n.t`Manifest ${label}`, ...shown, age, missing?.spoken ?? '']
      .filter((part) => part !== '')
      .join(', '),
    tooltip: markdownTooltip([
      ['**', markdownValue(nodeReference(node) ?? ''), '**'],
      ...linesOf(known),
      ...pushLines(createdAt, creator),
      ...(missing?.lines ?? []),
    ]),
    ...missing?.action,
  };
}

interface Missing {
  readonly facts: readonly string[];
  readonly lines: readonly MarkdownLine[];
  readonly spoken?: string;
  readonly icon?: string;
  readonly action?: Pick<Appearance, 'command'>;
}

/** Why a row has no facts: there is no such thing any more, or it could not be read. Then the row does what helps. */
function missingOf(node: TagNode | DigestNode, detail: TagDetail | undefined): Missing | undefined {
  if (detail === 'gone') return { facts: [l10n.t('deleted meanwhile')], lines: [] };
  const error = failureOf(detail);
  if (error === undefined) return undefined;
  const { title } = noteRemedy(error);
  const note = noteNode(node.id, noteLabel(error), { error, connection: node.connection });
  return {
    facts: [l10n.t('could not be read'), title],
    lines: [[l10n.t`Not read: ${markdownValue(errorMessage(error).message).value}`]],
    spoken: l10n.t`Press Enter: ${title}.`,
    icon: 'warning',
    action: { command: { command: 'teaChest.registries.reconnect', title, arguments: [note] } },
  };
}

function spokenAge(age: string): string {
  if (age === '') return '';
  return l10n.t({ message: 'pushed {0}', args: [age], comment: '{0} is an age, such as “5 min ago”.' });
}

/** Digest, size, platforms: what a row has room for. */
function factsOf(known: ManifestDescription | undefined): readonly string[] {
  if (known === undefined) return [];
  const { digest, size, platforms, kind } = known;
  const [first] = platforms;
  const platform = platforms.length > 1 ? l10n.t`${platforms.length} platforms` : (first ?? '');
  const other =
    kind === 'other'
      ? l10n.t({ message: 'no image', comment: 'Something else is stored in the registry, such as a chart.' })
      : '';
  return [shortDigest(digest), size === undefined ? '' : formatBytes(size), platform, other].filter(
    (one) => one !== '',
  );
}

function linesOf(known: ManifestDescription | undefined): readonly MarkdownLine[] {
  if (known === undefined) return [];
  const { digest, size, platforms, kind } = known;
  return [
    [l10n.t`Digest: ${markdownValue(digest).value}`],
    ...(size === undefined ? [] : [[sizeLine(kind, markdownValue(formatBytes(size)).value)]]),
    ...(platforms.length === 0 ? [] : [[l10n.t`Platforms: ${markdownValue(platforms.join(', ')).value}`]]),
  ];
}

function sizeLine(kind: ManifestDescription['kind'], size: string): string {
  return kind === 'index' ? l10n.t`Size of all images: ${size}` : l10n.t`Size: ${size}`;
}

function pushLines(createdAt: string | undefined, creator: string | undefined): readonly MarkdownLine[] {
  if (createdAt === undefined) return [];
  const when = dateValue(createdAt);
  if (creator === undefined) return [[l10n.t`Pushed: ${when}`]];
  return [[l10n.t`Pushed: ${when} by ${markdownValue(creator).value}`]];
}

/** Markdown. */
function dateValue(at: string): string {
  return markdownValue(formatDate(at)).value;
}

function untaggedAppearance({ repository }: UntaggedNode): Appearance {
  return {
    label: l10n.t('Untagged'),
    description: l10n.t('what no tag needs'),
    icon: 'archive',
    expandable: true,
    accessibleName: l10n.t`Untagged versions of ${repository}`,
  };
}

function moreAppearance(node: MoreNode): Appearance {
  return {
    label: l10n.t('Load More'),
    description: l10n.t`${node.shown} shown`,
    icon: 'ellipsis',
    expandable: false,
    accessibleName: l10n.t`Load more, ${node.shown} are shown`,
    command: { command: 'teaChest.registries.loadMore', title: l10n.t('Load More'), arguments: [node] },
  };
}

function noteAppearance(node: NoteNode): Appearance {
  const row = { label: node.text, expandable: false };
  if (node.failure === undefined) return { ...row, description: '', icon: 'info', accessibleName: node.text };
  const { error } = node.failure;
  const { title } = noteRemedy(error);
  const { message } = errorMessage(error);
  return {
    ...row,
    description: title,
    icon: 'warning',
    accessibleName: `${node.text}: ${message} ${l10n.t`Press Enter: ${title}.`}`,
    tooltip: message,
    command: { command: 'teaChest.registries.reconnect', title, arguments: [node] },
  };
}

function joined(facts: readonly string[]): string {
  return facts.filter((fact) => fact !== '').join(' · ');
}
