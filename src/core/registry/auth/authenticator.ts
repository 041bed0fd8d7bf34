import { orCancelled, throwIfCancelled } from '../../base/cancel.ts';
import { TeaChestError } from '../../base/errors.ts';
import { parseChallenges, type Challenge } from './challenge.ts';
import type { RegistryRequest, RegistryResponse, Send } from '../http/httpTypes.ts';
import { SingleFlight } from '../../base/singleFlight.ts';
import { TokenCache, type FetchedToken } from './tokenCache.ts';
import type { Credential } from '../types.ts';

/** How a registry wants to be told who is asking. */
export type AuthScheme =
  | { readonly kind: 'open' }
  | { readonly kind: 'basic' }
  | {
      readonly kind: 'bearer';
      /** What tells tokens apart: one for everything (Gitea), or one for each set of scopes. */
      readonly keyOf: (scopes: readonly string[]) => string;
      readonly fetchToken: FetchToken;
    };

/** Asks for a new token; rejects with what makes sense to a person (`credentialsRejected`, `scopeMissing`, …). */
export type FetchToken = (
  scopes: readonly string[],
  options: { readonly signal: AbortSignal; readonly retry?: 'never' },
) => Promise<FetchedToken>;

/** What fits into a header (RFC 9110 §5.5); anything else would be refused on its way out, as a broken connection. */
const usableToken = /^[\x21-\x7e]+$/;

export type ReadCredential = () => Promise<Credential | undefined>;

export interface AuthenticatorOptions {
  /** Asks the registry once, unauthenticated, what it wants (GET /v2/). */
  readonly askScheme: (signal: AbortSignal) => Promise<AuthScheme>;
  readonly schemeFor: (challenges: readonly Challenge[]) => AuthScheme;
  readonly credential: ReadCredential;
  /** The name of the registry, for messages. */
  readonly host: string;
  readonly now: () => number;
  /** Fires when the client is closed. Shared work runs under it: one caller's cancel must not fail the others. */
  readonly closed: AbortSignal;
}

/** Knows the registry's scheme and holds its tokens. */
export class Authenticator {
  readonly #options: AuthenticatorOptions;
  readonly #tokens: TokenCache;
  readonly #asked: SingleFlight<AuthScheme>;
  /** What a refusal showed, where the registry had seemed to be open. */
  #learned: AuthScheme | undefined;

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
    this.#asked = new SingleFlight(async () => options.askScheme(options.closed));
    this.#tokens = new TokenCache(options.now);
  }

  /** The value of Authorization for a request; undefined if the registry wants none. */
  async authorize(scopes: readonly string[], signal: AbortSignal): Promise<string | undefined> {
    const scheme = this.#learned ?? (await this.#asked.get(signal));
    if (scheme.kind === 'open') return undefined;
    if (scheme.kind === 'basic') return basicAuthorization(await this.#credentialOrRefuse());
    const fetch = async (): Promise<FetchedToken> => {
      const token = await scheme.fetchToken(scopes, { signal: this.#options.closed });
      if (usableToken.test(token.value)) return token;
      const { host } = this.#options;
      throw new TeaChestError('registryFailed', `${host} gave a token that cannot be sent back to it.`, {
        facts: { host },
      });
    };
    return `Bearer ${await orCancelled(this.#tokens.get(scheme.keyOf(scopes), fetch), signal)}`;
  }

  /**
   * What a 401 to a request with `sent` means: true if another try with a new authorization makes sense.
   * A 401 without any challenge is how Gitea 1.18–1.25 says that a token is no longer good. A 401 that has challenges,
   * but not of the scheme in use, is Gitea's `reqPackageAccess`: it means forbidden, and a new login changes nothing.
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
 * A token may be refused once more that was fetched while the registry let go of all of them, as when it is restarted with
 * another key; whoever refuses the next one as well means it.
 */
const mostRenewals = 2;

/** Adds the authorization, and on a refusal that a new login may heal, logs in anew and sends again. */
export function withAuth(send: Send, authenticator: Authenticator): Send {
  return async (request) => {
    const scopes = request.scopes ?? [];
    let sent = await authenticator.authorize(scopes, request.signal);
    for (let renewals = 0; ; renewals++) {
      const response = await send(authorized(request, sent));
      // A storage to which the registry has sent us decides about nobody's sign-in here: its 401 is an answer.
      if (response.status !== 401 || response.url.origin !== request.url.origin) return response;
      if (renewals === mostRenewals || !authenticator.reconsider(response, sent)) return response;
      throwIfCancelled(request.signal);
      sent = await authenticator.authorize(scopes, request.signal);
      if (request.body?.replayable === false) throw bodyConsumed(request);
    }
  };
}

export function basicAuthorization({ username, secret }: Credential): string {
  // RFC 7617 §2.1: UTF-8. A colon may be in the secret, never in the name.
  return `Basic ${Buffer.from(`${username}:${secret}`, 'utf8').toString('base64')}`;
}

export function notSignedIn(host: string): TeaChestError {
  return new TeaChestError('notSignedIn', `You are not signed in to ${host}, and it wants to know who is asking.`, {
    facts: { host },
  });
}

/** The upload may be sent again from its first byte, and then has the new authorization. */
function bodyConsumed({ url, method }: RegistryRequest): TeaChestError {
  const { host } = url;
  return new TeaChestError('uploadLost', `${host} wanted a new sign-in while a layer was on its way to it.`, {
    facts: { host, method },
  });
}

function authorized(request: RegistryRequest, authorization: string | undefined): RegistryRequest {
  if (authorization === undefined) return request;
  return { ...request, headers: { ...request.headers, authorization } };
}
