import * as l10n from '@vscode/l10n';
import { joinSentences } from '../../base/joinSentences.ts';
import type { TeaChestError } from '../../base/errors.ts';
import { errorFromResponse, explainByRules, type ErrorContext, type ErrorRule } from './errorRules.ts';
import { isHtml, serverMessage, type ErrorResponse } from './errorResponse.ts';
import { isTransientStatus } from '../http/retry.ts';
import { describeDuration } from '../http/retryAfter.ts';

/** Makes the error that a person reads. `explainGiteaError` is Gitea's. */
export type ExplainErrorResponse = (refusal: ErrorResponse, context: ErrorContext) => TeaChestError;

/** The error responses of any OCI registry (distribution spec, §Error Codes), and of a proxy in front of it. */
export const explainErrorResponse: ExplainErrorResponse = (refusal, context) =>
  explainByRules(rules, refusal, context) ?? explainOther(refusal, context);

const hasCode =
  (code: string): ErrorRule['applies'] =>
  ({ codes }) =>
    codes.includes(code);

const rules: readonly ErrorRule[] = [
  {
    applies: hasCode('NAME_INVALID'),
    code: 'nameInvalid',
    text: ({ host, repository, detail }) =>
      l10n.t({
        message: '{host} does not accept the name “{repository}”{detail}.',
        args: { host, repository, detail },
        comment: '{detail}: empty, or “: ” and what the server said',
      }),
  },
  {
    applies: hasCode('DIGEST_INVALID'),
    code: 'digestMismatch',
    text: ({ host, detail }) =>
      l10n.t({
        message: '{host} received other bytes than we sent: their digest is not the one we announced{detail}.',
        args: { host, detail },
        comment: '{detail}: empty, or “: ” and what the server said',
      }),
  },
  {
    applies: hasCode('BLOB_UPLOAD_UNKNOWN'),
    code: 'uploadLost',
    text: ({ host, detail }) =>
      l10n.t({
        message: '{host} no longer has the upload that it had begun{detail}.',
        args: { host, detail },
        comment: '{detail}: empty, or “: ” and what the server said',
      }),
  },
  {
    applies: ({ status, challenges }) => status === 401 && !challenges.some(({ scheme }) => scheme === 'bearer'),
    code: 'credentialsRejected',
    text: ({ host, detail }) => loginRefused(host, detail),
  },
  {
    applies: ({ status }) => status === 401,
    code: 'accessDenied',
    text: ({ host, attempt, repository, detail }) =>
      l10n.t({
        message: '{host} refused to {attempt}: this user may not do that in {repository}{detail}.',
        args: { host, attempt, repository, detail },
        comment: [
          '{attempt}: what was tried, such as “store a layer of alice/app”. ',
          '{detail}: empty, or “: ” and what the server said',
        ],
      }),
  },
  {
    // No registry answers with a web page: something in front of it refuses.
    applies: (refusal) => refusal.status === 403 && !isHtml(refusal),
    code: 'accessDenied',
    text: ({ host, attempt, repository, detail }) =>
      l10n.t({
        message: '{host} refused to {attempt}: it is forbidden in {repository}{detail}.',
        args: { host, attempt, repository, detail },
        comment: [
          '{attempt}: what was tried, such as “store a layer of alice/app”. ',
          '{detail}: empty, or “: ” and what the server said',
        ],
      }),
  },
  { applies: ({ status }) => status === 413, code: 'bodyTooLarge', text: ({ response }) => tooLarge(response) },
  {
    applies: ({ status }) => status === 429,
    code: 'registryFailed',
    text: ({ response }) => joinSentences(tooManyRequests(response), waitHint(response)),
  },
];

/** For a sign-in by user name and password, or by a token in place of it. `detail`: as `serverMessage` returns it. */
export function loginRefused(host: string, detail: string): string {
  return l10n.t({
    message: '{host} does not accept this user name and password{detail}.',
    args: { host, detail },
    comment: '{detail}: empty, or “: ” and what the server said',
  });
}

export function tooManyRequests(refusal: ErrorResponse): string {
  return l10n.t({
    message: '{host} asks for fewer requests (429){detail}.',
    args: { host: refusal.host, detail: serverMessage(refusal) },
    comment: '{detail}: empty, or “: ” and what the server said',
  });
}

function explainOther(refusal: ErrorResponse, { attempt }: ErrorContext): TeaChestError {
  const { host, status } = refusal;
  const answer = describeAnswer(refusal);
  const proxy = isHtml(refusal) ? proxyName(refusal) : undefined;
  if (status >= 500 || isTransientStatus(status)) {
    const failed =
      proxy === undefined
        ? l10n.t({
            message: '{host} failed to {attempt} and answered {answer}.',
            args: { host, attempt, answer },
            comment: [
              '{attempt}: what was tried, such as “store a layer of alice/app”. ',
              '{answer}: a status, then why, such as “500 without saying why; its own log knows more”',
            ],
          })
        : l10n.t({
            message: 'The proxy in front of {host} ({proxy}) failed to {attempt} and answered {answer}.',
            args: { host, proxy, attempt, answer },
            comment: [
              '{attempt}: what was tried, such as “store a layer of alice/app”. ',
              '{answer}: a status, then why, such as “502 without saying why; its own log knows more”',
            ],
          });
    return errorFromResponse('registryFailed', joinSentences(failed, waitHint(refusal)), refusal);
  }
  const refused =
    proxy === undefined
      ? l10n.t({
          message: '{host} refused to {attempt} and answered {answer}.',
          args: { host, attempt, answer },
          comment: [
            '{attempt}: what was tried, such as “store a layer of alice/app”. ',
            '{answer}: a status, then why, such as “404, which means that there is nothing at that address”',
          ],
        })
      : l10n.t({
          message: 'The proxy in front of {host} ({proxy}) refused to {attempt} and answered {answer}.',
          args: { host, proxy, attempt, answer },
          comment: [
            '{attempt}: what was tried, such as “store a layer of alice/app”. ',
            '{answer}: a status, then why, such as “404, which means that there is nothing at that address”',
          ],
        });
  return errorFromResponse('registryRefused', refused, refusal);
}

/** The status with the server's message or, without one, with the meaning of the status: the end of “… answered …”. */
export function describeAnswer(refusal: ErrorResponse): string {
  const { status } = refusal;
  const detail = serverMessage(refusal);
  if (detail !== '') return `${status}${detail}`;
  const meaning = meaningOf(refusal);
  return meaning === undefined
    ? l10n.t({
        message: '{0} without saying why; its own log knows more',
        args: [status],
        comment: '{0}: a status of HTTP. The end of “{host} refused to {attempt} and answered …”',
      })
    : l10n.t({
        message: '{0}, which means that {1}',
        args: [status, meaning],
        comment: '{0}: a status of HTTP, {1}: its meaning. The end of “{host} refused to {attempt} and answered …”',
      });
}

/** The meaning of a status without a message (RFC 9110 §15.5). */
function meaningOf({ status, method }: ErrorResponse): string | undefined {
  switch (status) {
    case 400:
      return l10n.t({
        message: 'it does not understand the request',
        comment: 'Completes “400, which means that …”. “it”: the server',
      });
    case 404:
      return l10n.t({
        message: 'there is nothing at that address',
        comment: 'Completes “404, which means that …”',
      });
    case 405:
      return l10n.t({
        message: 'it does not allow {0} there',
        args: [method],
        comment: 'Completes “405, which means that …”. “it”: the server; {0}: GET, PUT or the like',
      });
    case 408:
      return l10n.t({
        message: 'it waited too long for the request',
        comment: 'Completes “408, which means that …”. “it”: the server',
      });
    case 409:
      return l10n.t({
        message: 'another operation is in progress there',
        comment: 'Completes “409, which means that …”',
      });
    case 410:
      return l10n.t({
        message: 'there is nothing at that address any more',
        comment: 'Completes “410, which means that …”',
      });
    case 416:
      return l10n.t({
        message: 'it has received another number of bytes than was sent',
        comment: 'Completes “416, which means that …”. “it”: the server',
      });
    default:
      return undefined;
  }
}

/** Registries have no such limit: a proxy in front of it has, and its configuration must be changed. */
function tooLarge(refusal: ErrorResponse): string {
  const { host } = refusal;
  const proxy = proxyName(refusal);
  const answer = `413${serverMessage(refusal)}`;
  return proxy === undefined
    ? l10n.t({
        message:
          '{host} cannot take a piece of this size. Something on the way (a proxy) limits the size of a request ({answer}); for nginx that is client_max_body_size.',
        args: { host, answer },
        comment: '{answer}: the status 413, alone or with “: ” and what the server said',
      })
    : l10n.t({
        message:
          '{host} cannot take a piece of this size. The proxy in front of it ({proxy}) limits the size of a request ({answer}); for nginx that is client_max_body_size.',
        args: { host, proxy, answer },
        comment: '{answer}: the status 413, alone or with “: ” and what the server said',
      });
}

/** Undefined if the response does not ask to wait. */
function waitHint({ retryAfter }: ErrorResponse): string | undefined {
  return retryAfter === undefined
    ? undefined
    : l10n.t`It asks to wait ${describeDuration(retryAfter)} before the next try.`;
}

/** The answer with which something else than a registry shows itself; the end of “… answered with …”. */
export function webPageOf(status: number): string {
  return l10n.t({
    message: 'a web page ({0})',
    args: [status],
    comment: '{0}: a status of HTTP. Completes “{host} answered with …”',
  });
}

/**
 * The error for a response that no registry gives: a web page, or a status that has no meaning there. It may come from
 * another host, to which a sign-in gateway has redirected.
 */
export function notFromRegistry(refusal: ErrorResponse, context: ErrorContext, registryHost: string): TeaChestError {
  const answered = l10n.t({
    message: 'Asked to {attempt}, {host} answered with {answer}{detail}.',
    args: {
      attempt: context.attempt,
      host: registryHost,
      answer: describeForeignAnswer(refusal, registryHost),
      detail: serverMessage(refusal),
    },
    comment: [
      '{attempt}: what was tried, such as “store a layer of alice/app”. ',
      '{answer}: such as “a web page (200)”. {detail}: empty, or “: ” and what the server said',
    ],
  });
  const proxy = proxyName(refusal);
  const remedy =
    proxy === undefined
      ? l10n.t(
          'Something on the way, such as a proxy or a sign-in page, answers in place of the registry: it has to let requests to /v2/ through.',
        )
      : l10n.t`Something on the way, such as a proxy or a sign-in page (${proxy}), answers in place of the registry: it has to let requests to /v2/ through.`;
  return errorFromResponse('notARegistry', joinSentences(answered, remedy), refusal, { registry: registryHost });
}

function describeForeignAnswer(refusal: ErrorResponse, registryHost: string): string {
  const { host, status } = refusal;
  if (host === registryHost) {
    return isHtml(refusal)
      ? webPageOf(status)
      : l10n.t({
          message: '{0}, which does not mean that it was done',
          args: [status],
          comment: '{0}: a status of HTTP. Completes “{host} answered with …”',
        });
  }
  return isHtml(refusal)
    ? l10n.t({
        message: 'a web page ({0}) of {1}',
        args: [status, host],
        comment: '{0}: a status of HTTP, {1}: another host. Completes “{host} answered with …”',
      })
    : l10n.t({
        message: '{0} of {1}, which does not mean that it was done',
        args: [status, host],
        comment: '{0}: a status of HTTP, {1}: another host. Completes “{host} answered with …”',
      });
}

/** The error response of a storage to which the registry redirected. It says nothing about the sign-in to the registry. */
export function errorFromRedirectTarget(
  refusal: ErrorResponse,
  { attempt }: ErrorContext,
  registryHost: string,
): TeaChestError {
  const { host, status } = refusal;
  const message = l10n.t({
    message: 'Asked to {attempt}, {registry} redirected to {host}, which answered {status}{detail}.',
    args: { attempt, registry: registryHost, host, status, detail: serverMessage(refusal) },
    comment: [
      '{attempt}: what was tried, such as “store a layer of alice/app”. ',
      '{detail}: empty, or “: ” and what the server said',
    ],
  });
  return errorFromResponse('registryRefused', message, refusal, { registry: registryHost });
}

function proxyName({ server, bodyText }: ErrorResponse): string | undefined {
  if (server !== undefined) return server;
  return /nginx|cloudflare|traefik|caddy|apache|haproxy|envoy/i.exec(bodyText)?.[0];
}
