import * as vscode from 'vscode';
import { inertText } from './inertText.ts';

/** A row of a tree. Its texts may come from outside. */
export interface TreeRow {
  readonly id: string;
  readonly contextValue: string;
  readonly label: string;
  readonly description: string;
  readonly icon: string;
  /** A theme colour of the icon. It never says what the text does not say. */
  readonly color?: string | undefined;
  readonly expandable: boolean;
  /** For screen readers. */
  readonly accessibleName: string;
  readonly tooltip?: string | vscode.MarkdownString;
  readonly command?: vscode.Command;
}

export function treeItem(row: TreeRow): vscode.TreeItem {
  const { Collapsed, None } = vscode.TreeItemCollapsibleState;
  const item = new vscode.TreeItem(inertText(row.label), row.expandable ? Collapsed : None);
  item.id = row.id;
  item.contextValue = row.contextValue;
  item.iconPath = new vscode.ThemeIcon(
    row.icon,
    row.color === undefined ? undefined : new vscode.ThemeColor(row.color),
  );
  item.description = inertText(row.description);
  item.accessibilityInformation = { label: inertText(row.accessibleName) };
  if (row.tooltip !== undefined) {
    item.tooltip = typeof row.tooltip === 'string' ? inertText(row.tooltip) : row.tooltip;
  }
  if (row.command !== undefined) item.command = row.command;
  return item;
}
