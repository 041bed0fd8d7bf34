import type * as vscode from 'vscode';
import { describeConnection } from '../../connections/connection.ts';
import { markdownValue, type MarkdownLine } from '../../display/markdownText.ts';
import { markdownTooltip } from '../../display/markdownTooltip.ts';
import { treeItem, type TreeRow } from '../../display/treeItem.ts';
import { formatAge } from '../../progress/format.ts';
import { errorMessage } from '../../progress/errorMessages.ts';
import { noteRemedy } from './noteLabel.ts';
import {
  describeVersions,
  nodePage,
  speakPackage,
  type ConnectionNode,
  type NoteNode,
  type RegistryNode,
  type VersionNode,
} from './registryTree.ts';

/** What a row has besides its node's ID and menu. */
type Drawing = Omit<TreeRow, 'id' | 'menu'>;

/** A node as the tree draws it; `now` in milliseconds since the epoch. */
export function registryItem(node: RegistryNode, now: number): vscode.TreeItem {
  // The suffix shows “Open in Browser” where there is a page to open.
  const menu = nodePage(node) === undefined ? node.type : `${node.type}.web`;
  return treeItem({ ...draw(node, now), id: node.id, menu });
}

function draw(node: RegistryNode, now: number): Drawing {
  switch (node.type) {
    case 'registry':
      return drawConnection(node);
    case 'owner':
      return {
        label: node.owner,
        description: node.note,
        icon: 'account',
        expandable: true,
        spoken: node.note === '' ? `Owner ${node.owner}` : `Owner ${node.owner}, ${node.note}`,
      };
    case 'image':
      return {
        label: node.name,
        description: describeVersions(node),
        icon: 'package',
        expandable: true,
        spoken: speakPackage(node),
      };
    case 'tag':
      return drawVersion(node, now);
    case 'note':
      return drawNote(node);
  }
}

function drawConnection({ connection }: ConnectionNode): Drawing {
  const expandable = connection.kind !== 'generic';
  const about = describeConnection(connection);
  const { trust } = connection;
  const lines: readonly MarkdownLine[] = [
    ['**', markdownValue(connection.webRoot), '**'],
    [markdownValue(about)],
    ...(trust.pinnedFingerprint === undefined ? [] : [['Its certificate was trusted by sight']]),
    ...(trust.allowHttp === true ? [['Not encrypted (http)']] : []),
    ...(expandable ? [] : [['Its images are not listed here: only Gitea and Forgejo tell what an owner has']]),
  ];
  return {
    label: connection.host,
    description: about,
    icon: 'server',
    expandable,
    spoken: `Registry ${connection.host}, ${about}`,
    tooltip: markdownTooltip(lines),
  };
}

function drawVersion(node: VersionNode, now: number): Drawing {
  const age = formatAge(node.createdAt, now);
  const pushed: readonly MarkdownLine[] = age === '' ? [] : [['Pushed ', markdownValue(node.createdAt)]];
  return {
    label: node.label,
    description: age,
    icon: 'tag',
    expandable: false,
    spoken: `Tag ${node.reference}, pushed ${age}`,
    tooltip: markdownTooltip([[markdownValue(node.reference)], ...pushed]),
  };
}

function drawNote(node: NoteNode): Drawing {
  const row = { label: node.text, expandable: false };
  if (node.failure === undefined) return { ...row, description: '', icon: 'info', spoken: node.text };
  const { error } = node.failure;
  const { title } = noteRemedy(error);
  const { message } = errorMessage(error);
  return {
    ...row,
    description: title,
    icon: 'warning',
    spoken: `${node.text}: ${message} Press Enter: ${title}.`,
    tooltip: message,
    command: { command: 'teaChest.registries.reconnect', title, arguments: [node] },
  };
}
