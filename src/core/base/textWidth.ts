/** Characters that take two columns of a terminal or an editor (East Asian Width W and F, Unicode Annex 11). */
const wide =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]/gu;

/** Columns that a line of text takes in a font whose characters are equally wide. */
export function textWidth(text: string): number {
  return text.length + (text.match(wide)?.length ?? 0);
}

/** Appends blanks until the text takes `width` columns. */
export function padToWidth(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - textWidth(text)));
}

/** The beginning of a text that takes at most `width` columns. */
export function cutToWidth(text: string, width: number): string {
  let end = Math.max(0, width);
  while (textWidth(text.slice(0, end)) > Math.max(0, width)) end--;
  return text.slice(0, end);
}
