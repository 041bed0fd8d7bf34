import { TeaChestError } from '../../base/errors.ts';
import { header, type RegistryRequest, type RegistryResponse, type Send } from './httpTypes.ts';

const mostRedirects = 5;

/** Headers that are meant for the registry alone. */
const secretHeaders: ReadonlySet<string> = new Set(['authorization', 'cookie', 'proxy-authorization']);

/**
 * Follows redirects as far as it is safe: anything within the registry's origin by 307 and 308 (Gitea sends them for an
 * owner that was renamed), and a GET or HEAD to a storage elsewhere (SERVE_DIRECT, Gitea ≥ 1.21) but then without the
 * registry's credentials. Everything else is an error, so that no body and no credential ends up with a third party.
 */
export function withRedirects(send: Send, origin: string): Send {
  return async (original) => {
    let request = original;
    for (let hop = 0; ; hop++) {
      const response = await send(request);
      const location = header(response, 'location');
      if (response.status < 301 || response.status > 308 || location === undefined || response.status === 304) {
        return response;
      }
      if (hop === mostRedirects) throw refuse(request, 'it redirects again and again');
      request = follow(request, response, location, origin);
    }
  };
}

/**
 * For what carries a credential of its own, such as a password to a token server: a redirect within the place that was
 * asked is followed, as docker does it; one that leads elsewhere is the answer, and whoever asked says what it means.
 */
export function withinOrigin(send: Send): Send {
  return async (original) => {
    let request = original;
    for (let hop = 0; ; hop++) {
      const response = await send(request);
      const location = header(response, 'location');
      const isRedirect = [301, 302, 303, 307, 308].includes(response.status);
      if (!isRedirect || location === undefined || !URL.canParse(location, request.url.href)) return response;
      const url = new URL(location, request.url);
      if (url.origin !== original.url.origin) return response;
      if (hop === mostRedirects) throw refuse(request, 'it redirects again and again');
      request = { ...request, url };
    }
  };
}

function follow(
  request: RegistryRequest,
  response: RegistryResponse,
  location: string,
  origin: string,
): RegistryRequest {
  let url: URL;
  try {
    url = new URL(location, request.url);
  } catch (error) {
    throw refuse(request, 'it redirects to something that is no address', error);
  }
  const reads = request.method === 'GET' || request.method === 'HEAD';
  if (!reads && response.status !== 307 && response.status !== 308) {
    const where = url.origin === origin ? url.pathname : url.origin;
    throw refuse(
      request,
      `it answered ${request.method} with a redirect to ${where} that would make it a GET, as sign-in pages do. Whatever ` +
        'does that has to let requests to /v2/ through',
    );
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw refuse(request, `it redirects to ${url.protocol}`);
  if (url.origin === origin) return { ...request, url };
  if (!reads) throw refuse(request, `it redirects to ${url.origin}, and nothing is sent to another place`);
  if (request.url.protocol === 'https:' && url.protocol !== 'https:') {
    throw refuse(request, `it redirects from https down to ${url.origin}`);
  }
  const kept = Object.entries(request.headers ?? {}).filter(([name]) => !secretHeaders.has(name));
  // A storage that this machine cannot reach (#24723) stays out of reach: whoever reads can do without, and soon.
  return { ...request, url, headers: Object.fromEntries(kept), retry: 'never' };
}

function refuse(request: RegistryRequest, why: string, cause?: unknown): TeaChestError {
  return new TeaChestError('registryRefused', `${request.url.host} cannot be used as it is: ${why}.`, {
    facts: { host: request.url.host, path: request.url.pathname },
    ...(cause === undefined ? {} : { cause }),
  });
}
