import * as vscode from 'vscode';
import type { Platform } from '../../../core/oci/platform.ts';
import type { EngineLink } from '../../engine/engine.ts';
import type { ImageList } from '../../engine/imageList.ts';
import { inertText } from '../../display/inertText.ts';
import { markdownTooltip } from '../../display/markdownTooltip.ts';
import { withSignal } from '../../progress/cancellation.ts';
import type { NamedImage, SyncEntry, SyncStates } from '../../sync/syncStates.ts';
import { stateLines } from '../../sync/syncText.ts';
import { describeEngine } from './describeEngine.ts';
import { imageItem, type LoadedFacts } from './imageItem.ts';
import { imageTooltip } from './imageTooltip.ts';
import { setWelcomeContext } from './welcomeContext.ts';
import { buildImageTree, onlyTag, tagOfRow, type ImageNode, type RepositoryNode, type TagNode } from './imageTree.ts';

export interface ImagesViewOptions {
  readonly images: ImageList;
  readonly link: EngineLink;
  readonly showDangling: () => boolean;
  readonly sync: SyncStates;
}

/** A key of `#shown` beside the IDs of repositories. */
const topRows = '';

/** Of very many rows, the others are compared with the registry when the pointer is over them. */
const mostComparedAtOnce = 100;

/**
 * The Images view: repository → tag; a repository with one tag is one row. Shows the image list, and asks the engine only for
 * platforms and tooltips.
 */
export class ImagesView implements vscode.TreeDataProvider<ImageNode>, vscode.Disposable {
  readonly #images: ImageList;
  readonly #link: EngineLink;
  readonly #showDangling: () => boolean;
  readonly #sync: SyncStates;
  readonly #changed = new vscode.EventEmitter<ImageNode | ImageNode[] | undefined>();
  /** The rows of tags: those at the top under `topRows`, those below an expanded repository under its ID. */
  readonly #shown = new Map<string, readonly ImageNode[]>();
  readonly #platforms = new Map<string, readonly Platform[]>();
  readonly #life = new AbortController();
  readonly #tree: vscode.TreeView<ImageNode>;
  readonly #focus: vscode.Disposable;
  #repositories: readonly RepositoryNode[] = [];
  /** VS Code removes it from `selection` while it takes a new list. */
  #lastSelection: readonly ImageNode[] = [];

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
      sync.hide(referencesOf(this.#shown.get(element.id) ?? []));
      this.#shown.delete(element.id);
    });
    this.#tree.onDidChangeSelection(({ selection }) => {
      this.#lastSelection = selection;
    });
    images.setVisible(this.#tree.visible);
    sync.setVisible(this.#tree.visible);
    this.#focus = vscode.window.onDidChangeWindowState(({ focused }) => {
      images.setFocused(focused);
      sync.setFocused(focused);
    });
    images.setFocused(vscode.window.state.focused);
    sync.setFocused(vscode.window.state.focused);
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
    const rows = [...this.#shown.values()].flat();
    // VS Code accepts only the objects that it was given last.
    const changed = rows.filter((row) => referencesOf([row]).some((reference) => names.has(reference)));
    if (changed.length > 0) this.#changed.fire(changed);
  }

  async getChildren(node?: ImageNode): Promise<ImageNode[]> {
    if (node !== undefined) {
      if (node.type === 'tag' || onlyTag(node) !== undefined) return [];
      void this.#loadPlatforms(node.tags, node);
      this.#show(node.id, node.tags);
      return [...node.tags];
    }
    const state = await this.#images.open();
    this.#tree.description = inertText(await describeEngine(state, this.#link));
    await setWelcomeContext(state);
    this.#hideAll();
    this.#repositories =
      state.kind === 'ready' ? buildImageTree(state.images, { showDangling: this.#showDangling() }) : [];
    const tags = this.#repositories.filter((repository) => onlyTag(repository) !== undefined);
    this.#show(topRows, tags);
    void this.#loadPlatforms(tags.slice(0, mostComparedAtOnce));
    this.#selectRemainingTag();
    return [...this.#repositories];
  }

  #show(parent: string, rows: readonly ImageNode[]): void {
    this.#shown.set(parent, rows);
    this.#sync.show(rows.slice(0, mostComparedAtOnce).flatMap(namedImage));
  }

  /** If a selected tag is the only one of its repository now, it has lost its own row: that of the repository stands for it. */
  #selectRemainingTag(): void {
    const [selected, ...others] = this.#lastSelection;
    if (selected?.type !== 'tag' || others.length > 0 || !this.#tree.visible) return;
    const row = this.#repositories.find((repository) => onlyTag(repository)?.id === selected.id);
    if (row === undefined) return;
    // VS Code takes the new rows first. If the list has changed again, it lacks the row, and there is nothing to select.
    setImmediate(() => void this.#tree.reveal(row, { select: true, focus: false }).then(undefined, () => undefined));
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
    const rows = this.#repositories.flatMap((node): readonly ImageNode[] =>
      onlyTag(node) === undefined ? node.tags : [node],
    );
    const node = rows.find((row) => tagOfRow(row)?.reference === reference);
    if (node === undefined) await vscode.commands.executeCommand('teaChest.images.focus');
    else await this.#tree.reveal(node, { select: true, focus: true, expand: true });
  }

  /** VS Code asks next for the rows of the repositories that are expanded. */
  #hideAll(): void {
    this.#sync.hide(referencesOf([...this.#shown.values()].flat()));
    this.#shown.clear();
  }

  /** Engines do not list platforms, so they are loaded when the rows are shown. `parent`: the row above these. */
  async #loadPlatforms(rows: readonly ImageNode[], parent?: RepositoryNode): Promise<void> {
    const unknown = rows.flatMap((row) => {
      const { image } = tagOfRow(row) ?? {};
      return image === undefined || image.platforms !== undefined || this.#platforms.has(image.id)
        ? []
        : [{ row, image }];
    });
    if (unknown.length === 0) return;
    const load = async ({ image }: (typeof unknown)[number]): Promise<void> => {
      const engine = await this.#link.get();
      this.#platforms.set(image.id, await engine.platformsOf(image, { signal: this.#life.signal }));
    };
    const results = await Promise.allSettled(unknown.map(load));
    // A row whose image cannot be read stays without a platform. It is asked for again when the list is shown again.
    const loaded = unknown.flatMap(({ row }, at) => (results[at]?.status === 'fulfilled' ? [row] : []));
    if (loaded.length > 0) this.#changed.fire(parent ?? loaded);
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
    const tag = tagOfRow(node);
    if (tag === undefined) return item;
    this.#sync.show(namedImage(tag));
    const details = await withSignal(token, async (signal) => {
      const engine = await this.#link.get();
      return await engine.inspect(tag.image.id, { signal });
    }).catch(() => undefined);
    const sync = this.#syncOf(tag);
    const [title = [], ...lines] = imageTooltip(tag.reference ?? tag.label, tag.image, details);
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

/** Of the row of a tag that can be pushed. */
function namedImage(row: ImageNode): readonly NamedImage[] {
  const { reference, image } = tagOfRow(row) ?? {};
  return reference === undefined || image === undefined || image.obstacle !== undefined
    ? []
    : [{ reference, imageId: image.id }];
}

/** Of the rows of tags. */
function referencesOf(rows: readonly ImageNode[]): readonly string[] {
  return rows.flatMap((row) => tagOfRow(row)?.reference ?? []);
}
