import * as l10n from '@vscode/l10n';

/** `a`, `a and b`, `a, b and c`. */
export function joinList(items: readonly string[]): string {
  const last = items.at(-1) ?? '';
  if (items.length < 2) return last;
  return l10n.t({
    message: '{0} and {1}',
    args: [items.slice(0, -1).join(', '), last],
    comment: 'The end of a list. {0}: one item, or several with commas between them',
  });
}

/** `a`, `a or b`, `a, b or c`. */
export function joinAlternatives(items: readonly string[]): string {
  const last = items.at(-1) ?? '';
  if (items.length < 2) return last;
  return l10n.t({
    message: '{0} or {1}',
    args: [items.slice(0, -1).join(', '), last],
    comment: 'The end of a list. {0}: one item, or several with commas between them',
  });
}
