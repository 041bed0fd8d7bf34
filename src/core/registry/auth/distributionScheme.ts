import { isIP } from 'node:net';
import * as l10n from '@vscode/l10n';
import * as v from 'valibot';
import { TeaChestError } from '../../base/errors.ts';
import { lenient, parseJson } from '../../base/json.ts';
import { basicAuthorization, type AuthScheme, type FetchToken, type ReadCredential } from './authenticator.ts';
import type { Challenge } from './challenge.ts';
import { lifetimeClaims, lifetimeOf, readJwtClaims } from './jwt.ts';
import type { RegistryResponse, Send } from '../http/httpTypes.ts';
import { withinOrigin } from '../http/redirects.ts';
import { readErrorResponse, serverMessage } from '../errors/errorResponse.ts';
import { loginRefused } from '../errors/explainErrorResponse.ts';
import type { FetchedToken } from './tokenCache.ts';

const token = lenient(v.pipe(v.string(), v.nonEmpty()));

/** Token spec, §Token Response Fields. */
export const tokenResponse = v.object({ token, access_token: token, expires_in: lenient(v.number()) });

interface DistributionAuthOptions {
  /** Unauthenticated. */
  readonly send: Send;
  readonly origin: string;
  readonly credential: ReadCredential;
}

/**
 * The scheme of any OCI registry: open, Basic, or tokens of the distribution auth spec
 * (https://distribution.github.io/distribution/spec/auth/token/). The credential is optional: many registries give
 * anonymous tokens.
 */
export function distributionScheme(challenges: readonly Challenge[], options: DistributionAuthOptions): AuthScheme {
  const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
  if (bearer !== undefined) {
    return {
      kind: 'bearer',
      keyOf: (scopes) => scopes.toSorted().join(' '),
      fetchToken: tokenFetcher(bearer, options),
    };
  }
  return challenges.some(({ scheme }) => scheme === 'basic') ? { kind: 'basic' } : { kind: 'open' };
}

function tokenFetcher({ parameters }: Challenge, { send, origin, credential }: DistributionAuthOptions): FetchToken {
  return async (scopes, { signal, retry }) => {
    const realm = checkRealm(parameters['realm'], new URL(origin));
    if (parameters['service'] !== undefined) realm.searchParams.set('service', parameters['service']);
    for (const scope of scopes) realm.searchParams.append('scope', scope);
    const known = await credential();
    const response = await withinOrigin(send)({
      method: 'GET',
      url: realm,
      headers: known === undefined ? {} : { authorization: basicAuthorization(known) },
      signal,
      ...(retry === undefined ? {} : { retry }),
    });
    return readToken(response, new URL(origin).host);
  };
}

/**
 * A challenge may name any URL as its token server, and the password is sent there. Allowed are the registry's own host,
 * not by http if the registry uses https, and public https servers; never an address inside a private network.
 */
function checkRealm(realm: string | undefined, origin: URL): URL {
  const { host } = origin;
  const refuse = (message: string): TeaChestError =>
    new TeaChestError('registryRefused', message, { facts: { host, ...(realm === undefined ? {} : { realm }) } });
  if (realm === undefined || !URL.canParse(realm)) {
    throw refuse(l10n.t`${host} sends us for a token to no valid address, so nothing was sent there.`);
  }
  const url = new URL(realm);
  if (url.hostname === origin.hostname) {
    if (url.protocol === origin.protocol || url.protocol === 'https:') return url;
    throw refuse(l10n.t`${host} sends us for a token to itself, but by plain http, so nothing was sent there.`);
  }
  if (url.protocol !== 'https:') {
    throw refuse(l10n.t`${host} sends us for a token to ${url.host} by plain http, so nothing was sent there.`);
  }
  const isAddress = isIP(url.hostname.replace(/^\[|\]$/g, '')) !== 0;
  if (isAddress || !url.hostname.includes('.') || /\.(?:local|localhost|internal|lan)$/.test(url.hostname)) {
    throw refuse(
      l10n.t`${host} sends us for a token to ${url.host}, which is inside a private network, so nothing was sent there.`,
    );
  }
  return url;
}

function readToken(response: RegistryResponse, host: string): FetchedToken {
  if (response.status === 401 || response.status === 403) {
    const detail = serverMessage(readErrorResponse(response, 'GET'));
    throw new TeaChestError('credentialsRejected', loginRefused(host, detail), {
      facts: { host },
    });
  }
  const answer = parseJson(tokenResponse, response.body);
  const value = answer?.token ?? answer?.access_token;
  if (response.status !== 200 || value === undefined) {
    const detail = serverMessage(readErrorResponse(response, 'GET'));
    throw new TeaChestError(
      'registryFailed',
      l10n.t({
        message: 'The token server of {host} gave no token ({status}){detail}.',
        args: { host, status: response.status, detail },
        comment: '{detail}: empty, or “: ” and what the server said',
      }),
      {
        facts: { host, status: response.status },
      },
    );
  }
  const claims = readJwtClaims(lifetimeClaims, value);
  const seconds = answer?.expires_in ?? (claims === undefined ? undefined : lifetimeOf(claims));
  // "If omitted, this defaults to 60 seconds" (token spec, expires_in).
  return { value, lifetimeMs: (seconds !== undefined && seconds > 0 ? seconds : 60) * 1000 };
}
