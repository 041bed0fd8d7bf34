import * as vscode from 'vscode';
import { inertText } from '../../display/inertText.ts';
import { RegistriesView, type RegistriesViewOptions } from './registriesView.ts';
import type { RegistryNode } from './registryTree.ts';

/** The Registries view in our side bar. */
export class RegistriesTreeView extends RegistriesView {
  readonly #tree: vscode.TreeView<RegistryNode>;

  constructor(options: RegistriesViewOptions) {
    super(options);
    this.#tree = vscode.window.createTreeView('teaChest.registries', {
      treeDataProvider: this,
      showCollapseAll: true,
      canSelectMany: true,
    });
  }

  get selection(): readonly RegistryNode[] {
    return this.#tree.selection;
  }

  override setFilter(text: string): void {
    this.#tree.description = text === '' ? '' : inertText(`“${text}”`);
    void vscode.commands.executeCommand('setContext', 'teaChest.registriesFiltered', text !== '');
    super.setFilter(text);
  }

  override dispose(): void {
    this.#tree.dispose();
    super.dispose();
  }
}
