import { plainText, shortenText } from '../../core/base/plainText.ts';

/**
 * Makes text safe for every part of VS Code's own interface. Notifications, prompts, validation messages and messages of
 * views turn `[text](command:…)`, `[text](http:…)` and `[text](file:…)` into links (src/vs/base/common/linkedText.ts),
 * and a command link runs the command. Labels, descriptions and the status bar turn `$(name)` into an icon
 * (iconLabels.ts). Both need two adjacent characters, so a space between these prevents it.
 */
export function inertText(text: string, limit = 1000): string {
  const line = plainText(text, Number.POSITIVE_INFINITY).replaceAll('](', '] (').replaceAll('$(', '$ (');
  return shortenText(line, limit);
}

/** Several lines, each of which may contain text from outside. */
export function inertLines(lines: readonly string[]): string {
  return lines.map((line) => inertText(line)).join('\n');
}

/** A text with an icon before it. */
export function withIcon(icon: string | undefined, text: string): string {
  return icon === undefined ? inertText(text) : `$(${icon}) ${inertText(text)}`;
}
