import * as l10n from '@vscode/l10n';
import type { Audience } from '../../core/gitea/readAudience.ts';

/** The visibility of an owner, for a row of a list. */
export function audienceNote(audience: Audience | undefined): string | undefined {
  switch (audience) {
    case 'everybody':
      return l10n.t({ message: 'public', comment: 'The visibility of an owner.' });
    case 'signedIn':
      return l10n.t('limited to signed-in users');
    case 'members':
      return l10n.t({ message: 'private', comment: 'The visibility of an owner.' });
    case undefined:
      return undefined;
  }
}

/** Who can pull what is pushed to a target, for the line that shows the target. */
export function audienceSentence(audience: Audience | undefined): string | undefined {
  switch (audience) {
    case 'everybody':
      return l10n.t('public: anybody can pull it');
    case 'signedIn':
      return l10n.t('limited: everybody who is signed in to the server can pull it');
    case 'members':
      return l10n.t({ message: 'private', comment: 'The visibility of an owner.' });
    case undefined:
      return undefined;
  }
}
