import * as vscode from 'vscode';
import { inertText } from '../../display/inertText.ts';
import { findTag, type PublishedTag } from './findTag.ts';
import { RegistriesView, type RegistriesViewOptions } from './registriesView.ts';
import type { RegistryNode } from './registryTree.ts';

/** The Registries view in our side bar. */
export class RegistriesTreeView extends RegistriesView {
  readonly #tree: vscode.TreeView<RegistryNode>;
  /** The parents of rows that were looked for, which VS Code asks for to show them. */
  readonly #parents = new WeakMap<RegistryNode, RegistryNode>();

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

  /** Shows and selects a tag. False if it is not listed: then the row that is closest to it is shown. */
  async reveal(tag: PublishedTag): Promise<boolean> {
    if (this.filter !== '') this.setFilter('');
    const path = await findTag(this, tag);
    path.forEach((node, at) => {
      const parent = path[at - 1];
      if (parent !== undefined) this.#parents.set(node, parent);
    });
    const last = path.at(-1);
    if (last !== undefined) await this.#tree.reveal(last, { select: true, focus: true });
    return last?.type === 'tag';
  }

  getParent(node: RegistryNode): RegistryNode | undefined {
    return this.#parents.get(node);
  }

  override dispose(): void {
    this.#tree.dispose();
    super.dispose();
  }
}
