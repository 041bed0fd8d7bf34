import type * as vscode from 'vscode';
import { describeConnection } from '../../connections/connection.ts';
import { markdownValue, type MarkdownLine } from '../../display/markdownText.ts';
import { markdownTooltip } from '../../display/markdownTooltip.ts';
import { treeItem, type TreeRow } from '../../display/treeItem.ts';
import { formatAge } from '../../progress/format.ts';
import { errorMessage } from '../../errors/errorMessages.ts';
import { noteRemedy } from './noteLabel.ts';
import {
  describeVersions,
  nodePage,
  packageAccessibleName,
  type ConnectionNode,
  type NoteNode,
  type RegistryNode,
  type VersionNode,
} from './registryTree.ts';

/** The parts of a row that depend on the type of its node. */
type Appearance = Omit<TreeRow, 'id' | 'contextValue'>;

/** The tree item of a node. `now` in milliseconds since the epoch. */
export function registryItem(node: RegistryNode, now: number): vscode.TreeItem {
  // package.json shows “Open in Browser” for the suffix.
  const contextValue = nodePage(node) === undefined ? node.type : `${node.type}.web`;
  return treeItem({ ...appearanceOf(node, now), id: node.id, contextValue });
}

function appearanceOf(node: RegistryNode, now: number): Appearance {
  switch (node.type) {
    case 'registry':
      return connectionAppearance(node);
    case 'owner':
      return {
        label: node.owner,
        description: node.note,
        icon: 'account',
        expandable: true,
        accessibleName: node.note === '' ? `Owner ${node.owner}` : `Owner ${node.owner}, ${node.note}`,
      };
    case 'image':
      return {
        label: node.name,
        description: describeVersions(node),
        icon: 'package',
        expandable: true,
        accessibleName: packageAccessibleName(node),
      };
    case 'tag':
      return versionAppearance(node, now);
    case 'note':
      return noteAppearance(node);
  }
}

function connectionAppearance({ connection }: ConnectionNode): Appearance {
  const expandable = connection.kind !== 'generic';
  const about = describeConnection(connection);
  const { trust } = connection;
  const lines: readonly MarkdownLine[] = [
    ['**', markdownValue(connection.webRoot), '**'],
    [markdownValue(about)],
    ...(trust.pinnedFingerprint === undefined ? [] : [['Its certificate was trusted by sight']]),
    ...(trust.allowHttp === true ? [['Not encrypted (http)']] : []),
    ...(expandable ? [] : [['Its images are not listed here: only Gitea and Forgejo list the images of an owner']]),
  ];
  return {
    label: connection.host,
    description: about,
    icon: 'server',
    expandable,
    accessibleName: `Registry ${connection.host}, ${about}`,
    tooltip: markdownTooltip(lines),
  };
}

function versionAppearance(node: VersionNode, now: number): Appearance {
  const age = formatAge(node.createdAt, now);
  const pushed: readonly MarkdownLine[] = age === '' ? [] : [['Pushed ', markdownValue(node.createdAt)]];
  return {
    label: node.label,
    description: age,
    icon: 'tag',
    expandable: false,
    accessibleName: `Tag ${node.reference}, pushed ${age}`,
    tooltip: markdownTooltip([[markdownValue(node.reference)], ...pushed]),
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
    accessibleName: `${node.text}: ${message} Press Enter: ${title}.`,
    tooltip: message,
    command: { command: 'teaChest.registries.reconnect', title, arguments: [node] },
  };
}
