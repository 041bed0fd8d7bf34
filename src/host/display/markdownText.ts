import { plainText } from '../../core/base/plainText.ts';

/** One line of a tooltip: our own text, and values from outside. */
export type MarkdownLine = readonly (string | MarkdownValue)[];

interface MarkdownValue {
  readonly value: string;
}

/**
 * A value from outside as a code span, in which Markdown interprets nothing: no image, HTML, icon or link. Escaping would
 * not prevent the link that Markdown makes of a bare address. An empty span would begin a longer one, so it is left out.
 */
export function markdownValue(text: string): MarkdownValue {
  const line = plainText(text).replaceAll('`', '’');
  return { value: line === '' ? '' : `\`${line}\`` };
}

/** The lines as Markdown. Our own text is not escaped: it contains no Markdown except `**`. */
export function markdownText(lines: readonly MarkdownLine[]): string {
  const texts = lines.map((line) => line.map((part) => (typeof part === 'string' ? part : part.value)).join(''));
  return texts.join('  \n');
}
