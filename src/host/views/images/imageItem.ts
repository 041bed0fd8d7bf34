import type * as vscode from 'vscode';
import { describePlatform, type Platform } from '../../../core/oci/platform.ts';
import { treeItem } from '../../display/treeItem.ts';
import { formatAge, formatBytes } from '../../progress/format.ts';
import {
  describeTags,
  contextValueOf,
  repositoryAccessibleName,
  type ImageNode,
  type RepositoryNode,
  type TagNode,
} from './imageTree.ts';

/** The tree item of a node. `platforms` by image ID, `now` in milliseconds since the epoch. */
export function imageItem(node: ImageNode, platforms: ReadonlyMap<string, Platform>, now: number): vscode.TreeItem {
  return node.type === 'repository' ? repositoryItem(node) : tagItem(node, platforms.get(node.image.id), now);
}

function repositoryItem(node: RepositoryNode): vscode.TreeItem {
  return treeItem({
    id: node.id,
    contextValue: contextValueOf(node),
    label: node.name,
    description: describeTags(node),
    icon: 'package',
    expandable: true,
    accessibleName: repositoryAccessibleName(node),
    tooltip: repositoryAccessibleName(node),
  });
}

function tagItem(node: TagNode, loaded: Platform | undefined, now: number): vscode.TreeItem {
  const { id, label, reference, image } = node;
  const platform = image.platform ?? loaded;
  const facts = [
    formatBytes(image.size),
    formatAge(image.createdAt, now),
    (platform && describePlatform(platform)) ?? '',
  ].filter((fact) => fact !== '');
  return treeItem({
    id,
    contextValue: contextValueOf(node),
    label,
    description: facts.join(' · '),
    icon: reference === undefined ? 'circle-slash' : 'tag',
    expandable: false,
    accessibleName: `Image ${reference ?? `${label}, untagged`}, ${facts.join(', ')}`,
  });
}
