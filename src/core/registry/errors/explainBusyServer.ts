import { TeaChestError } from '../../base/errors.ts';
import type { RegistryResponse } from '../http/httpTypes.ts';
import { readErrorResponse, serverMessage } from './errorResponse.ts';
import { durationInWords } from '../http/retryAfter.ts';

/** 408, 429 or 5xx: the server is there, but not at the moment. Undefined for every other answer. */
export function explainBusyServer(response: RegistryResponse): TeaChestError | undefined {
  const { status } = response;
  if (status !== 408 && status !== 429 && status < 500) return undefined;
  const refusal = readErrorResponse(response, 'GET');
  const { host } = refusal;
  const words = serverMessage(refusal);
  const wait = refusal.retryAfter;
  const what =
    status === 429
      ? `${host} asks us to come less often (429)${words}.`
      : `${host} is there but does not work at the moment: it answered ${status}${words === '' ? ' without saying why; its own log knows more' : words}.`;
  const until = wait === undefined ? '' : ` It asks to wait ${durationInWords(wait)}.`;
  return new TeaChestError('registryFailed', what + until, {
    facts: { host, status, ...(wait === undefined ? {} : { retryAfterSeconds: Math.ceil(wait / 1000) }) },
  });
}
