import * as vscode from 'vscode';
import { docker } from './registryCommands.ts';

/** A row of an image: a class with getters, as Container Tools' own. */
class ImageTreeItem {
  readonly contextValue = 'image';
  readonly #id: string;
  readonly #name: string;
  readonly #tag: string;

  constructor(id: string, name: string, tag: string) {
    this.#id = id;
    this.#name = name;
    this.#tag = tag;
  }

  get imageId(): string {
    return this.#id;
  }

  get fullTag(): string {
    return this.#tag === '<none>' ? this.#name : `${this.#name}:${this.#tag}`;
  }

  get label(): string {
    return this.#tag;
  }
}

/** Container Tools groups images by their repository. */
class ImageGroupTreeItem {
  readonly contextValue = 'imageGroup';
  readonly label: string;
  readonly images: readonly ImageTreeItem[];

  constructor(label: string, images: readonly ImageTreeItem[]) {
    this.label = label;
    this.images = images;
  }
}

type ImageRow = ImageTreeItem | ImageGroupTreeItem;

/** The images of the engine, as `docker image ls` lists them. */
export class ImagesTree implements vscode.TreeDataProvider<ImageRow> {
  getTreeItem(row: ImageRow): vscode.TreeItem {
    const { Collapsed, None } = vscode.TreeItemCollapsibleState;
    const item = new vscode.TreeItem(row.label, row instanceof ImageGroupTreeItem ? Collapsed : None);
    item.contextValue = row.contextValue;
    return item;
  }

  async getChildren(row?: ImageRow): Promise<ImageRow[]> {
    if (row !== undefined) return row instanceof ImageGroupTreeItem ? [...row.images] : [];
    const output = await docker(['image', 'ls', '--no-trunc', '--format', '{{.ID}} {{.Repository}} {{.Tag}}']);
    const images = output
      .trim()
      .split('\n')
      .map((line) => line.split(' ') as [string, string, string]);
    const byName = Map.groupBy(images, ([, name]) => name);
    return [...byName].map(
      ([name, rows]) =>
        new ImageGroupTreeItem(
          name,
          rows.map((one) => new ImageTreeItem(...one)),
        ),
    );
  }
}
