import * as l10n from '@vscode/l10n';

/** What becomes of a push of this window if the window closes. VS Code lets no extension ask before that. */
export function closingText(state: 'queued' | 'running'): string {
  return state === 'queued'
    ? l10n.t(
        'If this window closes, the push does not begin. The Pushes view then has it as interrupted, to be pushed again.',
      )
    : l10n.t(
        'If this window closes, the push stops and publishes nothing more. The Pushes view then has it as interrupted; pushed again, it does not send layers that have arrived.',
      );
}

/** Of a push that another window runs. */
export function elsewhereText(): string {
  return l10n.t('Another window runs this push. It can be cancelled there.');
}
