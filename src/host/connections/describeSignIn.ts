import * as l10n from '@vscode/l10n';
import { joinSentences } from '../../core/base/joinSentences.ts';
import { describeTokenLimits } from '../../core/gitea/tokenScopes.ts';
import type { SignedIn } from './signInState.ts';

/**
 * `Signed in to h as dev with a new token.`, and what else a person should know of it. VS Code shows one line of a message
 * without buttons until it is expanded, so the first sentence is short and says what matters most.
 */
export function describeSignIn(signedIn: SignedIn): string {
  const { sessionOnly, tokenName } = signedIn;
  return joinSentences(
    describeUser(signedIn),
    sessionOnly === true ? l10n.t('It is used until this window closes, and not stored.') : undefined,
    describeTokenLimits(signedIn),
    tokenName === undefined ? undefined : l10n.t`The token “${tokenName}” was made and stored, the password was not.`,
  );
}

function describeUser({ connection, source, tokenName }: SignedIn): string {
  const { host, username } = connection;
  if (username === '') return l10n.t`Connected to ${host}, which needs no sign-in.`;
  if (source !== undefined) return l10n.t`Signed in to ${host} as ${username} with the login of ${source}.`;
  return tokenName === undefined
    ? l10n.t`Signed in to ${host} as ${username}.`
    : l10n.t`Signed in to ${host} as ${username} with a new token.`;
}

/** True if a person should read it, though they did not ask to sign in. */
export function isWorthSaying(signedIn: SignedIn): boolean {
  const { source, tokenName, sessionOnly } = signedIn;
  return (
    source !== undefined ||
    tokenName !== undefined ||
    sessionOnly === true ||
    describeTokenLimits(signedIn) !== undefined
  );
}
