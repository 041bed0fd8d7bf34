import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { toTeaChestError } from '../../../core/base/errors.ts';
import type { Logger } from '../../../core/base/logger.ts';
import { listImages, type ImagesEnd, type ListedImage, type SortOrder } from '../../../core/gitea/browse/listImages.ts';
import { listTags, type ListedTag } from '../../../core/gitea/browse/listTags.ts';
import { listUntagged } from '../../../core/gitea/browse/listUntagged.ts';
import type { ConnectionStore } from '../../connections/connectionStore.ts';
import { explainRemadeCluster } from '../../connections/explainRemadeCluster.ts';
import { withSignal } from '../../progress/cancellation.ts';
import type { AddedOwners } from '../../registry/addedOwners.ts';
import type { RegistryBrowser } from '../../registry/registryBrowser.ts';
import { Listing } from './listing.ts';
import { noteLabel } from './noteLabel.ts';
import { registryItem } from './registryItem.ts';
import {
  addedImageNode,
  childNode,
  connectionNode,
  imageNode,
  moreNode,
  noteNode,
  ownerNode,
  tagNode,
  untaggedNode,
  untaggedVersionNode,
  type ConnectionNode,
  type DigestNode,
  type ImageNode,
  type MoreNode,
  type OwnerNode,
  type RegistryNode,
  type TagNode,
  type UntaggedNode,
} from './registryTree.ts';
import { lacksSize, TagDetails } from './tagDetails.ts';

export interface RegistriesViewOptions {
  readonly store: Pick<ConnectionStore, 'list'>;
  readonly browser: RegistryBrowser;
  readonly addedOwners: Pick<AddedOwners, 'list'>;
  readonly sort: () => SortOrder;
  readonly logger: Logger;
}

const imagesPerPage = 100;
const tagsPerPage = 50;
/** Milliseconds. Reads a manifest of each tag. */
const untaggedTimeout = 120_000;

/** The rows of the Registries view: registry → owner → image → tag. Each level is loaded when it is expanded, page by page. */
export class RegistriesView implements vscode.TreeDataProvider<RegistryNode>, vscode.Disposable {
  readonly #options: RegistriesViewOptions;
  readonly #changed = new vscode.EventEmitter<RegistryNode | RegistryNode[] | undefined>();
  readonly #details: TagDetails;
  readonly #images = new Map<string, Listing<ListedImage, ImagesEnd>>();
  readonly #tags = new Map<string, Listing<ListedTag, number | undefined>>();
  /** How many rows are shown below a node, by its ID; kept when the view is refreshed. */
  readonly #wanted = new Map<string, number>();
  /** The rows of registries that were given last, by what they are made of. */
  #registries: ReadonlyMap<string, ConnectionNode> = new Map();
  /** The rows whose details are read, by ID: VS Code accepts only the objects that it was given last. */
  readonly #shown = new Map<string, TagNode | DigestNode>();
  #filter = '';

  readonly onDidChangeTreeData = this.#changed.event;

  constructor(options: RegistriesViewOptions) {
    this.#options = options;
    this.#details = new TagDetails(options.browser, (ids) => {
      this.#changed.fire(ids.map((id) => this.#shown.get(id)).filter((node) => node !== undefined));
    });
  }

  /**
   * Reads everything that is shown again. If the registries are the same, their rows stay: while VS Code reads a row anew, a
   * command of its menu does not get it.
   */
  update(): void {
    this.#clear();
    const rows = this.#currentRegistries();
    const isSame = rows.size === this.#registries.size && [...rows.keys()].every((key) => this.#registries.has(key));
    this.#changed.fire(isSame && rows.size > 0 ? [...rows.values()] : undefined);
  }

  get filter(): string {
    return this.#filter;
  }

  /** Shows only images whose name contains the text; all for an empty one. */
  setFilter(text: string): void {
    this.#filter = text;
    this.#wanted.clear();
    this.update();
  }

  loadMore({ parent }: MoreNode): void {
    const page = parent.type === 'image' ? tagsPerPage : imagesPerPage;
    this.#wanted.set(parent.id, (this.#wanted.get(parent.id) ?? page) + page);
    this.#changed.fire(parent);
  }

  async getChildren(node?: RegistryNode): Promise<RegistryNode[]> {
    if (node === undefined) {
      this.#registries = this.#currentRegistries();
      return [...this.#registries.values()];
    }
    if (node.type === 'note' || node.type === 'more') return [];
    try {
      return [...(await this.#childrenOf(node))];
    } catch (error) {
      return [this.#failureNode(node, error)];
    }
  }

  getTreeItem(node: RegistryNode): vscode.TreeItem {
    const detail = node.type === 'tag' || node.type === 'digest' ? this.#details.known(node) : undefined;
    const item = registryItem(node, Date.now(), detail);
    // VS Code resolves only a tooltip that is not there yet.
    if (lacksSize(detail)) item.tooltip = undefined;
    return item;
  }

  /** Called when the pointer is over a row. Only then is the size of an index read, and when its tag is expanded. */
  async resolveTreeItem(
    item: vscode.TreeItem,
    node: RegistryNode,
    token: vscode.CancellationToken,
  ): Promise<vscode.TreeItem> {
    if (node.type !== 'tag' && node.type !== 'digest') {
      // VS Code shows the label of a row without a tooltip only in views that resolve none.
      if (typeof item.label === 'string') item.tooltip ??= item.label;
      return item;
    }
    await withSignal(token, (signal) => this.#details.readSize(node, signal));
    item.tooltip = registryItem(node, Date.now(), this.#details.known(node)).tooltip;
    return item;
  }

  dispose(): void {
    this.#clear();
    this.#details.dispose();
    this.#changed.dispose();
  }

  /** The same objects as before for registries that are the same: VS Code identifies a row by its object. */
  #currentRegistries(): ReadonlyMap<string, ConnectionNode> {
    return new Map(
      this.#options.store.list().map((connection) => {
        const key = JSON.stringify(connection);
        return [key, this.#registries.get(key) ?? connectionNode(connection)];
      }),
    );
  }

  #clear(): void {
    for (const listing of [...this.#images.values(), ...this.#tags.values()]) listing.dispose();
    this.#images.clear();
    this.#tags.clear();
    this.#details.clear();
    this.#shown.clear();
  }

  #failureNode(node: Exclude<RegistryNode, { type: 'note' | 'more' }>, error: unknown): RegistryNode {
    const failure = toTeaChestError(explainRemadeCluster(error, node.connection), 'browse');
    this.#options.logger.warn(`The registry could not be listed (${failure.code}): ${failure.message}`);
    return noteNode(node.id, noteLabel(failure), { error: failure, connection: node.connection });
  }

  async #childrenOf(node: Exclude<RegistryNode, { type: 'note' | 'more' }>): Promise<readonly RegistryNode[]> {
    switch (node.type) {
      case 'registry':
        return node.connection.kind === 'generic' ? this.#repositoriesOf(node) : this.#ownersOf(node);
      case 'owner':
        return this.#imagesOf(node, node.owner);
      case 'image':
        return this.#tagsOf(node);
      case 'untagged':
        return this.#untaggedOf(node);
      case 'tag':
        return this.#childrenOfIndex(node);
      case 'digest':
        return [];
    }
  }

  async #ownersOf(node: ConnectionNode): Promise<readonly RegistryNode[]> {
    const { connection } = node;
    const { names, audiences, failure } = await this.#options.browser.owners(connection);
    const added = this.#options.addedOwners.list(connection).filter((name) => !names.includes(name));
    return [
      ...(failure === undefined ? [] : [this.#failureNode(node, failure)]),
      ...names.map((owner) => ownerNode(connection, owner, audiences.get(owner) === 'everybody')),
      ...added.map((owner) => ownerNode(connection, owner, false, true)),
    ];
  }

  async #repositoriesOf(node: ConnectionNode): Promise<readonly RegistryNode[]> {
    const added = this.#options.addedOwners.list(node.connection).filter((name) => name.includes(this.#filter));
    const addedNodes = added.map((name) => addedImageNode(node.connection, name));
    const listed = await this.#imagesOf(node, undefined);
    return [...addedNodes, ...listed.filter((one) => one.type !== 'image' || !added.includes(one.repository))];
  }

  async #imagesOf(node: ConnectionNode | OwnerNode, owner: string | undefined): Promise<readonly RegistryNode[]> {
    const { connection } = node;
    const contents = await this.#options.browser.contents(connection);
    const query = { owner, sort: this.#options.sort(), filter: this.#filter };
    const listing = this.#images.get(node.id) ?? new Listing((call) => listImages(contents, query, call));
    this.#images.set(node.id, listing);
    await this.#fill(node, listing, imagesPerPage);
    const { hidden = 0, renamedTo } = listing.end ?? {};
    const present = renamedTo ?? owner;
    const images = listing.items.map((image) => imageNode(connection, present, image));
    const notes = [
      ...(renamedTo === undefined ? [] : [l10n.t`This owner was renamed to ${renamedTo}`]),
      ...(hidden === 0 ? [] : [l10n.t`${hidden} not shown: no image can have such a name`]),
      ...(images.length > 0 || hidden > 0 || listing.failure !== undefined ? [] : [this.#emptyText()]),
    ];
    return [...images, ...notes.map((text) => noteNode(node.id, text)), ...this.#rest(node, listing)];
  }

  #emptyText(): string {
    return this.#filter === '' ? l10n.t('No images yet') : l10n.t`No image has “${this.#filter}” in its name`;
  }

  async #tagsOf(node: ImageNode): Promise<readonly RegistryNode[]> {
    const contents = await this.#options.browser.contents(node.connection);
    const query = { repository: node.repository, sort: this.#options.sort() };
    const listing = this.#tags.get(node.id) ?? new Listing((call) => listTags(contents, query, call));
    this.#tags.set(node.id, listing);
    await this.#fill(node, listing, tagsPerPage);
    const tags = listing.items.map((tag) => tagNode(node, tag));
    this.#request(tags);
    const mayHaveUntagged = contents.packages !== undefined && listing.end !== 0 && listing.failure === undefined;
    const isEmpty = tags.length === 0 && listing.failure === undefined && !listing.hasMore;
    return [
      ...tags,
      ...(isEmpty ? [noteNode(node.id, l10n.t('No tags'))] : []),
      ...this.#rest(node, listing),
      ...(mayHaveUntagged ? [untaggedNode(node)] : []),
    ];
  }

  #request(nodes: readonly (TagNode | DigestNode)[]): void {
    for (const node of nodes) this.#shown.set(node.id, node);
    this.#details.request(nodes);
  }

  async #fill<T, End>(node: RegistryNode, listing: Listing<T, End>, page: number): Promise<void> {
    await listing.fill(this.#wanted.get(node.id) ?? page);
  }

  /** What follows the rows: the failure, or the row that loads more. */
  #rest<T, End>(node: ConnectionNode | OwnerNode | ImageNode, listing: Listing<T, End>): readonly RegistryNode[] {
    if (listing.failure !== undefined) return [this.#failureNode(node, listing.failure)];
    return listing.hasMore ? [moreNode(node, listing.items.length)] : [];
  }

  async #untaggedOf(node: UntaggedNode): Promise<readonly RegistryNode[]> {
    const contents = await this.#options.browser.contents(node.connection);
    const call = { signal: AbortSignal.timeout(untaggedTimeout) };
    const rows = await listUntagged(contents, node.repository, call);
    const nodes = rows.map((row) => untaggedVersionNode(node, row)).filter((one) => one !== undefined);
    // There may be thousands: Clean Up shows the sizes of all.
    this.#request(nodes.slice(0, imagesPerPage));
    return nodes.length > 0 ? nodes : [noteNode(node.id, l10n.t('None: the images of indexes are below their tags'))];
  }

  async #childrenOfIndex(node: TagNode): Promise<readonly DigestNode[]> {
    const detail = await this.#details.read(node);
    if (detail === 'gone') return [];
    if ('failure' in detail) throw detail.failure;
    const nodes = detail.children.map((child) => childNode(node, child));
    this.#request(nodes);
    void this.#details.addSize(node, nodes);
    return nodes;
  }
}
