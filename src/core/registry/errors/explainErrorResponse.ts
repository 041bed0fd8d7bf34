import { TeaChestError, type ErrorCode, type ErrorFacts } from '../../base/errors.ts';
import { isHtml, serverMessage, type ErrorResponse } from './errorResponse.ts';
import { isTransientStatus } from '../http/retry.ts';
import { durationInWords } from '../http/retryAfter.ts';

export interface ErrorContext {
  /** `owner/name`, as in the request. */
  readonly repository: string;
  /** What was tried, as the end of “… refused to”: `store the manifest v1`. */
  readonly attempt: string;
}

/** Turns what the context said into an error that a person can read. Each kind of registry has its own. */
export type ExplainErrorResponse = (refusal: ErrorResponse, context: ErrorContext) => TeaChestError;

/** What any OCI registry may say (distribution spec, §Error Codes), and what a proxy in front of it may. */
export const explainErrorResponse: ExplainErrorResponse = (refusal, context) => {
  const { host, status } = refusal;
  const words = serverMessage(refusal);
  const refused = `${host} refused to ${context.attempt}`;
  if (refusal.codes.includes('NAME_INVALID')) {
    return errorFromResponse(
      'nameInvalid',
      `${host} does not accept the name “${context.repository}”${words}.`,
      refusal,
    );
  }
  if (refusal.codes.includes('DIGEST_INVALID')) {
    const what = `${host} received other bytes than we sent: their digest is not the one we announced${words}.`;
    return errorFromResponse('digestMismatch', what, refusal);
  }
  if (refusal.codes.includes('BLOB_UPLOAD_UNKNOWN')) {
    return errorFromResponse('uploadLost', `${host} no longer knows the upload that it had begun${words}.`, refusal);
  }
  switch (status) {
    case 401:
      return refusal.challenges.some(({ scheme }) => scheme === 'bearer')
        ? errorFromResponse(
            'accessDenied',
            `${refused}: this user may not do that in ${context.repository}${words}.`,
            refusal,
          )
        : errorFromResponse(
            'credentialsRejected',
            `${host} does not accept this user name and password${words}.`,
            refusal,
          );
    case 403:
      // No registry answers with a web page: something between here and it refuses.
      if (isHtml(refusal)) break;
      return errorFromResponse(
        'accessDenied',
        `${refused}: it is forbidden in ${context.repository}${words}.`,
        refusal,
      );
    case 413:
      return tooLarge(refusal);
    case 429:
      return errorFromResponse(
        'registryFailed',
        `${host} asks us to come less often (429)${words}.${askedWait(refusal)}`,
        refusal,
      );
    default:
  }
  if (status >= 500 || isTransientStatus(status)) return serverFailure(refusal, context);
  const told = words === '' ? meaningOf(refusal) : words;
  const by = isHtml(refusal) ? proxyName(refusal) : undefined;
  const who = by === undefined ? refused : `The proxy in front of ${host} (${by}) refused to ${context.attempt}`;
  return errorFromResponse('registryRefused', `${who} and answered ${status}${told}.`, refusal);
};

/** What a status means that came without a word (RFC 9110 §15.5), as the end of a sentence. */
function meaningOf({ status, method }: ErrorResponse): string {
  const meaning = {
    400: 'it cannot make sense of the request',
    404: 'there is no such place',
    405: `it does not allow ${method} there`,
    408: 'it waited too long for the request',
    409: 'something else is going on there',
    410: 'there is no such place any more',
    416: 'it counts other bytes than were sent',
  }[status];
  return meaning === undefined ? ' without saying why; its own log knows more' : `, which means that ${meaning}`;
}

/** A limit of the way to the registry, not of the registry: it is the proxy that has to be told. */
function tooLarge(refusal: ErrorResponse): TeaChestError {
  const by = proxyName(refusal);
  const who = by === undefined ? 'Something on the way (a proxy)' : `The proxy in front of it (${by})`;
  return errorFromResponse(
    'bodyTooLarge',
    `${refusal.host} cannot take a piece of this size. ${who} limits the size of a request ` +
      `(413${serverMessage(refusal)}); for nginx that is client_max_body_size.`,
    refusal,
  );
}

function serverFailure(refusal: ErrorResponse, context: ErrorContext): TeaChestError {
  const { host, status } = refusal;
  const words = serverMessage(refusal);
  const told = words === '' ? meaningOf(refusal) : words;
  const by = isHtml(refusal) ? proxyName(refusal) : undefined;
  const who = by === undefined ? host : `The proxy in front of ${host} (${by})`;
  return errorFromResponse(
    'registryFailed',
    `${who} failed to ${context.attempt} and answered ${status}${told}.${askedWait(refusal)}`,
    refusal,
  );
}

function askedWait({ retryAfter }: ErrorResponse): string {
  return retryAfter === undefined ? '' : ` It asks to wait ${durationInWords(retryAfter)} before the next try.`;
}

/**
 * An answer that no registry gives there: a status that means something else, or a web page in place of it. It may come
 * from another host, to which a sign-in gateway has sent us.
 */
export function notFromRegistry(refusal: ErrorResponse, context: ErrorContext, registryHost: string): TeaChestError {
  const { host, status } = refusal;
  const what = isHtml(refusal) ? `a web page (${status})` : `${status}, which does not mean that it was done`;
  const from = host === registryHost ? '' : ` of ${host}`;
  const by = proxyName(refusal);
  const who = by === undefined ? 'a proxy or a sign-in page' : `a proxy or a sign-in page (${by})`;
  return errorFromResponse(
    'notARegistry',
    `Asked to ${context.attempt}, ${registryHost} answered with ${what}${from}${serverMessage(refusal)}. Something on the ` +
      `way, such as ${who}, answers in place of the registry: it has to let requests to /v2/ through.`,
    refusal,
    { registry: registryHost },
  );
}

/** What a storage elsewhere said, to which the registry had sent us: nothing about who we are to the registry. */
export function refusedElsewhere(refusal: ErrorResponse, context: ErrorContext, registryHost: string): TeaChestError {
  const { host, status } = refusal;
  return errorFromResponse(
    'registryRefused',
    `Asked to ${context.attempt}, ${registryHost} sent us on to ${host}, which answered ${status}${serverMessage(refusal)}.`,
    refusal,
    { registry: registryHost },
  );
}

/** Makes the error, with the wire's facts beside the words. */
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
