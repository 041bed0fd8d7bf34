import * as vscode from 'vscode';
import { toTeaChestError } from '../../../core/base/errors.ts';
import type { Logger } from '../../../core/base/logger.ts';
import type { ConnectionStore } from '../../connections/connectionStore.ts';
import { noteLabel } from './noteLabel.ts';
import { registryItem } from './registryItem.ts';
import {
  connectionNode,
  countInvalidNames,
  noteNode,
  ownerNode,
  packageNodes,
  type RegistryNode,
} from './registryTree.ts';
import type { RegistryBrowser } from '../../registry/registryBrowser.ts';

/** The Registries view: registry → owner → image → tag. Each level is loaded when it is expanded. */
export class RegistriesView implements vscode.TreeDataProvider<RegistryNode>, vscode.Disposable {
  readonly #store: Pick<ConnectionStore, 'list'>;
  readonly #browser: RegistryBrowser;
  readonly #logger: Logger;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #tree: vscode.TreeView<RegistryNode>;

  readonly onDidChangeTreeData = this.#changed.event;

  constructor(store: Pick<ConnectionStore, 'list'>, browser: RegistryBrowser, logger: Logger) {
    this.#store = store;
    this.#browser = browser;
    this.#logger = logger;
    this.#tree = vscode.window.createTreeView('teaChest.registries', {
      treeDataProvider: this,
      showCollapseAll: true,
    });
  }

  update(): void {
    this.#changed.fire();
  }

  async getChildren(node?: RegistryNode): Promise<RegistryNode[]> {
    if (node === undefined) return this.#store.list().map(connectionNode);
    try {
      return [...(await this.#childrenOf(node))];
    } catch (error) {
      const failure = toTeaChestError(error);
      this.#logger.warn(`The registry could not be listed (${failure.code}): ${failure.message}`);
      if (node.type === 'note') return [];
      return [noteNode(node.id, noteLabel(failure), { error: failure, connection: node.connection })];
    }
  }

  getTreeItem(node: RegistryNode): vscode.TreeItem {
    return registryItem(node, Date.now());
  }

  dispose(): void {
    this.#tree.dispose();
    this.#changed.dispose();
  }

  async #childrenOf(node: RegistryNode): Promise<readonly RegistryNode[]> {
    switch (node.type) {
      case 'registry': {
        if (node.connection.kind === 'generic') return [];
        const { names, publicNames } = await this.#browser.owners(node.connection);
        return names.map((owner) => ownerNode(node.connection, owner, publicNames.includes(owner)));
      }
      case 'owner': {
        const rows = await this.#browser.packages(node.connection, node.owner);
        const images = packageNodes(node.connection, node.owner, rows);
        const hidden = countInvalidNames(node.connection, node.owner, rows);
        if (hidden > 0) return [...images, noteNode(node.id, `${hidden} not shown: no image can have such a name`)];
        return images.length > 0 ? images : [noteNode(node.id, 'No images yet')];
      }
      case 'image':
        return node.versions;
      default:
        return [];
    }
  }
}
