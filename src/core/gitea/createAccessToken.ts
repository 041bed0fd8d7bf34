import * as l10n from '@vscode/l10n';
import * as v from 'valibot';
import { TeaChestError } from '../base/errors.ts';
import { parseJson } from '../base/json.ts';
import { basicAuthorization } from '../registry/auth/authenticator.ts';
import { bytesBody, type RegistryResponse, type Send } from '../registry/http/httpTypes.ts';
import { withinOrigin } from '../registry/http/redirects.ts';
import type { Credential } from '../registry/types.ts';
import { explainRestError, restError } from './explainRestError.ts';
import { neededScopes } from './tokenScopes.ts';

const createdToken = v.object({ sha1: v.pipe(v.string(), v.nonEmpty()) });

export interface TokenRequest {
  /** User and password. A token cannot make another one. */
  readonly credential: Credential;
  /** The code of a second factor. Newer servers accept each code once. */
  readonly oneTimeCode?: string | undefined;
  /** As the person sees it in their settings. A name that exists is refused. */
  readonly name: string;
}

/** The same rights in Gitea 1.19, which had other names for scopes (models/auth/token_scope.go there). */
const scopesOf119 = ['package', 'read:user'] as const;

interface TokenServer {
  readonly send: Send;
  readonly webRoot: string;
  readonly signal: AbortSignal;
}

/**
 * Makes an access token with the scopes that we need: POST `/users/{user}/tokens`, by Basic alone (docs/gitea.md §4). The
 * request is sent once: a code of a second factor is good for one. Only the refusal of Gitea 1.19, to which a code is good
 * for half a minute, is followed by a second request with its own names. Gitea before 1.19 ignores scopes: the token may
 * do what the user may.
 */
export async function createAccessToken(server: TokenServer, request: TokenRequest): Promise<string> {
  const { webRoot } = server;
  const { credential, oneTimeCode } = request;
  const { host } = new URL(webRoot);
  let response = await postToken(server, request, neededScopes);
  if (hasOtherScopes(response)) response = await postToken(server, request, scopesOf119);
  const token = response.status === 201 ? parseJson(createdToken, response.body)?.sha1 : undefined;
  if (token !== undefined) return token;
  const error = explainRestError(
    response,
    l10n.t({
      message: 'make a token',
      comment: 'What was tried. Completes “{host} could not …”, “{host} cannot …” and “{host} does not let you …”',
    }),
    webRoot,
  );
  const isRefused = error.code === 'oneTimePasswordNeeded' || error.code === 'credentialsRejected';
  if (isRefused && oneTimeCode !== undefined) {
    throw new TeaChestError(
      'credentialsRejected',
      l10n.t`${host} does not accept this password with this one-time code. A code is good for half a minute, and often only once.`,
      { facts: { host, username: credential.username } },
    );
  }
  // Gitea accepts an e-mail address at the sign-in, but has no user of that name.
  if (error.code === 'ownerNotFound' && credential.username.includes('@')) {
    const what = l10n.t`${host} makes a token only for a user name, not for the e-mail address “${credential.username}”. Sign in with your user name.`;
    throw new TeaChestError('credentialsRejected', what, { cause: error, facts: error.facts });
  }
  throw error;
}

async function postToken(
  { send, webRoot, signal }: TokenServer,
  { credential, oneTimeCode, name }: TokenRequest,
  scopes: readonly string[],
): Promise<RegistryResponse> {
  return await withinOrigin(send)({
    method: 'POST',
    url: new URL(`${webRoot}/api/v1/users/${encodeURIComponent(credential.username)}/tokens`),
    headers: {
      authorization: basicAuthorization(credential),
      accept: 'application/json',
      'content-type': 'application/json',
      // Forgejo reads this name as well.
      ...(oneTimeCode !== undefined && { 'x-gitea-otp': oneTimeCode }),
    },
    body: bytesBody(Buffer.from(JSON.stringify({ name, scopes }))),
    signal,
    retry: 'never',
  });
}

/** “invalid access token scope provided: …”: nothing was made. */
function hasOtherScopes({ status, body }: RegistryResponse): boolean {
  return status === 400 && /invalid access token scope/i.test(parseJson(restError, body)?.message ?? '');
}
