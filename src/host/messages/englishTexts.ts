/**
 * The English texts in the order of their numbers, as JSON. The build writes them, and numbers the texts in the code
 * (scripts/packaging/numberTexts.mjs). Undefined where the code runs as it is written: there the texts stand in it.
 */
export const englishTexts: string | undefined = undefined;
