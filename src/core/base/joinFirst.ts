import * as l10n from '@vscode/l10n';

/** `a, b, c and 4 more`: the first items, and how many others there are. */
export function joinFirst(items: readonly string[], most: number): string {
  const shown = items.slice(0, most).join(', ');
  const more = items.length - most;
  if (more <= 0) return shown;
  return more === 1 ? l10n.t`${shown} and 1 more` : l10n.t`${shown} and ${more} more`;
}
