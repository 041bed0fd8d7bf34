import * as vscode from 'vscode';
import type { ErrorCode, TeaChestError } from '../../../core/base/errors.ts';
import type { Platform } from '../../../core/oci/platform.ts';
import type { EngineLink } from '../../engine/engine.ts';
import type { ImageList, ImageListState } from '../../engine/imageList.ts';
import { inertText } from '../../display/inertText.ts';
import { markdownTooltip } from '../../display/markdownTooltip.ts';
import { withSignal } from '../../progress/cancellation.ts';
import type { NamedImage, SyncEntry, SyncStates } from '../../sync/syncStates.ts';
import { stateLines } from '../../sync/syncText.ts';
import { describeEngine } from './describeEngine.ts';
import { imageItem, type LoadedFacts } from './imageItem.ts';
import { imageTooltip } from './imageTooltip.ts';
import { buildImageTree, describeEmptiness, type ImageNode, type RepositoryNode, type TagNode } from './imageTree.ts';

export interface ImagesViewOptions {
  readonly images: ImageList;
  readonly link: EngineLink;
  readonly showDangling: () => boolean;
  readonly sync: SyncStates;
}

/** Of a repository with very many tags, the others are compared with the registry when the pointer is over them. */
const mostComparedAtOnce = 100;

/** The Images view: repository → tag. Shows the image list, and asks the engine only for platforms and tooltips. */
export class ImagesView implements vscode.TreeDataProvider<ImageNode>, vscode.Disposable {
  readonly #images: ImageList;
  readonly #link: EngineLink;
  readonly #showDangling: () => boolean;
  readonly #sync: SyncStates;
  readonly #changed = new vscode.EventEmitter<ImageNode | ImageNode[] | undefined>();
  /** The tags below each expanded repository, by the repository's ID: VS Code accepts only the objects that it was given last. */
  readonly #expanded = new Map<string, readonly TagNode[]>();
  readonly #platforms = new Map<string, readonly Platform[]>();
  readonly #life = new AbortController();
  readonly #tree: vscode.TreeView<ImageNode>;
  readonly #focus: vscode.Disposable;
  #repositories: readonly RepositoryNode[] = [];

  readonly onDidChangeTreeData = this.#changed.event;

  constructor({ images, link, showDangling, sync }: ImagesViewOptions) {
    this.#images = images;
    this.#link = link;
    this.#showDangling = showDangling;
    this.#sync = sync;
    this.#tree = vscode.window.createTreeView('teaChest.images', {
      treeDataProvider: this,
      canSelectMany: true,
      showCollapseAll: true,
    });
    this.#tree.onDidChangeVisibility(({ visible }) => {
      images.setVisible(visible);
      sync.setVisible(visible);
    });
    this.#tree.onDidCollapseElement(({ element }) => {
      sync.hide((this.#expanded.get(element.id) ?? []).flatMap(({ reference }) => reference ?? []));
      this.#expanded.delete(element.id);
    });
    images.setVisible(this.#tree.visible);
    sync.setVisible(this.#tree.visible);
    this.#focus = vscode.window.onDidChangeWindowState(({ focused }) => {
      images.setFocused(focused);
    });
    images.setFocused(vscode.window.state.focused);
  }

  get selection(): readonly ImageNode[] {
    return this.#tree.selection;
  }

  /** Call when the list or the filter has changed. */
  update(): void {
    this.#changed.fire(undefined);
  }

  /** Call when the sync states of these names were read. */
  updateRows(references: readonly string[]): void {
    const names = new Set(references);
    const rows = [...this.#expanded.values()].flat();
    const changed = rows.filter(({ reference }) => reference !== undefined && names.has(reference));
    if (changed.length > 0) this.#changed.fire(changed);
  }

  async getChildren(node?: ImageNode): Promise<ImageNode[]> {
    if (node?.type === 'tag') return [];
    if (node !== undefined) {
      void this.#loadPlatforms(node);
      this.#expanded.set(node.id, node.tags);
      this.#sync.show(node.tags.slice(0, mostComparedAtOnce).flatMap(namedImage));
      return [...node.tags];
    }
    const state = await this.#images.open();
    this.#tree.description = inertText(await describeEngine(state, this.#link));
    await setContextKeys(state);
    this.#hideAll();
    this.#repositories =
      state.kind === 'ready' ? buildImageTree(state.images, { showDangling: this.#showDangling() }) : [];
    return [...this.#repositories];
  }

  /** VS Code asks for it to reveal a row. */
  getParent(node: ImageNode): RepositoryNode | undefined {
    if (node.type === 'repository') return undefined;
    return this.#repositories.find(({ tags }) => tags.some(({ id }) => id === node.id));
  }

  /** Shows the view with an image selected, by one of its names. Does nothing if the list lacks it. */
  async reveal(reference: string): Promise<void> {
    const state = await this.#images.open();
    if (state.kind !== 'ready') return;
    this.#repositories = buildImageTree(state.images, { showDangling: this.#showDangling() });
    const node = this.#repositories.flatMap(({ tags }) => tags).find((tag) => tag.reference === reference);
    if (node === undefined) await vscode.commands.executeCommand('teaChest.images.focus');
    else await this.#tree.reveal(node, { select: true, focus: true, expand: true });
  }

  /** VS Code asks next for the rows of the repositories that are expanded. */
  #hideAll(): void {
    this.#sync.hide([...this.#expanded.values()].flat().flatMap(({ reference }) => reference ?? []));
    this.#expanded.clear();
  }

  /** Engines do not list platforms, so they are loaded when a repository is expanded. */
  async #loadPlatforms(node: RepositoryNode): Promise<void> {
    const unknown = node.tags.filter(({ image }) => image.platforms === undefined && !this.#platforms.has(image.id));
    if (unknown.length === 0) return;
    const load = async ({ image }: TagNode): Promise<void> => {
      const engine = await this.#link.get();
      this.#platforms.set(image.id, await engine.platformsOf(image, { signal: this.#life.signal }));
    };
    const results = await Promise.allSettled(unknown.map(load));
    // A row whose image cannot be read stays without a platform. It is asked for again when the list is shown again.
    if (results.some(({ status }) => status === 'fulfilled')) this.#changed.fire(node);
  }

  getTreeItem(node: ImageNode): vscode.TreeItem {
    const loaded = (tag: TagNode): LoadedFacts => ({
      platforms: this.#platforms.get(tag.image.id),
      sync: this.#syncOf(tag),
    });
    return imageItem(node, loaded, Date.now());
  }

  #syncOf(tag: TagNode): SyncEntry | undefined {
    const [image] = namedImage(tag);
    return image && this.#sync.known(image);
  }

  /** Called when the pointer is over a row: one request to the engine, and one to the registry if its state is not new. */
  async resolveTreeItem(
    item: vscode.TreeItem,
    node: ImageNode,
    token: vscode.CancellationToken,
  ): Promise<vscode.TreeItem> {
    if (node.type === 'repository') return item;
    this.#sync.show(namedImage(node));
    const details = await withSignal(token, async (signal) => {
      const engine = await this.#link.get();
      return await engine.inspect(node.image.id, { signal });
    }).catch(() => undefined);
    const sync = this.#syncOf(node);
    const [title = [], ...lines] = imageTooltip(node.reference ?? node.label, node.image, details);
    const state = sync === undefined ? [] : [...stateLines(sync, Date.now()), []];
    item.tooltip = markdownTooltip([title, ...state, ...lines]);
    return item;
  }

  dispose(): void {
    this.#life.abort();
    this.#focus.dispose();
    this.#tree.dispose();
    this.#changed.dispose();
  }
}

/** Of a tag that can be pushed. */
function namedImage({ reference, image }: TagNode): readonly NamedImage[] {
  return reference === undefined || image.obstacle !== undefined ? [] : [{ reference, imageId: image.id }];
}

const engineStates: Partial<Record<ErrorCode, string>> = {
  engineNotFound: 'notFound',
  engineStopped: 'stopped',
  enginePermission: 'noPermission',
};

function engineState({ code, facts }: TeaChestError): string {
  if (facts['isMissing'] === true) return 'contextMissing';
  if (facts['isMember'] === true) return 'oldGroups';
  return engineStates[code] ?? 'failed';
}

/** Where the engine's address was configured: `setting`, `environment`, `context`; empty for a well-known socket. */
function originOf(state: ImageListState): string {
  const origin = state.kind === 'problem' ? state.error.facts['origin'] : undefined;
  return typeof origin === 'string' ? origin : '';
}

/** Sets the context keys that select the view's welcome text. */
async function setContextKeys(state: ImageListState): Promise<void> {
  const engine = state.kind === 'problem' ? engineState(state.error) : 'ready';
  await vscode.commands.executeCommand('setContext', 'teaChest.engine', engine);
  await vscode.commands.executeCommand('setContext', 'teaChest.engineOrigin', originOf(state));
  const emptiness = state.kind === 'ready' ? describeEmptiness(state.images) : 'none';
  await vscode.commands.executeCommand('setContext', 'teaChest.images', emptiness);
}
