import * as l10n from '@vscode/l10n';
import { TeaChestError } from '../../base/errors.ts';
import type { RegistryResponse } from '../http/httpTypes.ts';
import { readErrorResponse, serverMessage } from './errorResponse.ts';
import { describeDuration } from '../http/retryAfter.ts';

/** The error for 408, 429 or 5xx: the server may work again later. Undefined for any other response. */
export function explainBusyServer(response: RegistryResponse): TeaChestError | undefined {
  const { status } = response;
  if (status !== 408 && status !== 429 && status < 500) return undefined;
  const refusal = readErrorResponse(response, 'GET');
  const { host } = refusal;
  const detail = serverMessage(refusal);
  const wait = refusal.retryAfter;
  const what =
    status === 429
      ? l10n.t`${host} asks for fewer requests (429)${detail}.`
      : l10n.t`${host} does not work at the moment: it answered ${status}${detail === '' ? l10n.t(' without saying why; its own log knows more') : detail}.`;
  const until = wait === undefined ? '' : l10n.t` It asks to wait ${describeDuration(wait)}.`;
  return new TeaChestError('registryFailed', what + until, {
    facts: { host, status, ...(wait === undefined ? {} : { retryAfterSeconds: Math.ceil(wait / 1000) }) },
  });
}
