import { readTexts, textSources, type Language, type Texts } from './languages.ts';

/** The keys that a translation lacks, and those that English has no more. */
export interface KeyDifference {
  readonly missing: readonly string[];
  readonly stale: readonly string[];
}

/** Compares the keys of a translation with the English ones. */
export function compareKeys(english: Texts, translated: Texts): KeyDifference {
  return {
    missing: Object.keys(english).filter((key) => !Object.hasOwn(translated, key)),
    stale: Object.keys(translated).filter((key) => !Object.hasOwn(english, key)),
  };
}

/** One line for each missing or stale key of a language. */
export function missingTexts(language: Language): readonly string[] {
  return textSources.flatMap((source) => {
    const { missing, stale } = compareKeys(readTexts(source), readTexts(source, language));
    return [
      ...missing.map((key) => `missing, ${source}: ${JSON.stringify(key)}`),
      ...stale.map((key) => `stale, ${source}: ${JSON.stringify(key)}`),
    ];
  });
}
