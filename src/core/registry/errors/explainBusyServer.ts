import * as l10n from '@vscode/l10n';
import { joinSentences } from '../../base/joinSentences.ts';
import { TeaChestError } from '../../base/errors.ts';
import type { RegistryResponse } from '../http/httpTypes.ts';
import { readErrorResponse } from './errorResponse.ts';
import { describeAnswer, tooManyRequests } from './explainErrorResponse.ts';
import { describeDuration } from '../http/retryAfter.ts';

/** The error for 408, 429 or 5xx: the server may work again later. Undefined for any other response. */
export function explainBusyServer(response: RegistryResponse): TeaChestError | undefined {
  const { status } = response;
  if (status !== 408 && status !== 429 && status < 500) return undefined;
  const refusal = readErrorResponse(response, 'GET');
  const { host, retryAfter: wait } = refusal;
  const what =
    status === 429
      ? tooManyRequests(refusal)
      : l10n.t({
          message: '{host} does not work at the moment: it answered {answer}.',
          args: { host, answer: describeAnswer(refusal) },
          comment: '{answer}: a status, then why, such as “500 without saying why; its own log knows more”',
        });
  const until = wait === undefined ? undefined : l10n.t`It asks to wait ${describeDuration(wait)}.`;
  return new TeaChestError('registryFailed', joinSentences(what, until), {
    facts: { host, status, ...(wait === undefined ? {} : { retryAfterSeconds: Math.ceil(wait / 1000) }) },
  });
}
