import { header, type RegistryResponse } from './httpTypes.ts';

/**
 * The next page of a list by the header `Link` (RFC 8288), with any parameters that the registry has chosen. Undefined
 * without one, or if it leads to anything but the same list.
 */
export function nextPage(response: Pick<RegistryResponse, 'headers'>, current: URL): URL | undefined {
  const link = /<([^>]*)>\s*;[^,]*rel="?next"?/i.exec(header(response, 'link') ?? '')?.[1];
  if (link === undefined || !URL.canParse(link, current.href)) return undefined;
  const next = new URL(link, current);
  return next.origin === current.origin && next.pathname === current.pathname ? next : undefined;
}
