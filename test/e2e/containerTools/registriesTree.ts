import {
  isCommonRegistryItem,
  isRegistry,
  isRepository,
  isTag,
  type CommonTag,
  type RegistryDataProvider,
} from '@microsoft/vscode-docker-registries';
import * as vscode from 'vscode';

/** A row: what a provider gave, and which provider. */
export interface UnifiedItem {
  readonly provider: RegistryDataProvider<unknown>;
  readonly wrappedItem: unknown;
  readonly parent: UnifiedItem | undefined;
}

const connectedKey = 'ConnectedRegistryProviders';

/** All providers as one tree. A provider is shown once the person has connected it. */
export class RegistriesTree implements vscode.TreeDataProvider<UnifiedItem> {
  readonly #state: vscode.Memento;
  readonly #changed = new vscode.EventEmitter<UnifiedItem | undefined>();
  readonly #providers = new Map<string, RegistryDataProvider<unknown>>();
  readonly onDidChangeTreeData = this.#changed.event;

  constructor(state: vscode.Memento) {
    this.#state = state;
  }

  getTreeItem({ provider, wrappedItem }: UnifiedItem): vscode.TreeItem | Thenable<vscode.TreeItem> {
    return provider.getTreeItem(wrappedItem);
  }

  async getChildren(element?: UnifiedItem): Promise<UnifiedItem[]> {
    const rows: UnifiedItem[] = [];
    if (element !== undefined) {
      const { provider } = element;
      for (const child of (await provider.getChildren(element.wrappedItem)) ?? []) {
        const row = { provider, wrappedItem: child, parent: element };
        // Container Tools finds the row of an item again by a property that it adds.
        if (isObject(child)) child['_urtdp_wrapper'] = row;
        rows.push(row);
      }
    } else {
      for (const provider of this.#providers.values()) {
        if (!this.#connected().includes(provider.id)) continue;
        const roots = (await provider.getChildren(undefined)) ?? [];
        rows.push(...roots.map((wrappedItem) => ({ provider, wrappedItem, parent: undefined })));
      }
    }
    const labelOf = ({ wrappedItem }: UnifiedItem): string =>
      isCommonRegistryItem(wrappedItem) ? wrappedItem.label : '';
    return rows.sort((one, other) => labelOf(one).localeCompare(labelOf(other)));
  }

  getParent({ parent }: UnifiedItem): UnifiedItem | undefined {
    return parent;
  }

  registerProvider(provider: RegistryDataProvider<unknown>): vscode.Disposable {
    this.#providers.set(provider.id, provider);
    const listener = provider.onDidChangeTreeData?.((child) => {
      const row = isObject(child) ? (child['_urtdp_wrapper'] as UnifiedItem | undefined) : undefined;
      this.#changed.fire(row);
    });
    return new vscode.Disposable(() => {
      listener?.dispose();
      this.#providers.delete(provider.id);
    });
  }

  refresh(): void {
    this.#changed.fire(undefined);
  }

  async connect(): Promise<void> {
    const rows = [...this.#providers.values()]
      .filter(({ id }) => !this.#connected().includes(id))
      .map((provider) => ({
        label: provider.label,
        ...(provider.description !== undefined && { description: provider.description }),
        provider,
      }));
    const chosen = await vscode.window.showQuickPick(rows, { placeHolder: 'Select a registry provider to use' });
    if (chosen === undefined) return;
    await chosen.provider.onConnect?.();
    await this.#state.update(connectedKey, [...this.#connected(), chosen.provider.id]);
    this.refresh();
  }

  async disconnect({ provider }: UnifiedItem): Promise<void> {
    await provider.onDisconnect?.();
    await this.#state.update(
      connectedKey,
      this.#connected().filter((id) => id !== provider.id),
    );
    this.refresh();
  }

  #connected(): readonly string[] {
    return this.#state.get<string[]>(connectedKey, []);
  }
}

function isObject(item: unknown): item is Record<string, unknown> {
  return typeof item === 'object' && item !== null;
}

/** `owner/name:tag`, as Container Tools' messages name a tag. */
export function imageNameOf(tag: CommonTag): string {
  if (!isTag(tag) || !isRepository(tag.parent)) throw new Error('Unable to get image name');
  return `${tag.parent.label.toLowerCase()}:${tag.label}`;
}

/** The reference by which it pulls a tag. */
export function fullImageNameOf(tag: CommonTag): string {
  const registry = tag.parent.parent;
  if (!isTag(tag) || !isRegistry(registry)) throw new Error('Unable to get full image name');
  return `${registry.baseUrl.authority}/${imageNameOf(tag)}`;
}
