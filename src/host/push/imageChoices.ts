import * as l10n from '@vscode/l10n';
import type { EngineImage } from '../../core/docker/types.ts';
import type { Choice } from '../input/choiceRows.ts';
import { formatAge, formatBytes } from '../progress/format.ts';
import { buildImageTree, dateOf } from '../views/images/imageTree.ts';

const untagged = l10n.t({ message: 'untagged', comment: 'Of one image, beside its ID in a list' });

/** Every tag, newest first, then untagged images by ID. `now` in milliseconds since the epoch. */
export function imageChoices(images: readonly EngineImage[], now: number): readonly Choice<string>[] {
  const pushable = images.filter(({ obstacle }) => obstacle === undefined);
  const tags = buildImageTree(pushable, { showDangling: true }).flatMap((repository) => repository.tags);
  const newestFirst = tags.toSorted((one, other) => {
    if ((one.reference === undefined) !== (other.reference === undefined)) return one.reference === undefined ? 1 : -1;
    return dateOf(other.image).localeCompare(dateOf(one.image));
  });
  return newestFirst.map(({ reference, label, image }) => ({
    label: reference ?? label,
    description: [reference === undefined ? untagged : '', formatBytes(image.size), formatAge(image.createdAt, now)]
      .filter((part) => part !== '')
      .join(' · '),
    value: reference ?? image.id,
  }));
}
