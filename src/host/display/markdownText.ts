import { plainText } from '../../core/base/plainText.ts';

/** One line of a tooltip: words of ours, and values from outside. */
export type MarkdownLine = readonly (string | MarkdownValue)[];

interface MarkdownValue {
  readonly value: string;
}

/**
 * A value from outside as a code span. Nothing in one is interpreted: no link (Markdown makes one of a bare address as
 * well, which escaping does not prevent), no image, no HTML, no icon. An empty span would open a longer one.
 */
export function markdownValue(text: string): MarkdownValue {
  const line = plainText(text).replaceAll('`', '’');
  return { value: line === '' ? '' : `\`${line}\`` };
}

/** The lines as Markdown. Words of ours are written here as they are: they have no Markdown in them but `**`. */
export function markdownText(lines: readonly MarkdownLine[]): string {
  const texts = lines.map((line) => line.map((part) => (typeof part === 'string' ? part : part.value)).join(''));
  return texts.join('  \n');
}
