import * as l10n from '@vscode/l10n';
import { joinSentences } from '../../core/base/joinSentences.ts';
import { describeMissingScopes } from '../../core/gitea/tokenScopes.ts';
import { describeConnection } from './connection.ts';
import type { SignedIn } from './signInState.ts';

/** `Connected to h: dev · Gitea 1.26.4, with the login of Docker (config.json).`, and what a person should know of it. */
export function describeSignIn({ connection, scope, source, sessionOnly, tokenName }: SignedIn): string {
  const { host } = connection;
  const about = describeConnection(connection);
  const sentences = [
    source === undefined
      ? l10n.t`Connected to ${host}: ${about}.`
      : l10n.t`Connected to ${host}: ${about}, with the login of ${source}.`,
  ];
  if (tokenName !== undefined)
    sentences.push(l10n.t`The token “${tokenName}” was made and stored, the password was not.`);
  if (sessionOnly === true) sentences.push(l10n.t('It is used until this window closes, and not stored.'));
  const missing = describeMissingScopes(scope);
  if (missing !== undefined) sentences.push(missing);
  return joinSentences(...sentences);
}

/** True if a person should read it, though they did not ask to sign in. */
export function isWorthSaying({ source, scope, tokenName, sessionOnly }: SignedIn): boolean {
  return (
    source !== undefined ||
    tokenName !== undefined ||
    sessionOnly === true ||
    describeMissingScopes(scope) !== undefined
  );
}
