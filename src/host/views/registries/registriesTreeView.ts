import * as vscode from 'vscode';
import { quoted } from '../../../core/base/quoted.ts';
import { sleep } from '../../../core/base/cancel.ts';
import { inertText } from '../../display/inertText.ts';
import { findTag, type PublishedTag } from './findTag.ts';
import { RegistriesView, type RegistriesViewOptions } from './registriesView.ts';
import type { RegistryNode } from './registryTree.ts';

const mostReveals = 15;
/** Milliseconds. */
const revealInterval = 200;

/** The Registries view in our side bar. */
export class RegistriesTreeView extends RegistriesView {
  readonly #tree: vscode.TreeView<RegistryNode>;
  /** The parents of rows that were looked for, which VS Code asks for to show them. */
  readonly #parents = new WeakMap<RegistryNode, RegistryNode>();

  /** The IDs of rows that the person has collapsed. */
  readonly #collapsed = new Set<string>();

  constructor(options: RegistriesViewOptions) {
    super(options);
    this.#tree = vscode.window.createTreeView('teaChest.registries', {
      treeDataProvider: this,
      showCollapseAll: true,
      canSelectMany: true,
    });
    this.#tree.onDidCollapseElement(({ element }) => this.#collapsed.add(element.id));
    this.#tree.onDidExpandElement(({ element }) => this.#collapsed.delete(element.id));
  }

  get selection(): readonly RegistryNode[] {
    return this.#tree.selection;
  }

  override setFilter(text: string): void {
    this.#tree.description = text === '' ? '' : inertText(quoted(text));
    void vscode.commands.executeCommand('setContext', 'teaChest.registriesFiltered', text !== '');
    super.setFilter(text);
  }

  /** Shows and selects a tag. False if it is not listed: then the row that is closest to it is shown. */
  async reveal(tag: PublishedTag): Promise<boolean> {
    if (this.filter !== '') this.setFilter('');
    const last = (await this.#find(tag)).at(-1);
    if (last !== undefined) await this.#select(last, { focus: true });
    return last?.type === 'tag';
  }

  /**
   * Shows and selects a tag that was pushed, without the focus. Does nothing if the view is not open, if it has a filter, or if
   * the person has collapsed a row that the tag is below.
   */
  async showPushed(tag: PublishedTag): Promise<void> {
    if (!this.#tree.visible || this.filter !== '') return;
    const path = await this.#find(tag);
    const last = path.at(-1);
    if (last?.type !== 'tag' || path.some(({ id }) => this.#collapsed.has(id))) return;
    await this.#select(last, { focus: false });
  }

  /** The rows from the registry down to the tag, as `reveal` needs them. */
  async #find(tag: PublishedTag): Promise<readonly RegistryNode[]> {
    const path = await findTag(this, tag);
    path.forEach((node, at) => {
      const parent = path[at - 1];
      if (parent !== undefined) this.#parents.set(node, parent);
    });
    return path;
  }

  /**
   * A collapsed view that `reveal` opens has no rows yet, and then VS Code selects nothing, without an error
   * (mainThreadTreeViews.ts: reveal). So it is asked again.
   */
  async #select(node: RegistryNode, { focus }: { readonly focus: boolean }): Promise<void> {
    for (let asked = 0; asked < mostReveals; asked++) {
      // `reveal` would open a view that the person has closed meanwhile.
      if (!focus && !this.#tree.visible) return;
      await this.#tree.reveal(node, { select: true, focus });
      if (this.#tree.selection.some(({ id }) => id === node.id)) return;
      await sleep(revealInterval);
    }
  }

  getParent(node: RegistryNode): RegistryNode | undefined {
    return this.#parents.get(node);
  }

  override dispose(): void {
    this.#tree.dispose();
    super.dispose();
  }
}
