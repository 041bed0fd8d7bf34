/** The texts of the code, and their numbers by their keys in l10n/bundle.l10n.json. */
export function readEnglish(): Promise<{
  readonly numbers: ReadonlyMap<string, number>;
  readonly english: readonly string[];
}>;
/** Writes the translations as lists into a folder. */
export function writeTranslations(folder: string): Promise<void>;
