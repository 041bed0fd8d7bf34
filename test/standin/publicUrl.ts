import type { Gitea } from './gitea.ts';
import type { Exchange } from './http/exchange.ts';

/** Where the web pages are, as links in answers say: ROOT_URL if one is configured, else where the request came to. No slash at the end. */
export function publicUrl({ options }: Gitea, exchange: Exchange): string {
  if (options.rootUrl !== undefined) return options.rootUrl.replace(/\/$/, '');
  const scheme = options.tlsEndsAtProxy === true ? 'http' : exchange.scheme;
  return `${scheme}://${exchange.host}${options.subPath ?? ''}`;
}
