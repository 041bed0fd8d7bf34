import type * as vscode from 'vscode';
import type { Platform } from '../../../core/oci/platform.ts';
import { treeItem } from '../../display/treeItem.ts';
import { formatAge, formatBytes } from '../../progress/format.ts';
import { describeArtifact, describeContainers, describePlatforms, describeUse, joined } from './imageFacts.ts';
import {
  contextValueOf,
  describeTags,
  describeUseOfAll,
  repositoryAccessibleName,
  type ImageNode,
  type RepositoryNode,
  type TagNode,
} from './imageTree.ts';

/** The tree item of a node. `platforms` by image ID, `now` in milliseconds since the epoch. */
export function imageItem(
  node: ImageNode,
  platforms: ReadonlyMap<string, readonly Platform[]>,
  now: number,
): vscode.TreeItem {
  return node.type === 'repository' ? repositoryItem(node) : tagItem(node, platforms.get(node.image.id), now);
}

function repositoryItem(node: RepositoryNode): vscode.TreeItem {
  return treeItem({
    id: node.id,
    contextValue: contextValueOf(node),
    label: node.name,
    description: joined([describeTags(node), describeUseOfAll(node.tags)], ' · '),
    icon: 'package',
    expandable: true,
    accessibleName: repositoryAccessibleName(node),
    tooltip: repositoryAccessibleName(node),
  });
}

function tagItem(node: TagNode, loaded: readonly Platform[] | undefined, now: number): vscode.TreeItem {
  const { id, label, reference, image } = node;
  const obstacle = image.obstacle === undefined ? undefined : `cannot be pushed: ${image.obstacle}`;
  const facts = [
    formatBytes(image.size),
    formatAge(image.createdAt, now),
    image.isArtifact ? describeArtifact(image) : describePlatforms(image.platforms ?? loaded ?? []),
  ];
  return treeItem({
    id,
    contextValue: contextValueOf(node),
    label,
    description: joined([obstacle, describeUse(image), ...facts], ' · '),
    icon: iconOf(node),
    expandable: false,
    accessibleName: joined(
      [`Image ${reference ?? `${label}, untagged`}`, obstacle, describeContainers(image), ...facts],
      ', ',
    ),
  });
}

function iconOf({ reference, image }: TagNode): string {
  if (image.obstacle !== undefined) return 'warning';
  if (image.usedBy !== undefined && image.usedBy.running > 0) return 'vm-running';
  if (image.usedBy !== undefined && image.usedBy.stopped > 0) return 'vm-outline';
  if (image.isArtifact) return 'archive';
  return reference === undefined ? 'circle-slash' : 'tag';
}
