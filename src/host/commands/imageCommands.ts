import * as vscode from 'vscode';
import { formatAge, formatBytes } from '../progress/format.ts';
import { pushChoices } from '../views/images/chosenImages.ts';
import type { ImageNode, TagNode } from '../views/images/imageTree.ts';

/** The images that a push of these rows is to push; undefined if the person leaves the question which tag. */
export async function imagesToPush(rows: readonly ImageNode[]): Promise<readonly string[] | undefined> {
  const images: string[] = [];
  for (const tags of pushChoices(rows)) {
    const tag = tags.length === 1 ? tags[0] : await askWhich(tags);
    if (tag === undefined) return undefined;
    images.push(nameOf(tag));
  }
  return images;
}

async function askWhich(tags: readonly TagNode[]): Promise<TagNode | undefined> {
  const rows = tags.map((tag) => ({
    label: tag.reference ?? tag.label,
    description: [formatBytes(tag.image.size), formatAge(tag.image.createdAt, Date.now())]
      .filter((fact) => fact !== '')
      .join(' · '),
    tag,
  }));
  const options = { title: 'Push Image', placeHolder: 'Which tag?', matchOnDescription: true, ignoreFocusOut: true };
  return (await vscode.window.showQuickPick(rows, options))?.tag;
}

/** How the engine is asked for a row's image: by its name, so that the name proposes the target; else by ID. */
function nameOf({ reference, image }: TagNode): string {
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
