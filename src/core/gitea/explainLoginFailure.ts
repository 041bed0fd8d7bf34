import * as l10n from '@vscode/l10n';
import { isCancelled, TeaChestError } from '../base/errors.ts';
import { joinSentences } from '../base/joinSentences.ts';
import { basicAuthorization } from '../registry/auth/authenticator.ts';
import type { RegistryResponse, Send } from '../registry/http/httpTypes.ts';
import type { Credential } from '../registry/types.ts';
import { explainAccount, readMissingScopes } from './explainRestError.ts';

interface RefusedLogin {
  readonly send: Send;
  readonly webRoot: string;
  readonly host: string;
  readonly credential: Credential;
  readonly signal: AbortSignal;
}

/**
 * Why `/v2/token` answered 401. It does so for a wrong password and for a valid token without a package scope; the REST API
 * distinguishes the two (docs/gitea.md §4, GET /user).
 */
export async function explainLoginFailure(login: RefusedLogin): Promise<TeaChestError> {
  const { credential, host } = login;
  // `Authorization: token …` drops the spaces, Basic keeps them: the API would accept what the registry rejects.
  if (credential.secret.trim() !== credential.secret) {
    return new TeaChestError(
      'credentialsRejected',
      l10n.t`${host} does not accept this password or token. It begins or ends with a space or a line break: if that came by mistake, enter it without.`,
      { facts: { host, username: credential.username } },
    );
  }
  // First as a token: that never counts as a failed login of the user.
  for (const authorization of [`token ${credential.secret}`, basicAuthorization(credential)]) {
    const response = await requestUser(login, authorization);
    const found = response === undefined ? undefined : readReason(response, login);
    if (found !== undefined) return found;
  }
  return new TeaChestError(
    'credentialsRejected',
    l10n.t`${host} does not accept this user name and password or token. A token may have been deleted, have expired, or belong to another server; a user with a second factor needs a token, not a password.`,
    { facts: { host, username: credential.username } },
  );
}

async function requestUser(
  { send, webRoot, signal }: RefusedLogin,
  authorization: string,
): Promise<RegistryResponse | undefined> {
  try {
    return await send({
      method: 'GET',
      url: new URL(`${webRoot}/api/v1/user`),
      headers: { authorization },
      signal,
      retry: 'never',
    });
  } catch (error) {
    // The login has failed already; this only looks for the reason.
    if (isCancelled(error)) throw error;
    return undefined;
  }
}

function readReason(response: RegistryResponse, { host, webRoot }: RefusedLogin): TeaChestError | undefined {
  if (response.status === 200) {
    return new TeaChestError(
      'scopeMissing',
      // By Basic it may be a password, which the registry rejects for an unknown reason.
      l10n.t`${host} accepts this sign-in, but not for the container registry. A token needs the scope write:package there.`,
      { facts: { host } },
    );
  }
  const missing = readMissingScopes(response);
  if (missing === undefined) return explainAccount(response, host, webRoot);
  const { has } = missing;
  return new TeaChestError(
    'scopeMissing',
    joinSentences(
      l10n.t`The token is good, but it has no scope for packages, and ${host} wants write:package.`,
      has === undefined ? undefined : l10n.t`It has: ${has}.`,
    ),
    { facts: { host, ...(has === undefined ? {} : { scope: has }) } },
  );
}
