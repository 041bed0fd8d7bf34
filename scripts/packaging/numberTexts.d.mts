/** Replaces the English texts of a source file by their numbers. */
export function numberTexts(source: string, numbers: ReadonlyMap<string, number>): string;
