import type { ImageNode, TagNode } from './imageTree.ts';

/** The rows that a command applies to: `selected` if the clicked row is part of the selection, otherwise that row. */
export function chosenRows(
  clicked: ImageNode | undefined,
  selected: readonly ImageNode[] | undefined,
  selection: readonly ImageNode[],
): readonly ImageNode[] {
  return selected ?? (clicked === undefined ? selection : [clicked]);
}

/** All tags of the rows, each once. A repository stands for all its tags. */
export function tagsOf(rows: readonly ImageNode[]): readonly TagNode[] {
  const tags = rows.flatMap((row) => (row.type === 'tag' ? [row] : row.tags));
  return [...new Map(tags.map((tag) => [tag.id, tag])).values()];
}

/**
 * The tags to push: one of each entry, which the person chooses if there are several. A repository is ignored if some of
 * its tags are selected as well, and so is an image that cannot be pushed.
 */
export function pushChoices(rows: readonly ImageNode[]): readonly (readonly TagNode[])[] {
  const chosen = new Set(rows.map(({ id }) => id));
  const choices = rows.flatMap((row) => {
    if (row.type === 'tag') return [[row]];
    return row.tags.some(({ id }) => chosen.has(id)) ? [] : [row.tags];
  });
  return choices
    .map((tags) => tags.filter(({ image }) => image.obstacle === undefined))
    .filter((tags) => tags.length > 0);
}
