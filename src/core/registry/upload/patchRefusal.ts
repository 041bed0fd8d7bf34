import * as l10n from '@vscode/l10n';
import { joinSentences } from '../../base/joinSentences.ts';
import { TeaChestError, type ErrorCode } from '../../base/errors.ts';
import { errorFromResponse } from '../errors/errorRules.ts';
import { webPageOf } from '../errors/explainErrorResponse.ts';
import type { RegistryResponse } from '../http/httpTypes.ts';
import { isHtml, readErrorResponse, type ErrorResponse } from '../errors/errorResponse.ts';

/** Statuses that mean the same whoever answers: another login, a smaller or another chunk, another time. */
const meansSomethingElse: ReadonlySet<number> = new Set([401, 408, 413, 416, 429]);

/**
 * The error if something between here and the registry lets no PATCH through (moby #27877: firewalls, IIS and some CDNs
 * answer 400, 403, 405 or 501); undefined if the registry itself refuses this upload. Gitea and distribution give codes or
 * a plain sentence as the reason; a web page, an empty 403 or 400, and a 405 or 501 are not theirs. If this guess is wrong,
 * the whole blob is refused as well, and that refusal is reported.
 */
export function patchRefused(response: RegistryResponse): TeaChestError | undefined {
  const refusal = readErrorResponse(response, 'PATCH');
  const { host, status, server } = refusal;
  if (!refusesMethod(refusal)) return undefined;
  const answer = isHtml(refusal) ? webPageOf(status) : String(status);
  const message =
    server === undefined
      ? l10n.t({
          message:
            '{host} cannot be sent a layer in pieces. Something on the way to it answers PATCH, the request for that, with {answer}; it has to let PATCH through.',
          args: { host, answer },
          comment: '{answer}: a status of HTTP, or such as “a web page (200)”',
        })
      : l10n.t({
          message:
            '{host} cannot be sent a layer in pieces. The proxy in front of it ({proxy}) answers PATCH, the request for that, with {answer}; it has to let PATCH through.',
          args: { host, proxy: server, answer },
          comment: '{answer}: a status of HTTP, or such as “a web page (200)”',
        });
  return errorFromResponse('chunksRefused', message, refusal);
}

function refusesMethod(refusal: ErrorResponse): boolean {
  const { status, codes, bodyText } = refusal;
  if (status === 405 || status === 501) return true;
  // A firewall's page may have the status 200.
  if (status < 300 && isHtml(refusal)) return true;
  if (status < 400 || status > 499 || meansSomethingElse.has(status) || codes.length > 0) return false;
  if (isHtml(refusal)) return true;
  return (status === 400 || status === 403) && bodyText.trim() === '';
}

/** The error if the connection broke under every first chunk. */
export function chunksCut(failure: TeaChestError, { origin }: { readonly origin: string }): TeaChestError {
  const { host } = new URL(origin);
  const message = l10n.t`${host} cannot be sent a layer in pieces: the connection breaks at each PATCH, the request for that.`;
  return new TeaChestError('chunksRefused', message, { cause: failure, facts: failure.facts });
}

/** The error if neither chunks nor the whole blob arrive. A failure that says more than that stays as it is. */
export function wholeRefused(chunks: TeaChestError | undefined, whole: TeaChestError): TeaChestError {
  if (chunks === undefined || !lostOnTheWay.has(whole.code)) return whole;
  return new TeaChestError(
    'chunksRefused',
    joinSentences(
      chunks.message,
      l10n.t({
        message: 'All of the layer in one request was tried instead, and did not arrive either: {0}',
        args: [whole.message],
        comment: '{0}: one or more whole sentences',
      }),
    ),
    { cause: whole, facts: { ...whole.facts, ...chunks.facts, wholeStatus: whole.facts.status ?? 0 } },
  );
}

const lostOnTheWay: ReadonlySet<ErrorCode> = new Set([
  'bodyTooLarge',
  'registryFailed',
  'registryUnreachable',
  'registryRefused',
]);
