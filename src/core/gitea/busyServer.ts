import { TeaChestError } from '../base/errors.ts';
import type { RegistryResponse } from '../registry/messages.ts';
import { readRefusal, serverWords } from '../registry/refusal.ts';
import { durationInWords } from '../registry/retryAfter.ts';

/** 408, 429 or 5xx: the server is there, but not at the moment. Undefined for every other answer. */
export function explainBusyServer(response: RegistryResponse): TeaChestError | undefined {
  const { status } = response;
  if (status !== 408 && status !== 429 && status < 500) return undefined;
  const refusal = readRefusal(response, 'GET');
  const { host } = refusal;
  const words = serverWords(refusal);
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
