import { plainText, shortenText } from '../../core/base/plainText.ts';

/**
 * Text for any part of VS Code's own interface, as words and nothing else. Notifications, prompts, validation messages
 * and messages of views make a link of `[text](command:…)`, `[text](http:…)` and `[text](file:…)`
 * (src/vs/base/common/linkedText.ts), and a command link runs the command. Labels, descriptions and the status bar make
 * an icon of `$(name)` (iconLabels.ts). Both need their two characters side by side, so a space between them is enough.
 */
export function inertText(text: string, limit = 1000): string {
  const line = plainText(text, Number.POSITIVE_INFINITY).replaceAll('](', '] (').replaceAll('$(', '$ (');
  return shortenText(line, limit);
}

/** Several lines of ours, each of which may have words from outside in it. */
export function inertLines(lines: readonly string[]): string {
  return lines.map((line) => inertText(line)).join('\n');
}

/** An icon of ours before a text. */
export function withIcon(icon: string | undefined, text: string): string {
  return icon === undefined ? inertText(text) : `$(${icon}) ${inertText(text)}`;
}
