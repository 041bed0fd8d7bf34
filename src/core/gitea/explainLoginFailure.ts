import { isCancelled, TeaChestError } from '../base/errors.ts';
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
 * Why `/v2/token` said 401: it says so for a wrong password and for a good token without any package scope alike, but
 * the REST API tells them apart (docs/gitea.md §4, GET /user).
 */
export async function explainLoginFailure(login: RefusedLogin): Promise<TeaChestError> {
  const { credential, host } = login;
  // A header drops the spaces around a token, Basic keeps them: the API would call good what the registry refuses.
  if (credential.secret.trim() !== credential.secret) {
    return new TeaChestError(
      'credentialsRejected',
      `${host} does not accept this password or token. It begins or ends with a space or a line break: if that came by mistake, enter it without.`,
      { facts: { host, username: credential.username } },
    );
  }
  // As a token first: then nothing is counted as a failed login of the user.
  for (const authorization of [`token ${credential.secret}`, basicAuthorization(credential)]) {
    const answer = await askWho(login, authorization);
    const found = answer === undefined ? undefined : readReason(answer, login);
    if (found !== undefined) return found;
  }
  return new TeaChestError(
    'credentialsRejected',
    `${host} does not accept this user name and password or token. A token may have been deleted, have expired, or ` +
      'belong to another server; a user with a second factor needs a token, not a password.',
    { facts: { host, username: credential.username } },
  );
}

async function askWho(
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
    // The registry has said no already; this only looks for the reason.
    if (isCancelled(error)) throw error;
    return undefined;
  }
}

function readReason(answer: RegistryResponse, { host, webRoot }: RefusedLogin): TeaChestError | undefined {
  if (answer.status === 200) {
    return new TeaChestError(
      'scopeMissing',
      // By Basic it may be a password, and what the registry has against it is not known.
      `${host} accepts this sign-in, but not for the container registry. A token needs the scope write:package there.`,
      { facts: { host } },
    );
  }
  const missing = readMissingScopes(answer);
  if (missing === undefined) return explainAccount(answer, host, webRoot);
  const { has } = missing;
  return new TeaChestError(
    'scopeMissing',
    `The token is good, but it has no scope for packages, and ${host} wants write:package.${has === undefined ? '' : ` It has: ${has}.`}`,
    { facts: { host, ...(has === undefined ? {} : { scope: has }) } },
  );
}
