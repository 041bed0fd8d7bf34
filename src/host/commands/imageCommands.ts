import * as clipboard from '../display/clipboard.ts';
import { pickOne } from '../input/prompts.ts';
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
    value: tag,
  }));
  return await pickOne(rows, { title: 'Push Image', placeholder: 'Which tag?' });
}

/** How the engine is asked for a row's image: by its name, so that the name proposes the target; else by ID. */
function nameOf({ reference, image }: TagNode): string {
  return reference ?? image.id;
}

export async function copyReferences(tags: readonly TagNode[]): Promise<void> {
  await clipboard.copyReferences(tags.map(({ reference }) => reference).filter((reference) => reference !== undefined));
}

export async function copyImageIds(tags: readonly TagNode[]): Promise<void> {
  await clipboard.copyImageIds([...new Set(tags.map(({ image }) => image.id))]);
}
