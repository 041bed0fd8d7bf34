import { TeaChestError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { printableUrl } from './logging.ts';
import { header, type RegistryResponse, type Send } from './messages.ts';

export interface RetryPolicy {
  /** Tries in all, the first one included. */
  readonly attempts: number;
  /** Milliseconds: the first wait, doubled each time up to `longestWait`; all waits of one request together. */
  readonly firstWait: number;
  readonly longestWait: number;
  readonly budget: number;
}

export const usualRetries: RetryPolicy = { attempts: 6, firstWait: 500, longestWait: 10_000, budget: 60_000 };

/** What time and chance are to this code; tests give their own. */
export interface Timing {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Rejects with `cancelled` when the signal fires. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** 0 ≤ value < 1. */
  readonly random: () => number;
}

export type Outcome = { readonly response: RegistryResponse } | { readonly error: unknown };

/**
 * Sends again what may succeed the next time: no answer, 408, 429 and 5xx. A body is opened anew for each try. PATCH is
 * never sent again here: bytes that got half through would be in the upload twice, so the uploader decides.
 */
export function withRetry(send: Send, policy: RetryPolicy, timing: Timing, logger: Logger): Send {
  return async (request) => {
    if (request.method === 'PATCH' || request.retry === 'never' || request.body?.once === true) return send(request);
    let waited = 0;
    for (let attempt = 1; ; attempt++) {
      const outcome = await settle(send(request));
      const wait = waitBeforeRetry(outcome, attempt, policy, timing);
      if (wait === undefined || waited + wait > policy.budget) return unwrap(outcome);
      waited += wait;
      const reason = 'response' in outcome ? `status ${outcome.response.status}` : 'no answer';
      logger.info(`${request.method} ${printableUrl(request.url)}: ${reason}, trying again in ${Math.round(wait)} ms`);
      await timing.sleep(wait, request.signal);
    }
  };
}

/** Milliseconds until the next try; undefined if another one is of no use or too many were made. */
export function waitBeforeRetry(
  outcome: Outcome,
  attempt: number,
  policy: RetryPolicy,
  timing: Pick<Timing, 'now' | 'random'>,
): number | undefined {
  if (attempt >= policy.attempts || !isPassing(outcome)) return undefined;
  const asked = 'response' in outcome ? retryAfter(outcome.response, timing.now()) : undefined;
  return asked ?? backoff(attempt, policy, timing.random);
}

/** Exponential, with half of it left to chance so that parallel uploads do not come back all at once. */
export function backoff(attempt: number, policy: RetryPolicy, random: () => number): number {
  const whole = Math.min(policy.firstWait * 2 ** (attempt - 1), policy.longestWait);
  return whole / 2 + (whole / 2) * random();
}

function isPassing(outcome: Outcome): boolean {
  if ('error' in outcome) return outcome.error instanceof TeaChestError && outcome.error.code === 'registryUnreachable';
  const { status } = outcome.response;
  // 501 and 505 say what the server is, not how it feels.
  return status === 408 || status === 429 || (status >= 500 && status !== 501 && status !== 505);
}

/** RFC 9110 §10.2.3: seconds or a date. */
export function retryAfter(response: RegistryResponse, now: number): number | undefined {
  const value = header(response, 'retry-after')?.trim();
  if (value === undefined || value === '') return undefined;
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

async function settle(response: Promise<RegistryResponse>): Promise<Outcome> {
  try {
    return { response: await response };
  } catch (error) {
    return { error };
  }
}

function unwrap(outcome: Outcome): RegistryResponse {
  if ('error' in outcome) throw outcome.error;
  return outcome.response;
}
