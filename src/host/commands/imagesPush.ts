import * as l10n from '@vscode/l10n';
import { pickOne } from '../input/prompts.ts';
import { formatAge, formatBytes } from '../progress/format.ts';
import type { PushController } from '../push/pushController.ts';
import { pushChoices } from '../views/images/chosenImages.ts';
import type { ImageNode, TagNode } from '../views/images/imageTree.ts';

/** `teaChest.images.push`: pushes the images of these rows, after asking for the tag where a row has several. */
export async function imagesPushCommand(push: PushController, rows: readonly ImageNode[]): Promise<void> {
  const images: string[] = [];
  for (const tags of pushChoices(rows)) {
    const tag = tags.length === 1 ? tags[0] : await askTag(tags);
    if (tag === undefined) return;
    // The name suggests the target. An untagged image has only its ID.
    images.push(tag.reference ?? tag.image.id);
  }
  await push.pushAll(images);
}

async function askTag(tags: readonly TagNode[]): Promise<TagNode | undefined> {
  const rows = tags.map((tag) => ({
    label: tag.reference ?? tag.label,
    description: [formatBytes(tag.image.size), formatAge(tag.image.createdAt, Date.now())]
      .filter((fact) => fact !== '')
      .join(' · '),
    value: tag,
  }));
  return await pickOne(rows, { title: l10n.t('Push Image'), placeholder: l10n.t('Which tag?') });
}
