import * as l10n from '@vscode/l10n';
import { TeaChestError, type ErrorCode, type ErrorFacts } from '../../base/errors.ts';
import { isHtml, serverMessage, type ErrorResponse } from './errorResponse.ts';
import { isTransientStatus } from '../http/retry.ts';
import { describeDuration } from '../http/retryAfter.ts';

export interface ErrorContext {
  /** `owner/name`, as in the request. */
  readonly repository: string;
  /** What was tried, completes “… refused to”: `store the manifest v1`. */
  readonly attempt: string;
}

/** Makes the error that a person reads. `explainGiteaError` is Gitea's. */
export type ExplainErrorResponse = (refusal: ErrorResponse, context: ErrorContext) => TeaChestError;

/** The error responses of any OCI registry (distribution spec, §Error Codes), and of a proxy in front of it. */
export const explainErrorResponse: ExplainErrorResponse = (refusal, context) => {
  const { host, status } = refusal;
  const detail = serverMessage(refusal);
  const refused = l10n.t`${host} refused to ${context.attempt}`;
  if (refusal.codes.includes('NAME_INVALID')) {
    return errorFromResponse(
      'nameInvalid',
      l10n.t`${host} does not accept the name “${context.repository}”${detail}.`,
      refusal,
    );
  }
  if (refusal.codes.includes('DIGEST_INVALID')) {
    const what = l10n.t`${host} received other bytes than we sent: their digest is not the one we announced${detail}.`;
    return errorFromResponse('digestMismatch', what, refusal);
  }
  if (refusal.codes.includes('BLOB_UPLOAD_UNKNOWN')) {
    return errorFromResponse(
      'uploadLost',
      l10n.t`${host} no longer knows the upload that it had begun${detail}.`,
      refusal,
    );
  }
  switch (status) {
    case 401:
      return refusal.challenges.some(({ scheme }) => scheme === 'bearer')
        ? errorFromResponse(
            'accessDenied',
            l10n.t`${refused}: this user may not do that in ${context.repository}${detail}.`,
            refusal,
          )
        : errorFromResponse(
            'credentialsRejected',
            l10n.t`${host} does not accept this user name and password${detail}.`,
            refusal,
          );
    case 403:
      // No registry answers with a web page: something in front of it refuses.
      if (isHtml(refusal)) break;
      return errorFromResponse(
        'accessDenied',
        l10n.t`${refused}: it is forbidden in ${context.repository}${detail}.`,
        refusal,
      );
    case 413:
      return tooLarge(refusal);
    case 429:
      return errorFromResponse(
        'registryFailed',
        l10n.t`${host} asks for fewer requests (429)${detail}.${waitHint(refusal)}`,
        refusal,
      );
    default:
  }
  if (status >= 500 || isTransientStatus(status)) return serverFailure(refusal, context);
  const reason = detail === '' ? meaningOf(refusal) : detail;
  const by = isHtml(refusal) ? proxyName(refusal) : undefined;
  const who = by === undefined ? refused : l10n.t`The proxy in front of ${host} (${by}) refused to ${context.attempt}`;
  return errorFromResponse('registryRefused', l10n.t`${who} and answered ${status}${reason}.`, refusal);
};

/** The meaning of a status without a message (RFC 9110 §15.5), as the end of a sentence. */
function meaningOf({ status, method }: ErrorResponse): string {
  const meaning = {
    400: l10n.t('it does not understand the request'),
    404: l10n.t('there is nothing at that address'),
    405: l10n.t`it does not allow ${method} there`,
    408: l10n.t('it waited too long for the request'),
    409: l10n.t('another operation is in progress there'),
    410: l10n.t('there is nothing at that address any more'),
    416: l10n.t('it has received another number of bytes than was sent'),
  }[status];
  return meaning === undefined
    ? l10n.t(' without saying why; its own log knows more')
    : l10n.t`, which means that ${meaning}`;
}

/** Registries have no such limit: a proxy in front of it has, and its configuration must be changed. */
function tooLarge(refusal: ErrorResponse): TeaChestError {
  const by = proxyName(refusal);
  const who = by === undefined ? l10n.t('Something on the way (a proxy)') : l10n.t`The proxy in front of it (${by})`;
  return errorFromResponse(
    'bodyTooLarge',
    l10n.t`${refusal.host} cannot take a piece of this size. ${who} limits the size of a request ` +
      l10n.t`(413${serverMessage(refusal)}); for nginx that is client_max_body_size.`,
    refusal,
  );
}

function serverFailure(refusal: ErrorResponse, context: ErrorContext): TeaChestError {
  const { host, status } = refusal;
  const detail = serverMessage(refusal);
  const reason = detail === '' ? meaningOf(refusal) : detail;
  const by = isHtml(refusal) ? proxyName(refusal) : undefined;
  const who = by === undefined ? host : l10n.t`The proxy in front of ${host} (${by})`;
  return errorFromResponse(
    'registryFailed',
    l10n.t`${who} failed to ${context.attempt} and answered ${status}${reason}.${waitHint(refusal)}`,
    refusal,
  );
}

function waitHint({ retryAfter }: ErrorResponse): string {
  return retryAfter === undefined ? '' : l10n.t` It asks to wait ${describeDuration(retryAfter)} before the next try.`;
}

/**
 * The error for a response that no registry gives: a web page, or a status that has no meaning there. It may come from
 * another host, to which a sign-in gateway has redirected.
 */
export function notFromRegistry(refusal: ErrorResponse, context: ErrorContext, registryHost: string): TeaChestError {
  const { host, status } = refusal;
  const what = isHtml(refusal)
    ? l10n.t`a web page (${status})`
    : l10n.t`${status}, which does not mean that it was done`;
  const from = host === registryHost ? '' : l10n.t` of ${host}`;
  const by = proxyName(refusal);
  const who = by === undefined ? l10n.t('a proxy or a sign-in page') : l10n.t`a proxy or a sign-in page (${by})`;
  return errorFromResponse(
    'notARegistry',
    l10n.t`Asked to ${context.attempt}, ${registryHost} answered with ${what}${from}${serverMessage(refusal)}. Something on the ` +
      l10n.t`way, such as ${who}, answers in place of the registry: it has to let requests to /v2/ through.`,
    refusal,
    { registry: registryHost },
  );
}

/** The error response of a storage to which the registry redirected. It says nothing about the sign-in to the registry. */
export function errorFromRedirectTarget(
  refusal: ErrorResponse,
  context: ErrorContext,
  registryHost: string,
): TeaChestError {
  const { host, status } = refusal;
  return errorFromResponse(
    'registryRefused',
    l10n.t`Asked to ${context.attempt}, ${registryHost} redirected to ${host}, which answered ${status}${serverMessage(refusal)}.`,
    refusal,
    { registry: registryHost },
  );
}

/** The error with this message, and with the facts of the response. */
export function errorFromResponse(
  code: ErrorCode,
  message: string,
  refusal: ErrorResponse,
  facts: ErrorFacts = {},
): TeaChestError {
  const { host, status, method, path, codes, retryAfter } = refusal;
  const wait = retryAfter === undefined ? {} : { retryAfterSeconds: Math.ceil(retryAfter / 1000) };
  return new TeaChestError(code, message, { facts: { host, status, method, path, codes, ...wait, ...facts } });
}

function proxyName({ server, bodyText }: ErrorResponse): string | undefined {
  if (server !== undefined) return server;
  return /nginx|cloudflare|traefik|caddy|apache|haproxy|envoy/i.exec(bodyText)?.[0];
}
