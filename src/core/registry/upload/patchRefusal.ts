import { TeaChestError } from '../../base/errors.ts';
import { errorFromResponse } from '../errors/explainErrorResponse.ts';
import type { RegistryResponse } from '../http/httpTypes.ts';
import { isHtml, readErrorResponse, type ErrorResponse } from '../errors/errorResponse.ts';

/** Statuses whose meaning does not depend on who says it: another login, a smaller or another chunk, another time. */
const meansSomethingElse: ReadonlySet<number> = new Set([401, 408, 413, 416, 429]);

/**
 * The error if something on the way lets no PATCH through (moby #27877: firewalls, IIS and some CDNs answer 400, 403, 405
 * or 501); undefined if it is the registry's word on this upload. Gitea and distribution say with codes or in a plain
 * sentence why they refuse; a web page, an empty 403, or a word that PATCH is not known at all is not theirs. Where that
 * guess is wrong, the whole blob is refused as well, and then that refusal is told.
 */
export function patchRefused(response: RegistryResponse): TeaChestError | undefined {
  const refusal = readErrorResponse(response, 'PATCH');
  const { host, status, server } = refusal;
  if (!refusesMethod(refusal)) return undefined;
  const who = server === undefined ? 'Something on the way to it' : `The proxy in front of it (${server})`;
  const what = isHtml(refusal) ? `a web page (${status})` : String(status);
  return errorFromResponse(
    'chunksRefused',
    `${host} cannot be sent a layer in pieces. ${who} answers PATCH, the request for that, with ${what}; it has to let ` +
      'PATCH through.',
    refusal,
  );
}

function refusesMethod(refusal: ErrorResponse): boolean {
  const { status, codes, bodyText } = refusal;
  if (status === 405 || status === 501) return true;
  // A firewall may say 200 on its page.
  if (status < 300 && isHtml(refusal)) return true;
  if (status < 400 || status > 499 || meansSomethingElse.has(status) || codes.length > 0) return false;
  if (isHtml(refusal)) return true;
  return (status === 400 || status === 403) && bodyText.trim() === '';
}

/** Both ways are closed: in pieces and as a whole. What says more than that it did not arrive is told as it is. */
export function wholeRefused(chunks: TeaChestError, whole: unknown): unknown {
  const isOfTheWay =
    whole instanceof TeaChestError &&
    ['bodyTooLarge', 'registryFailed', 'registryUnreachable', 'registryRefused'].includes(whole.code);
  if (!isOfTheWay) return whole;
  return new TeaChestError(
    'chunksRefused',
    `${chunks.message} All of the layer in one request was tried instead, and did not arrive either: ${whole.message}`,
    { cause: whole, facts: { ...whole.facts, ...chunks.facts, wholeStatus: whole.facts['status'] ?? 0 } },
  );
}
