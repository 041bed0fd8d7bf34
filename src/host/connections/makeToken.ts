import { hostname } from 'node:os';
import * as l10n from '@vscode/l10n';
import { isCancelled, toTeaChestError } from '../../core/base/errors.ts';
import type { Credential } from '../../core/registry/types.ts';
import { showWarning } from '../display/messages.ts';
import type { CheckedSignIn, TrustedServer } from './signIn.ts';
import type { SignedIn, SignInDialog } from './signInState.ts';
import { checkCredential } from './useCredential.ts';

interface TokenWish {
  readonly credential: Credential;
  readonly oneTimeCode?: string;
}

/** Makes a token, checks it with the registry, and saves it. A token that is made and not saved is named. */
export async function makeToken(
  dialog: Pick<SignInDialog, 'auth' | 'store' | 'consent' | 'logger'>,
  server: TrustedServer,
  { credential, oneTimeCode }: TokenWish,
  signal: AbortSignal,
): Promise<SignedIn> {
  const { auth, store } = dialog;
  const { address, trust } = server;
  // Each name can be used once, and a one-time code is good for one request: so the name is new.
  const tokenName = `Tea Chest on ${hostname()}, ${new Date().toISOString().slice(0, 23).replace('T', ' ')}`;
  const request = { credential, oneTimeCode, name: tokenName };
  let secret: string | undefined;
  try {
    secret = await auth.createToken(address, request, trust, { signal });
    const checked = await checkCredential(dialog, server, { username: credential.username, secret }, signal);
    await store.save(checked.connection, checked.credential);
    dialog.logger.info(
      `${address.host} has made the token “${tokenName}” for ${checked.connection.username}. It is stored, and the password is not.`,
    );
    return { connection: checked.connection, scope: checked.scope, lacks: checked.lacks, tokenName };
  } catch (error) {
    const isAnswerLost = isCancelled(error) || toTeaChestError(error).code === 'registryUnreachable';
    if (secret !== undefined) warnOfToken(dialog, address.host, tokenName, 'made');
    else if (isAnswerLost) warnOfToken(dialog, address.host, tokenName, 'maybeMade');
    throw error;
  }
}

/** The same with a password that the registry has accepted, under the user name as the registry has it. */
export async function makeTokenOf(
  dialog: Parameters<typeof makeToken>[0],
  { address }: TrustedServer,
  { connection, credential }: CheckedSignIn,
  signal: AbortSignal,
): Promise<SignedIn> {
  const { username, webRoot, trust } = connection;
  const own = { username, secret: credential?.secret ?? '' };
  return await makeToken(dialog, { address: { ...address, webRoot }, trust }, { credential: own }, signal);
}

/**
 * In a notification, because the person may have left the dialog. We cannot delete the token: a one-time code is good for
 * one request.
 */
function warnOfToken(
  { logger }: Pick<SignInDialog, 'logger'>,
  host: string,
  name: string,
  certainty: 'made' | 'maybeMade',
): void {
  const text =
    certainty === 'made'
      ? l10n.t`${host} has made the token “${name}”, but the sign-in was not completed, and the token is stored nowhere. Delete it in the settings of ${host}, under Applications.`
      : l10n.t`${host} may have made the token “${name}”, but the sign-in was not completed, and the token is stored nowhere. Delete it in the settings of ${host}, under Applications.`;
  logger.warn(
    `${host} ${certainty === 'made' ? 'has' : 'may have'} made the token “${name}”, but the sign-in was not completed, and the token is stored nowhere. Delete it in the settings of ${host}, under Applications.`,
  );
  void showWarning(text, []);
}
