import { hasOnlyNames } from './unchangedTexts.ts';

/** A text with its translation. */
export interface Pair {
  readonly key: string;
  readonly english: string;
  readonly translated: string;
}

/** In English, what is in quotes, is the text of a link, or follows the category of our commands. */
const mentions = /“([^“”]+)”|\[([^\]]+)\]\(|Tea Chest: ([^_*“”]+)(?=[_*”])/g;

/**
 * Texts that mention a label (“Push Several Images…”) must mention it as the person sees it: in the translation that the
 * label has. One fault for each mention that is translated in another way.
 */
export function labelFaults(pairs: readonly Pair[]): readonly string[] {
  const labels = Map.groupBy(pairs, ({ english }) => english);
  return pairs.flatMap(({ key, english, translated }) =>
    [...english.matchAll(mentions)].flatMap(([, ...groups]: (string | undefined)[]) => {
      const label = groups.find((group) => group !== undefined) ?? '';
      if (!isLabel(label)) return [];
      const shown = labels.get(label)?.map((pair) => pair.translated);
      if (shown === undefined || shown.some((text) => translated.includes(text))) return [];
      return [`${JSON.stringify(key)}: it mentions “${label}”, which is shown as “${shown.join('” or “')}”`];
    }),
  );
}

/** The same English has the same translation: for package.json, where no text depends on another. */
export function differentTranslations(pairs: readonly Pair[]): readonly string[] {
  return [...Map.groupBy(pairs, ({ english }) => english)].flatMap(([english, same]) => {
    const translations = new Set(same.map(({ translated }) => translated));
    return translations.size < 2 ? [] : [`“${english}” is “${[...translations].join('” and “')}”`];
  });
}

/** Not a value such as “all” or “gzip”. */
function isLabel(text: string): boolean {
  return /^\p{Lu}\p{L}/u.test(text) && !hasOnlyNames(text);
}
