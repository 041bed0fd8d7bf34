import { TeaChestError } from '../../base/errors.ts';
import { header, type RegistryResponse } from '../http/httpTypes.ts';

/**
 * Where an upload goes on. Gitea's Locations are paths, distribution's are whole URLs with a `_state` that must be kept.
 * Only path and query are taken: a registry behind a proxy that ends TLS often writes `http://` or an inner port, and
 * what we send goes to the place the person named. Another host is refused: the token and the image would go there.
 */
export function uploadLocation(response: RegistryResponse, origin: string, current?: URL): URL {
  const location = header(response, 'location');
  if (location === undefined || location === '') {
    if (current !== undefined) return current;
    throw refuse(origin, 'it began an upload but did not say where it goes');
  }
  if (!URL.canParse(location, response.url.href)) throw refuse(origin, 'it gave an upload address that is none');
  const url = new URL(location, response.url);
  const own = new URL(origin);
  if (url.hostname !== own.hostname) throw refuse(origin, `it wants the bytes sent to another host, ${url.host}`);
  return new URL(`${own.origin}${url.pathname}${url.search}`);
}

function refuse(origin: string, why: string): TeaChestError {
  const { host } = new URL(origin);
  return new TeaChestError('registryRefused', `${host} cannot be pushed to: ${why}.`, { facts: { host } });
}
