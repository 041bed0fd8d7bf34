import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import type { ImageRecord } from '../../../core/push/record/pushRecord.ts';
import { isOver } from '../../../core/push/record/recordPush.ts';
import type { ConnectionStore } from '../../connections/connectionStore.ts';
import { treeItem } from '../../display/treeItem.ts';
import type { HistoryChange } from '../../history/changeBatch.ts';
import type { PushHistory } from '../../history/pushHistory.ts';
import { recordedPage } from '../../targets/recordedTarget.ts';
import { childNodes, runNode, type PushNode } from './pushNodes.ts';
import { pushRow } from './pushRow.ts';

export interface PushesViewOptions {
  readonly history: Pick<PushHistory, 'list' | 'find' | 'isHere' | 'runningHere' | 'onDidChange'>;
  readonly store: Pick<ConnectionStore, 'find'>;
}

/** Milliseconds. Ages of past pushes change without an event, and so does a push whose process is killed. */
const agesInterval = 30_000;

/** The Pushes view: push → image (if there are several) → layer. Running ones first. */
export class PushesView implements vscode.TreeDataProvider<PushNode>, vscode.Disposable {
  readonly #options: PushesViewOptions;
  readonly #changed = new vscode.EventEmitter<PushNode[] | undefined>();
  readonly #tree: vscode.TreeView<PushNode>;
  readonly #subscriptions: vscode.Disposable[];
  #ages: NodeJS.Timeout | undefined;
  /** By ID. VS Code accepts only the objects that it was given last. */
  readonly #given = new Map<string, PushNode>();
  /** What each of them is now. */
  readonly #current = new Map<string, PushNode>();
  /** What VS Code shows of each row, so that only a changed one is drawn again. */
  readonly #drawn = new Map<string, string>();
  /** The IDs of the rows below a row that was expanded. */
  readonly #children = new Map<string, string>();

  readonly onDidChangeTreeData = this.#changed.event;

  constructor(options: PushesViewOptions) {
    this.#options = options;
    this.#tree = vscode.window.createTreeView('teaChest.pushes', {
      treeDataProvider: this,
      canSelectMany: true,
      showCollapseAll: true,
    });
    this.#subscriptions = [
      options.history.onDidChange((change) => {
        this.#update(change);
      }),
      this.#tree.onDidChangeVisibility(({ visible }) => {
        this.#follow(visible);
      }),
    ];
    this.#follow(this.#tree.visible);
  }

  get selection(): readonly PushNode[] {
    return this.#tree.selection;
  }

  getChildren(node?: PushNode): PushNode[] {
    if (node !== undefined && node.type !== 'layer') this.#changedRows(node.record.id);
    const nodes = node === undefined ? this.#roots() : childNodes(this.#current.get(node.id) ?? node);
    if (node !== undefined) this.#children.set(node.id, idsOf(nodes));
    for (const one of nodes) {
      this.#given.set(one.id, one);
      this.#current.set(one.id, one);
    }
    return [...nodes];
  }

  getTreeItem(node: PushNode): vscode.TreeItem {
    const row = this.#row(this.#current.get(node.id) ?? node);
    this.#drawn.set(node.id, JSON.stringify(row));
    return treeItem(row);
  }

  dispose(): void {
    clearInterval(this.#ages);
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.#tree.dispose();
    this.#changed.dispose();
  }

  #roots(): readonly PushNode[] {
    const records = this.#options.history.list();
    this.#given.clear();
    this.#current.clear();
    this.#drawn.clear();
    this.#children.clear();
    const hasFinished = records.some(({ state }) => isOver(state));
    void vscode.commands.executeCommand('setContext', 'teaChest.hasFinishedPushes', hasFinished);
    return records.map(runNode);
  }

  #row(node: PushNode): ReturnType<typeof pushRow> {
    const { history, store } = this.#options;
    const isHere = node.type !== 'layer' && history.isHere(node.record.id);
    return pushRow(node, { now: Date.now(), isHere, hasPage: (image) => hasPage(image, store) });
  }

  #follow(isVisible: boolean): void {
    clearInterval(this.#ages);
    if (!isVisible) return;
    this.#changed.fire(undefined);
    this.#ages = setInterval(() => {
      const ids = this.#options.history.list().map(({ id }) => id);
      this.#update({ ids: new Set(ids), isList: false });
    }, agesInterval);
  }

  #update({ ids, isList }: HistoryChange): void {
    if (isList) this.#showCount();
    // A hidden view is drawn when it is shown.
    if (!this.#tree.visible) return;
    if (isList) {
      this.#changed.fire(undefined);
      return;
    }
    const changed = [...ids].flatMap((id) => this.#changedRows(id));
    if (changed.length > 0) this.#changed.fire(changed);
  }

  /** Brings the rows of a push up to date. Gives those that VS Code shows in another way. */
  #changedRows(id: string): readonly PushNode[] {
    const record = this.#options.history.find(id);
    if (record === undefined) return [];
    const changed: PushNode[] = [];
    const visit = (node: PushNode): void => {
      const given = this.#given.get(node.id);
      if (given === undefined) return;
      this.#current.set(node.id, node);
      const below = this.#children.get(node.id);
      const children = below === undefined ? [] : childNodes(node);
      const isSame = below === undefined || below === idsOf(children);
      if (!isSame || JSON.stringify(this.#row(node)) !== this.#drawn.get(node.id)) changed.push(given);
      children.forEach(visit);
    };
    visit(runNode(record));
    return changed;
  }

  #showCount(): void {
    const count = this.#options.history.runningHere;
    if ((this.#tree.badge?.value ?? 0) === count) return;
    const tooltip = count === 1 ? l10n.t('1 push is running') : l10n.t`${count} pushes are running`;
    this.#tree.badge = count === 0 ? undefined : { value: count, tooltip };
  }
}

function hasPage(image: ImageRecord, store: PushesViewOptions['store']): boolean {
  const connection = store.find(image.origin);
  return connection !== undefined && recordedPage(image, connection) !== undefined;
}

function idsOf(nodes: readonly PushNode[]): string {
  return nodes.map(({ id }) => id).join('\n');
}
