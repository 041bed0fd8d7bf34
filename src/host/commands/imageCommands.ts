import * as vscode from 'vscode';
import type { ImageNode, TagNode } from '../views/images/imageTree.ts';

/** The images a command of the tree is about: the selection if the clicked row is part of it, else that row. */
export function chosenTags(
  clicked: ImageNode | undefined,
  selected: readonly ImageNode[] | undefined,
  selection: readonly ImageNode[],
): readonly TagNode[] {
  const rows = selected ?? (clicked === undefined ? selection : [clicked]);
  return rows.filter((row) => row.type === 'tag');
}

/** How the engine is asked for a row's image: by its name, so that the name proposes the target; else by ID. */
export function nameOf({ reference, image }: TagNode): string {
  return reference ?? image.id;
}

export async function copyReferences(tags: readonly TagNode[]): Promise<void> {
  await copyLines(tags.map(({ reference }) => reference).filter((reference) => reference !== undefined));
}

export async function copyImageIds(tags: readonly TagNode[]): Promise<void> {
  await copyLines([...new Set(tags.map(({ image }) => image.id))]);
}

async function copyLines(lines: readonly string[]): Promise<void> {
  if (lines.length > 0) await vscode.env.clipboard.writeText(lines.join('\n'));
}
