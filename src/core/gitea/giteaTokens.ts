import * as l10n from '@vscode/l10n';
import * as v from 'valibot';
import { TeaChestError } from '../base/errors.ts';
import { lenient, parseJson } from '../base/json.ts';
import {
  basicAuthorization,
  notSignedIn,
  type AuthScheme,
  type ReadCredential,
} from '../registry/auth/authenticator.ts';
import { lifetimeClaims, lifetimeOf, readJwtClaims } from '../registry/auth/jwt.ts';
import type { RegistryResponse, Send } from '../registry/http/httpTypes.ts';
import { withinOrigin } from '../registry/http/redirects.ts';
import { readErrorResponse, serverMessage } from '../registry/errors/errorResponse.ts';
import { tokenResponse } from '../registry/auth/distributionScheme.ts';
import type { FetchedToken } from '../registry/auth/tokenCache.ts';
import type { Credential } from '../registry/types.ts';
import { explainBusyServer } from '../registry/errors/explainBusyServer.ts';
import { explainLoginFailure } from './explainLoginFailure.ts';
import { explainSignInPage } from '../registry/errors/explainSignInPage.ts';

const giteaClaims = v.object({
  ...lifetimeClaims.entries,
  UserID: lenient(v.number()),
  Scope: lenient(v.string()),
});

export interface GiteaTokenOptions {
  /** Unauthenticated. */
  readonly send: Send;
  readonly origin: string;
  /** The parent of `/api/v1`; called only after a failed login. */
  readonly webRoot: (signal: AbortSignal) => Promise<string>;
  readonly credential: ReadCredential;
}

export interface GiteaToken extends FetchedToken {
  /** The token's scopes, as Gitea writes them; undefined before 1.22.2. */
  readonly scope: string | undefined;
}

/** One token serves every repository of a Gitea or Forgejo: they ignore the requested scope (docs/gitea.md §1). */
export function giteaScheme(options: GiteaTokenOptions): AuthScheme {
  return { kind: 'bearer', keyOf: () => '', fetchToken: async (_scopes, call) => requestGiteaToken(options, call) };
}

/**
 * GET `/v2/token` on the origin that the person configured. The realm of the challenge is ignored: it may be an internal
 * address, plain http, or another host (go-gitea/gitea#28039, #31002, #34729), and the credential goes only to the
 * configured origin. Rejects with `credentialsRejected`, `credentialsIgnored`, `scopeMissing`, `oneTimePasswordNeeded`,
 * `notSignedIn`, `registryFailed` (429, 5xx), or `notARegistry`.
 */
export async function requestGiteaToken(
  options: GiteaTokenOptions,
  call: { readonly signal: AbortSignal; readonly retry?: 'never' },
): Promise<GiteaToken> {
  const { host } = new URL(options.origin);
  const credential = await options.credential();
  if (credential === undefined) throw notSignedIn(host);
  const url = new URL(`${options.origin}/v2/token?service=container_registry&scope=*`);
  const headers = { authorization: basicAuthorization(credential) };
  const response = await withinOrigin(options.send)({ method: 'GET', url, headers, ...call });
  const error = explainBusyServer(response) ?? explainSignInPage(response, host);
  if (error !== undefined) throw error;
  if (response.status === 401 || response.status === 403) {
    const webRoot = await options.webRoot(call.signal);
    throw await explainLoginFailure({ send: options.send, webRoot, host, credential, signal: call.signal });
  }
  return readGiteaToken(response, host, credential);
}

/** Whether a token of this scope may push. Scopes are enforced since 1.22.2 (#31967). */
function mayWritePackages(scope: string | undefined): boolean {
  if (scope === undefined || scope === '') return true;
  return scope.split(',').some((part) => ['all', 'write:package'].includes(part.trim()));
}

/** It was there when the server was found. With packages switched off, Gitea has no route below /v2 (router.go). */
function registryGone(host: string, status: number): TeaChestError {
  return new TeaChestError(
    'notARegistry',
    l10n.t`The container registry of ${host} is not there any more (GET /v2/token, ${status}): either packages were switched off on the server, or the proxy in front of it does not pass on /v2 now. Ask whoever runs it.`,
    { facts: { host, status, gitea: true } },
  );
}

function readGiteaToken(response: RegistryResponse, host: string, credential: Credential): GiteaToken {
  const value = parseJson(tokenResponse, response.body)?.token;
  if (response.status === 404) throw registryGone(host, response.status);
  if (response.status !== 200 || value === undefined) {
    const detail = serverMessage(readErrorResponse(response, 'GET'));
    throw new TeaChestError(
      'notARegistry',
      l10n.t({
        message: '{host} gave no token for its container registry (GET /v2/token, {status}){detail}.',
        args: { host, status: response.status, detail },
        comment: '{detail}: empty, or “: ” and what the server said',
      }),
      { facts: { host, status: response.status } },
    );
  }
  const claims = readJwtClaims(giteaClaims, value) ?? {};
  // An anonymous token: a proxy removed the Authorization header, or Gitea 1.17 treats bad credentials as none (#20563).
  if (claims.UserID === -1) {
    throw new TeaChestError(
      'credentialsIgnored',
      l10n.t`${host} ignored the credential: it answered the sign-in of “${credential.username}” with an anonymous token. Either a proxy in front of it removes the Authorization header, or this is Gitea 1.17 and the password is wrong.`,
      { facts: { host, username: credential.username } },
    );
  }
  const scope = claims.Scope;
  if (!mayWritePackages(scope)) {
    throw new TeaChestError(
      'scopeMissing',
      l10n.t`The token is good, but it may only read: its scope is “${scope ?? ''}”. To push, ${host} wants write:package.`,
      { facts: { host, scope: scope ?? '' } },
    );
  }
  const seconds = lifetimeOf(claims);
  return { value, lifetimeMs: seconds === undefined ? undefined : seconds * 1000, scope };
}
