import * as vscode from 'vscode';
import { describeConnection } from '../../connections/connection.ts';
import { formatAge } from '../../progress/format.ts';
import { explain } from '../../progress/explain.ts';
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

const { Collapsed, None } = vscode.TreeItemCollapsibleState;

/** A node as the tree draws it; `now` in milliseconds since the epoch. */
export function registryItem(node: RegistryNode, now: number): vscode.TreeItem {
  const item = draw(node, now);
  item.id = node.id;
  // The suffix shows “Open in Browser” where there is a page to open.
  item.contextValue = nodePage(node) === undefined ? node.type : `${node.type}.web`;
  return item;
}

function draw(node: RegistryNode, now: number): vscode.TreeItem {
  switch (node.type) {
    case 'registry':
      return drawConnection(node);
    case 'owner':
      return labelled(node.owner, Collapsed, 'account', '', `Owner ${node.owner}`);
    case 'image':
      return labelled(node.name, Collapsed, 'package', describeVersions(node), speakPackage(node));
    case 'tag':
      return drawVersion(node, now);
    case 'note':
      return drawNote(node);
  }
}

function drawConnection({ connection }: ConnectionNode): vscode.TreeItem {
  const expand = connection.kind === 'generic' ? None : Collapsed;
  const about = describeConnection(connection);
  const item = labelled(connection.host, expand, 'server', about, `Registry ${connection.host}, ${about}`);
  const { trust } = connection;
  const lines = [
    `**${connection.webRoot}**`,
    about,
    ...(trust.pinnedFingerprint === undefined ? [] : ['Its certificate was trusted by sight']),
    ...(trust.allowHttp === true ? ['Not encrypted (http)'] : []),
    ...(expand === None ? ['Its images are not listed here: only Gitea and Forgejo tell what an owner has'] : []),
  ];
  item.tooltip = new vscode.MarkdownString(lines.join('  \n'));
  return item;
}

function drawVersion(node: VersionNode, now: number): vscode.TreeItem {
  const age = formatAge(node.createdAt, now);
  const item = labelled(node.label, None, 'tag', age, `Tag ${node.reference}, pushed ${age}`);
  item.tooltip = new vscode.MarkdownString(`\`${node.reference}\`  \n${age === '' ? '' : `Pushed ${node.createdAt}`}`);
  return item;
}

function drawNote(node: NoteNode): vscode.TreeItem {
  if (node.failure === undefined) return labelled(node.text, None, 'info', '', node.text);
  const { error } = node.failure;
  const { title } = noteRemedy(error);
  const { message } = explain(error);
  const item = labelled(node.text, None, 'warning', title, `${node.text}: ${message} Press Enter: ${title}.`);
  item.tooltip = message;
  item.command = { command: 'teaChest.registries.mend', title, arguments: [node] };
  return item;
}

function labelled(
  label: string,
  state: vscode.TreeItemCollapsibleState,
  icon: string,
  description: string,
  spoken: string,
): vscode.TreeItem {
  const item = new vscode.TreeItem(label, state);
  item.iconPath = new vscode.ThemeIcon(icon);
  item.description = description;
  item.accessibilityInformation = { label: spoken };
  return item;
}
