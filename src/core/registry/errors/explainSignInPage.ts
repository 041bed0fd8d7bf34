import * as l10n from '@vscode/l10n';
import { TeaChestError } from '../../base/errors.ts';
import { header, type RegistryResponse } from '../http/httpTypes.ts';
import { isHtml, readErrorResponse, serverMessage } from './errorResponse.ts';

/**
 * The error if a gateway for single sign-on (Authelia, Authentik, Cloudflare Access) answers instead of the registry: it
 * redirects to its page, or shows it with 200, 401 or 403. A registry never does that at `/v2/`, `/v2/token` and `/api/v1`.
 * Undefined for any other response. `host` is the registry's.
 */
export function explainSignInPage(response: RegistryResponse, host: string): TeaChestError | undefined {
  const target = redirectTarget(response);
  if (target !== undefined) return answeredBy(target.host, host, response.status);
  const refusal = readErrorResponse(response, 'GET');
  if (![200, 401, 403].includes(response.status) || !isHtml(refusal)) return undefined;
  if (looksLikeSignIn(refusal.bodyText)) return answeredBy(refusal.host, host, response.status);
  return new TeaChestError(
    'notARegistry',
    l10n.t({
      message:
        'A web page answered instead of the registry (host {host}, {status}){detail}. If it is a sign-in page, /v2 and /api must be let through there.',
      args: { host: refusal.host, status: response.status, detail: serverMessage(refusal) },
      comment: '{detail}: empty, or “: ” and what the server said',
    }),
    { facts: { host, status: response.status, webPage: refusal.host } },
  );
}

/** The target of a redirect; undefined for any other response, or if the target is no URL. */
export function redirectTarget(response: RegistryResponse): URL | undefined {
  const location = header(response, 'location');
  if (location === undefined || ![301, 302, 303, 307, 308].includes(response.status)) return undefined;
  return URL.canParse(location, response.url.href) ? new URL(location, response.url) : undefined;
}

function answeredBy(page: string, host: string, status: number): TeaChestError {
  return new TeaChestError(
    'notARegistry',
    l10n.t`A sign-in page answered instead of the registry (host ${page}): /v2 and /api must be let through there.`,
    { facts: { host, status, signInPage: page } },
  );
}

function looksLikeSignIn(html: string): boolean {
  const title = /<title[^>]*>([^<]*)<\/title>/i.exec(html)?.[1] ?? '';
  return (
    /\b(?:sign|log)[ -]?(?:in|on)\b|authenti|single sign/i.test(title) || /<input[^>]+type=["']?password/i.test(html)
  );
}
