import type { Gitea } from './gitea.ts';
import { header, type Exchange } from './http/exchange.ts';

/** ROOT_URL without the slash at its end; without one, the fake Gitea's address. */
export function rootUrl(gitea: Gitea, exchange: Exchange): string {
  const { rootUrl: configured, subPath = '' } = gitea.options;
  return configured?.replace(/\/$/, '') ?? `${requestOrigin(gitea, exchange)}${subPath}`;
}

/** The URL of the web pages for links in responses (modules/httplib/url.go GuessCurrentAppURL). No slash at the end. */
export function publicUrl(gitea: Gitea, exchange: Exchange): string {
  const { options } = gitea;
  return isDetected(gitea, exchange)
    ? `${requestOrigin(gitea, exchange)}${options.subPath ?? ''}`
    : rootUrl(gitea, exchange);
}

/** True if the public address is taken from the request and not from ROOT_URL. */
function isDetected({ quirks, options }: Gitea, exchange: Exchange): boolean {
  const forwarded = header(exchange, 'x-forwarded-proto') !== '';
  if (quirks.realm !== 'requestHost') return quirks.realm === 'requestHostIfForwarded' && forwarded;
  const detection = options.publicUrlDetection ?? 'auto';
  return detection === 'auto' || (detection === 'legacy' && forwarded);
}

/** Scheme and host of the request, as Gitea gets them from its headers. */
function requestOrigin({ options }: Gitea, exchange: Exchange): string {
  const forwarded = header(exchange, 'x-forwarded-proto');
  const seen = options.tlsEndsAtProxy === true ? 'http' : exchange.scheme;
  return `${forwarded === '' ? seen : forwarded}://${exchange.host}`;
}
