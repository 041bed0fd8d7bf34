/** Characters that take two columns of a terminal or an editor (East Asian Width W and F, Unicode Annex 11). */
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6]/g;

/** Columns that a line of text takes. A character of two UTF-16 units takes two: it is an emoji or a rare Chinese one. */
export function textWidth(text: string): number {
  return text.length + (text.match(wide)?.length ?? 0);
}

/** Appends blanks until the text takes `width` columns. */
export function padToWidth(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - textWidth(text)));
}

/** The same with the blanks before it. */
export function padStartToWidth(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - textWidth(text))) + text;
}

/** The beginning of a text that takes at most `width` columns. */
export function cutToWidth(text: string, width: number): string {
  let end = Math.max(0, width);
  while (textWidth(text.slice(0, end)) > Math.max(0, width)) end--;
  return text.slice(0, end);
}
