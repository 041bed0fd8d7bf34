import * as l10n from '@vscode/l10n';
import { TeaChestError } from '../../base/errors.ts';
import { header, type RegistryResponse } from '../http/httpTypes.ts';

/**
 * The URL of an upload's next request. Gitea's Locations are paths, distribution's are whole URLs with a `_state` that must
 * be kept. Only path and query are used, because a registry behind a proxy that terminates TLS often writes `http://` or an
 * inner port. Another host is refused: the token and the image would go there. `current`: the URL if there is no Location.
 */
export function uploadLocation(response: RegistryResponse, origin: string, current?: URL): URL {
  const location = header(response, 'location');
  const { host } = new URL(origin);
  if (location === undefined || location === '') {
    if (current !== undefined) return current;
    throw refuse(host, l10n.t`${host} cannot be pushed to: it began an upload but did not say where it goes.`);
  }
  if (!URL.canParse(location, response.url.href)) {
    throw refuse(host, l10n.t`${host} cannot be pushed to: it gave an upload address that is none.`);
  }
  const url = new URL(location, response.url);
  const own = new URL(origin);
  if (url.hostname !== own.hostname) {
    throw refuse(host, l10n.t`${host} cannot be pushed to: it wants the bytes sent to another host, ${url.host}.`);
  }
  return new URL(`${own.origin}${url.pathname}${url.search}`);
}

function refuse(host: string, message: string): TeaChestError {
  return new TeaChestError('registryRefused', message, { facts: { host } });
}
