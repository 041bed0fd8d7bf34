import * as l10n from '@vscode/l10n';
import type { LoginInformation, RegistryDataProvider } from '@microsoft/vscode-docker-registries';
import * as v from 'valibot';
import * as vscode from 'vscode';
import { isCancelled, TeaChestError, toTeaChestError } from '../../core/base/errors.ts';
import { parseJson } from '../../core/base/json.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { Connection } from '../connections/connection.ts';
import type { ConnectionStore } from '../connections/connectionStore.ts';
import { inertText } from '../display/inertText.ts';
import { treeItem } from '../display/treeItem.ts';
import { errorMessage } from '../errors/errorMessages.ts';
import type { RegistryBrowser } from '../registry/registryBrowser.ts';
import { RegistriesView, type RegistriesViewOptions } from '../views/registries/registriesView.ts';
import { registryItem } from '../views/registries/registryItem.ts';
import type { MoreNode, RegistryNode, TagNode } from '../views/registries/registryTree.ts';
import { contractContextValue, contractItem, rootItem, type ContractItem } from './contractItem.ts';
import type { LoginSharing } from './loginSharing.ts';

export interface GiteaRegistryProviderDependencies extends Omit<RegistriesViewOptions, 'sort'> {
  readonly store: Pick<ConnectionStore, 'list'>;
  readonly browser: RegistryBrowser;
  readonly sharing: Pick<LoginSharing, 'loginFor' | 'stop'>;
  /** Asks for a registry. False if the person cancels. */
  readonly signIn: () => Promise<boolean>;
  /** Deletes a tag whose name the person has confirmed. False if they do not want what else would be deleted. */
  readonly deleteTag: (connection: Connection, tag: { repository: string; tag: string }) => Promise<boolean>;
  /** Fires with undefined when registries have to be read again. */
  readonly onDidChange: vscode.Event<unknown>;
}

const requestTimeout = 20_000;

/**
 * Our registries in Container Tools' Registries view. The interface is that of the package `vscode-docker-registries` 0.4,
 * of which we use the types alone: its classes speak to registries by `fetch`, without our trust in certificates, and
 * Container Tools recognizes items by their properties.
 */
export class GiteaRegistryProvider implements RegistryDataProvider<ContractItem>, vscode.Disposable {
  /** Container Tools remembers by it that the person has connected it. */
  readonly id = 'teaChest.gitea';
  readonly label = 'Gitea';
  readonly description = l10n.t({
    message: 'by Tea Chest',
    comment: 'Beside “Gitea” in a list: registries that Tea Chest provides',
  });
  readonly iconPath = new vscode.ThemeIcon('package');
  readonly #dependencies: GiteaRegistryProviderDependencies;
  readonly #rows: RegistriesView;
  readonly #changed = new vscode.EventEmitter<ContractItem | undefined>();
  readonly #listeners: readonly vscode.Disposable[];
  /** Only what Container Tools got from us is looked up: it may hand back anything. */
  readonly #nodes = new WeakMap<object, RegistryNode>();
  /** The item of each row that is shown, by the ID of its node. */
  #items = new Map<string, ContractItem>();

  readonly onDidChangeTreeData = this.#changed.event;

  constructor(dependencies: GiteaRegistryProviderDependencies) {
    this.#dependencies = dependencies;
    // Container Tools sorts by name.
    this.#rows = new RegistriesView({ ...dependencies, sort: () => 'name' });
    this.#listeners = [
      this.#rows.onDidChangeTreeData((nodes) => {
        this.#fire(nodes);
      }),
      dependencies.onDidChange((what) => {
        if (what === undefined) this.#rows.update();
      }),
    ];
  }

  async getChildren(item?: ContractItem): Promise<ContractItem[]> {
    if (item === undefined) return [{ ...rootItem(this.label), iconPath: this.iconPath }];
    const node = this.#nodes.get(item);
    if (node === undefined && item.type !== 'commonroot') return [];
    const children = await this.#rows.getChildren(node);
    return children.flatMap((child) => {
      // Clean Up and what belongs to it are in our own view.
      const made = child.type === 'untagged' ? undefined : contractItem(child, item);
      if (made === undefined) return [];
      this.#nodes.set(made, child);
      this.#items.set(child.id, made);
      return [made];
    });
  }

  getTreeItem(item: ContractItem): vscode.TreeItem {
    const node = this.#nodes.get(item);
    const shown = node === undefined ? this.#rootRow() : this.#rowOf(node);
    shown.contextValue = contractContextValue(item);
    return shown;
  }

  /** When the person chooses Gitea in “Connect Registry…”. */
  async onConnect(): Promise<void> {
    if (this.#dependencies.store.list().length > 0) return;
    if (!(await this.#dependencies.signIn())) throw new vscode.CancellationError();
  }

  async onDisconnect(): Promise<void> {
    await this.#dependencies.sharing.stop();
  }

  async getLoginInformation(item: ContractItem): Promise<LoginInformation> {
    return await answer(async () => {
      const connection = this.#connectionOf(item);
      const login = await this.#dependencies.sharing.loginFor(connection);
      if (login === undefined) throw new TeaChestError('cancelled', l10n.t('Cancelled.'));
      return login;
    });
  }

  async deleteTag(item: ContractItem): Promise<void> {
    await answer(async () => {
      const { connection, repository, tag } = this.#tagOf(item);
      if (!(await this.#dependencies.deleteTag(connection, { repository, tag }))) {
        throw new TeaChestError('cancelled', l10n.t('Cancelled.'));
      }
    });
  }

  /** Not part of the interface: Container Tools calls it of any provider (`copyRemoteImageDigest`). */
  async getImageDigest(item: ContractItem): Promise<Digest> {
    return await answer(async () => (await this.#readManifest(item)).digest);
  }

  /** As `getImageDigest` (`inspectRemoteImageManifest`). */
  async getManifest(item: ContractItem): Promise<unknown> {
    return await answer(async () => parseJson(v.unknown(), (await this.#readManifest(item)).bytes));
  }

  loadMore(node: MoreNode): void {
    this.#rows.loadMore(node);
  }

  dispose(): void {
    for (const listener of this.#listeners) listener.dispose();
    this.#rows.dispose();
    this.#changed.dispose();
  }

  #rootRow(): vscode.TreeItem {
    const { id, label, description, iconPath } = this;
    const row = { id, label, description, icon: iconPath.id, expandable: true, contextValue: '' };
    return treeItem({ ...row, accessibleName: `${label} ${description}` });
  }

  #rowOf(node: RegistryNode): vscode.TreeItem {
    if (node.type !== 'more') return this.#rows.getTreeItem(node);
    const row = registryItem(node, Date.now());
    row.command = { command: 'teaChest.containerTools.loadMore', title: l10n.t('Load More'), arguments: [node] };
    return row;
  }

  #fire(nodes: RegistryNode | readonly RegistryNode[] | undefined): void {
    if (nodes === undefined) {
      this.#items = new Map();
      this.#changed.fire(undefined);
      return;
    }
    for (const { id } of [nodes].flat()) {
      const item = this.#items.get(id);
      if (item !== undefined) this.#changed.fire(item);
    }
  }

  #connectionOf(item: ContractItem): Connection {
    const node = this.#nodes.get(item);
    const origin = node !== undefined && 'connection' in node ? node.connection.origin : undefined;
    const connection = this.#dependencies.store.list().find((one) => one.origin === origin);
    if (connection !== undefined) return connection;
    throw new TeaChestError('argumentInvalid', l10n.t('This row is of no registry that you are signed in to.'));
  }

  #tagOf(item: ContractItem): TagNode {
    const node = this.#nodes.get(item);
    if (node?.type === 'tag') return { ...node, connection: this.#connectionOf(item) };
    throw new TeaChestError('argumentInvalid', l10n.t('This row is no tag of a registry that you are signed in to.'));
  }

  async #readManifest(item: ContractItem): Promise<{ readonly digest: Digest; readonly bytes: Uint8Array }> {
    const { connection, repository: name, tag } = this.#tagOf(item);
    const call = { signal: AbortSignal.timeout(requestTimeout) };
    const contents = await this.#dependencies.browser.contents(connection);
    const found = await (await contents.open(name, call)).readManifest(tag, call);
    if (found !== undefined) return found;
    throw new TeaChestError('registryRefused', l10n.t`${connection.host}/${name}:${tag} is not there any more.`);
  }
}

/** Container Tools shows the message of an error, and nothing for a cancel. */
async function answer<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isCancelled(error)) throw new vscode.CancellationError();
    throw new Error(inertText(errorMessage(toTeaChestError(error, 'browse')).message), { cause: error });
  }
}
