import * as vscode from 'vscode';
import { formatPlatform, type Platform } from '../../../core/oci/platform.ts';
import { formatAge, formatBytes } from '../../progress/format.ts';
import {
  describeTags,
  menuOf,
  speakRepository,
  type ImageNode,
  type RepositoryNode,
  type TagNode,
} from './imageTree.ts';

/** A node as the tree draws it; `platforms` by image ID, `now` in milliseconds since the epoch. */
export function imageItem(node: ImageNode, platforms: ReadonlyMap<string, Platform>, now: number): vscode.TreeItem {
  const item = node.type === 'repository' ? repositoryItem(node) : tagItem(node, platforms.get(node.image.id), now);
  item.id = node.id;
  item.contextValue = menuOf(node);
  return item;
}

function repositoryItem(node: RepositoryNode): vscode.TreeItem {
  const item = new vscode.TreeItem(node.name, vscode.TreeItemCollapsibleState.Collapsed);
  item.iconPath = new vscode.ThemeIcon('package');
  item.description = describeTags(node);
  item.tooltip = speakRepository(node);
  item.accessibilityInformation = { label: speakRepository(node) };
  return item;
}

function tagItem({ label, reference, image }: TagNode, learned: Platform | undefined, now: number): vscode.TreeItem {
  const item = new vscode.TreeItem(label, vscode.TreeItemCollapsibleState.None);
  const platform = image.platform ?? learned;
  const facts = [
    formatBytes(image.size),
    formatAge(image.createdAt, now),
    platform ? formatPlatform(platform) : '',
  ].filter((fact) => fact !== '');
  item.iconPath = new vscode.ThemeIcon(reference === undefined ? 'circle-slash' : 'tag');
  item.description = facts.join(' · ');
  item.accessibilityInformation = { label: `Image ${reference ?? `${label}, untagged`}, ${facts.join(', ')}` };
  return item;
}
