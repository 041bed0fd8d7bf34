import type { ImageNode, TagNode } from './imageTree.ts';

/** The rows a command of the tree is about: the selection if the clicked row is part of it, else that row. */
export function chosenRows(
  clicked: ImageNode | undefined,
  selected: readonly ImageNode[] | undefined,
  selection: readonly ImageNode[],
): readonly ImageNode[] {
  return selected ?? (clicked === undefined ? selection : [clicked]);
}

/** All tags of the rows, each once: a repository stands for what is in it. */
export function tagsOf(rows: readonly ImageNode[]): readonly TagNode[] {
  const tags = rows.flatMap((row) => (row.type === 'tag' ? [row] : row.tags));
  return [...new Map(tags.map((tag) => [tag.id, tag])).values()];
}

/**
 * What a push of the rows is to push: of each entry one tag, which a person has to choose where there are several. A
 * repository some of whose tags are among the rows says nothing more.
 */
export function pushChoices(rows: readonly ImageNode[]): readonly (readonly TagNode[])[] {
  const chosen = new Set(rows.map(({ id }) => id));
  return rows.flatMap((row) => {
    if (row.type === 'tag') return [[row]];
    return row.tags.some(({ id }) => chosen.has(id)) ? [] : [row.tags];
  });
}
