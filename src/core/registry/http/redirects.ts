import * as l10n from '@vscode/l10n';
import { TeaChestError } from '../../base/errors.ts';
import { header, type RegistryRequest, type RegistryResponse, type Send } from './httpTypes.ts';

const mostRedirects = 5;

/** Headers for the registry alone. */
const secretHeaders: ReadonlySet<string> = new Set(['authorization', 'cookie', 'proxy-authorization']);

/**
 * Follows redirects where that is safe: anything within the registry's origin by 307 and 308 (Gitea sends them for an
 * owner that was renamed), and a GET or HEAD to a storage elsewhere (SERVE_DIRECT, Gitea ≥ 1.21), but then without the
 * registry's credentials. Everything else is an error, so that no body and no credential reaches a third party.
 */
export function withRedirects(send: Send, origin: string): Send {
  return following(send, (request, response, location) => follow(request, response, location, origin));
}

/**
 * As `withRedirects`, but a redirect that leads elsewhere is the answer, which the caller explains: only blobs and manifests
 * are ever stored elsewhere, so it is that of a sign-in page.
 */
export function withOwnRedirects(send: Send, origin: string): Send {
  return following(send, (request, response, location) => {
    const isOwn = URL.canParse(location, request.url.href) && new URL(location, request.url).origin === origin;
    return isOwn ? follow(request, response, location, origin) : undefined;
  });
}

/**
 * For requests with a credential of their own, such as a password to a token server: a redirect within the origin is
 * followed, as docker does it; one that leads elsewhere is the answer, which the caller explains.
 */
export function withinOrigin(send: Send): Send {
  return following(send, (request, { status }, location) => {
    if (status > 303 && status < 307) return undefined;
    if (!URL.canParse(location, request.url.href)) return undefined;
    const url = new URL(location, request.url);
    return url.origin === request.url.origin ? { ...request, url } : undefined;
  });
}

/** Sends a request, and the one that `next` makes of each redirect; undefined: the redirect is the answer. */
function following(
  send: Send,
  next: (request: RegistryRequest, response: RegistryResponse, location: string) => RegistryRequest | undefined,
): Send {
  return async (original) => {
    let request = original;
    for (let hop = 0; ; hop++) {
      const response = await send(request);
      const location = header(response, 'location');
      const isRedirect = response.status >= 301 && response.status <= 308 && response.status !== 304;
      if (!isRedirect || location === undefined) return response;
      const followed = next(request, response, location);
      if (followed === undefined) return response;
      if (hop === mostRedirects) {
        throw refuse(request, l10n.t`${request.url.host} cannot be used as it is: it redirects again and again.`);
      }
      request = followed;
    }
  };
}

function follow(
  request: RegistryRequest,
  response: RegistryResponse,
  location: string,
  origin: string,
): RegistryRequest {
  const { host } = request.url;
  if (!URL.canParse(location, request.url.href)) {
    throw refuse(request, l10n.t`${host} cannot be used as it is: it redirects to something that is no address.`);
  }
  const url = new URL(location, request.url);
  const reads = request.method === 'GET' || request.method === 'HEAD';
  if (!reads && response.status !== 307 && response.status !== 308) {
    const where = url.origin === origin ? url.pathname : url.origin;
    throw refuse(
      request,
      l10n.t`${host} cannot be used as it is: it answered ${request.method} with a redirect to ${where} that would make it a GET, as sign-in pages do. Whatever does that has to let requests to /v2/ through.`,
    );
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw refuse(request, l10n.t`${host} cannot be used as it is: it redirects to ${url.protocol}.`);
  }
  if (url.origin === origin) return { ...request, url };
  if (!reads) {
    throw refuse(
      request,
      l10n.t`${host} cannot be used as it is: it redirects to ${url.origin}, and nothing is sent to another place.`,
    );
  }
  if (request.url.protocol === 'https:' && url.protocol !== 'https:') {
    throw refuse(request, l10n.t`${host} cannot be used as it is: it redirects from https down to ${url.origin}.`);
  }
  const kept = Object.entries(request.headers ?? {}).filter(([name]) => !secretHeaders.has(name));
  // A storage that this machine cannot reach (gitea #24723) stays unreachable, and no reader depends on it.
  return { ...request, url, headers: Object.fromEntries(kept), retry: 'never' };
}

function refuse({ url }: RegistryRequest, message: string): TeaChestError {
  return new TeaChestError('registryRefused', message, { facts: { host: url.host, path: url.pathname } });
}
