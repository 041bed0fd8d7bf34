import * as l10n from '@vscode/l10n';
import { orCancelled, throwIfCancelled } from '../../base/cancel.ts';
import { TeaChestError } from '../../base/errors.ts';
import { parseChallenges, type Challenge } from './challenge.ts';
import type { RegistryRequest, RegistryResponse, Send } from '../http/httpTypes.ts';
import { SingleFlight } from '../../base/singleFlight.ts';
import { TokenCache, type FetchedToken } from './tokenCache.ts';
import type { Credential } from '../types.ts';

/** How a registry authenticates requests. */
export type AuthScheme =
  | { readonly kind: 'open' }
  | { readonly kind: 'basic' }
  | {
      readonly kind: 'bearer';
      /** The cache key of a token: one token for everything (Gitea), or one for each set of scopes. */
      readonly keyOf: (scopes: readonly string[]) => string;
      readonly fetchToken: FetchToken;
    };

/** Requests a new token; rejects with an error that a person can act on (`credentialsRejected`, `scopeMissing`, …). */
export type FetchToken = (
  scopes: readonly string[],
  options: { readonly signal: AbortSignal; readonly retry?: 'never' },
) => Promise<FetchedToken>;

/** The characters that a header can have (RFC 9110 §5.5). undici rejects others, which would look like a broken connection. */
const usableToken = /^[\x21-\x7e]+$/;

export type ReadCredential = () => Promise<Credential | undefined>;

export interface AuthenticatorOptions {
  /** Finds out the scheme by one unauthenticated request (GET /v2/). */
  readonly askScheme: (signal: AbortSignal) => Promise<AuthScheme>;
  readonly schemeFor: (challenges: readonly Challenge[]) => AuthScheme;
  readonly credential: ReadCredential;
  /** The name of the registry, for messages. */
  readonly host: string;
  readonly now: () => number;
  /** Fires when the client is closed. Shared work runs under it: one caller's cancel must not fail the others. */
  readonly closed: AbortSignal;
}

/** Authorizes the requests to one registry, by the scheme that it has asked for, and caches its tokens. */
export class Authenticator {
  readonly #options: AuthenticatorOptions;
  readonly #tokens: TokenCache;
  readonly #scheme: SingleFlight<AuthScheme>;
  /** The scheme of a later 401, from a registry that had seemed to be open. */
  #learned: AuthScheme | undefined;

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
    this.#scheme = new SingleFlight(async () => options.askScheme(options.closed));
    this.#tokens = new TokenCache(options.now);
  }

  /** The value of Authorization for a request; undefined if the registry needs none. */
  async authorize(scopes: readonly string[], signal: AbortSignal): Promise<string | undefined> {
    const scheme = this.#learned ?? (await this.#scheme.get(signal));
    if (scheme.kind === 'open') return undefined;
    if (scheme.kind === 'basic') return basicAuthorization(await this.#credentialOrRefuse());
    const fetch = async (): Promise<FetchedToken> => {
      const token = await scheme.fetchToken(scopes, { signal: this.#options.closed });
      if (usableToken.test(token.value)) return token;
      const { host } = this.#options;
      throw new TeaChestError('registryFailed', l10n.t`${host} gave a token that cannot be sent back to it.`, {
        facts: { host },
      });
    };
    return `Bearer ${await orCancelled(this.#tokens.get(scheme.keyOf(scopes), fetch), signal)}`;
  }

  /**
   * True if a request with the authorization `sent`, which was answered with 401, may succeed with a new one. Gitea
   * 1.18–1.25 answers 401 without a challenge when a token is no longer valid. A 401 with challenges of other schemes than
   * the one in use is Gitea's `reqPackageAccess`: it means forbidden, and a new login changes nothing (docs/gitea.md §1).
   */
  reconsider(response: RegistryResponse, sent: string | undefined): boolean {
    const challenges = parseChallenges(response.headers);
    if (sent === undefined) {
      const scheme = this.#options.schemeFor(challenges);
      if (scheme.kind !== 'open') this.#learned = scheme;
      return scheme.kind !== 'open';
    }
    if (!sent.startsWith('Bearer ')) return false;
    if (challenges.length > 0 && !challenges.some(({ scheme }) => scheme === 'bearer')) return false;
    this.#tokens.drop(sent.slice('Bearer '.length));
    return true;
  }

  async #credentialOrRefuse(): Promise<Credential> {
    const credential = await this.#options.credential();
    if (credential === undefined) throw notSignedIn(this.#options.host);
    return credential;
  }
}

/**
 * A registry that restarts with another key invalidates its tokens, and may do so just after it has given a new one. So a
 * second token is fetched; if that is refused as well, the refusal is final.
 */
const mostRenewals = 2;

/** Adds the authorization. After a refusal that a new token may solve, it gets one and sends the request again. */
export function withAuth(send: Send, authenticator: Authenticator): Send {
  return async (request) => {
    const scopes = request.scopes ?? [];
    let sent = await authenticator.authorize(scopes, request.signal);
    for (let renewals = 0; ; renewals++) {
      const response = await send(authorized(request, sent));
      // A 401 of a storage to which the registry redirected says nothing about the sign-in to the registry.
      if (response.status !== 401 || response.url.origin !== request.url.origin) return response;
      if (renewals === mostRenewals || !authenticator.reconsider(response, sent)) return response;
      throwIfCancelled(request.signal);
      sent = await authenticator.authorize(scopes, request.signal);
      if (request.body?.replayable === false) throw bodyConsumed(request);
    }
  };
}

export function basicAuthorization({ username, secret }: Credential): string {
  // RFC 7617 §2: the secret may contain a colon, the name may not; §2.1: UTF-8.
  return `Basic ${Buffer.from(`${username}:${secret}`, 'utf8').toString('base64')}`;
}

export function notSignedIn(host: string): TeaChestError {
  return new TeaChestError('notSignedIn', l10n.t`You are not signed in to ${host}, and it requires a sign-in.`, {
    facts: { host },
  });
}

/** The uploader may send all of the blob again, and then with the new authorization. */
function bodyConsumed({ url, method }: RegistryRequest): TeaChestError {
  const { host } = url;
  return new TeaChestError('uploadLost', l10n.t`${host} required a new sign-in while a layer was being sent to it.`, {
    facts: { host, method },
  });
}

function authorized(request: RegistryRequest, authorization: string | undefined): RegistryRequest {
  if (authorization === undefined) return request;
  return { ...request, headers: { ...request.headers, authorization } };
}
