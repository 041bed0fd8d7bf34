import type { LoginSecret } from '../../core/credentials/login.ts';
import type { Credential } from '../../core/registry/types.ts';
import { anyUser } from './connection.ts';
import { isAccessToken } from './pastedSecret.ts';
import { checkSignIn, type CheckedSignIn, type TrustedServer } from './signIn.ts';
import type { SignInDialog } from './signInState.ts';
import { withClientCertificate } from './withClientCertificate.ts';

/** Asks the registry whether it accepts a credential, with a client certificate if it wants one. Saves nothing. */
export async function checkCredential(
  dialog: Pick<SignInDialog, 'auth' | 'consent'>,
  server: TrustedServer,
  credential: Credential,
  signal: AbortSignal,
): Promise<CheckedSignIn> {
  return await withClientCertificate(dialog.consent, server, (one) =>
    checkSignIn(dialog, { ...one, credential }, { signal }),
  );
}

export function credentialOf({ username, secret }: LoginSecret): Credential {
  return { username: username ?? anyUser, secret };
}

/** A password on a server that can make a token in its place. */
export function isPassword({ connection, credential, scope }: CheckedSignIn): boolean {
  if (connection.kind === 'generic' || credential === undefined || isAccessToken(credential.secret)) return false;
  // A password may do everything; only a token has a list of scopes.
  return scope === undefined || scope === '' || scope === 'all';
}
