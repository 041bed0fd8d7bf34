import { isCancelled, TeaChestError } from '../base/errors.ts';
import { basicAuthorization } from '../registry/auth.ts';
import { header, type RegistryResponse, type Send } from '../registry/messages.ts';
import type { Credential } from '../registry/types.ts';
import { asText, parseJsonObject } from './restJson.ts';

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
export async function explainRefusedLogin(login: RefusedLogin): Promise<TeaChestError> {
  const { credential, host } = login;
  // As a token first: then nothing is counted as a failed login of the user.
  for (const authorization of [`token ${credential.secret}`, basicAuthorization(credential)]) {
    const answer = await askWho(login, authorization);
    const found = answer === undefined ? undefined : readReason(answer, host);
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

function readReason(answer: RegistryResponse, host: string): TeaChestError | undefined {
  const message = asText(parseJsonObject(answer.body)['message']) ?? answer.body.toString('utf8');
  if (answer.status === 200) {
    return new TeaChestError(
      'scopeMissing',
      `The token is good, but it has no scope for packages, so ${host} does not let it near the container registry. It ` +
        'needs write:package.',
      { facts: { host } },
    );
  }
  if (answer.status === 403 && /required scope/i.test(message)) {
    // Gitea ≥ 1.23 lists what the token has.
    const scope = /token scope=(\S*)/.exec(message)?.[1];
    const has = scope === undefined ? '' : ` It has: ${scope}.`;
    return new TeaChestError(
      'scopeMissing',
      `The token is good, but it has no scope for packages, and ${host} wants write:package.${has}`,
      { facts: { host, ...(scope === undefined ? {} : { scope }) } },
    );
  }
  // Older Gitea and Forgejo say “invalid provided OTP”; newer Gitea says no more than for a wrong password.
  const otp = header(answer, 'x-gitea-otp') !== undefined || /\botp\b|two-?factor|webauthn/i.test(message);
  if ((answer.status === 401 || answer.status === 400) && otp) {
    return new TeaChestError(
      'oneTimePasswordNeeded',
      `This user of ${host} signs in with a second factor, which a password alone cannot replace. Use an access token.`,
      { facts: { host } },
    );
  }
  return undefined;
}
