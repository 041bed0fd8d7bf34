import * as l10n from '@vscode/l10n';

/** A name in the quotation marks of the language. */
export function quoted(name: string): string {
  return l10n.t({ message: '“{0}”', args: [name], comment: 'A name in quotation marks' });
}
