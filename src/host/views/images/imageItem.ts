import * as vscode from 'vscode';
import { formatPlatform, type Platform } from '../../../core/oci/platform.ts';
import { formatAge, formatBytes } from '../../progress/format.ts';
import type { ImageNode, RepositoryNode, TagNode } from './imageTree.ts';

/** A node as the tree draws it; `platforms` by image ID, `now` in milliseconds since the epoch. */
export function imageItem(node: ImageNode, platforms: ReadonlyMap<string, Platform>, now: number): vscode.TreeItem {
  return node.type === 'repository' ? repositoryItem(node) : tagItem(node, platforms.get(node.image.id), now);
}

function repositoryItem(node: RepositoryNode): vscode.TreeItem {
  const item = new vscode.TreeItem(node.name, vscode.TreeItemCollapsibleState.Collapsed);
  const count = node.tags.length;
  const what = node.name === '<none>' ? 'untagged image' : 'tag';
  item.id = node.id;
  item.iconPath = new vscode.ThemeIcon('package');
  item.description = count === 1 ? (node.tags[0]?.label ?? '') : String(count);
  item.contextValue = 'repository';
  item.tooltip = `${node.name}: ${count} ${what}${count === 1 ? '' : 's'}`;
  item.accessibilityInformation = { label: `Repository ${node.name}, ${count} ${what}${count === 1 ? '' : 's'}` };
  return item;
}

function tagItem(
  { id, label, reference, image }: TagNode,
  learned: Platform | undefined,
  now: number,
): vscode.TreeItem {
  const item = new vscode.TreeItem(label, vscode.TreeItemCollapsibleState.None);
  const platform = image.platform ?? learned;
  const facts = [
    formatBytes(image.size),
    formatAge(image.createdAt, now),
    platform ? formatPlatform(platform) : '',
  ].filter((fact) => fact !== '');
  item.id = id;
  item.iconPath = new vscode.ThemeIcon(reference === undefined ? 'circle-slash' : 'tag');
  item.description = facts.join(' · ');
  item.contextValue = reference === undefined ? 'image.untagged' : 'image.tagged';
  item.accessibilityInformation = { label: `Image ${reference ?? `${label}, untagged`}, ${facts.join(', ')}` };
  return item;
}
