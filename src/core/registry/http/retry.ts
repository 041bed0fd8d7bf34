import { TeaChestError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import { printableUrl } from './logging.ts';
import type { RegistryResponse, Send } from './httpTypes.ts';
import { retryAfter } from './retryAfter.ts';

export interface RetryPolicy {
  /** Tries that are made even if they take longer than the budget, the first one included. */
  readonly attempts: number;
  /** Milliseconds: the first wait, doubled each time up to `longestWait`. */
  readonly firstWait: number;
  readonly longestWait: number;
  /** Milliseconds that all waits take together: an outage of nearly this long is survived. */
  readonly budget: number;
}

/**
 * Milliseconds since the first failure after which nothing is tried a third time. A PUT may be silent for a quarter of an
 * hour: six of them would keep a person waiting for 90 minutes.
 */
const longestFailing = 600_000;

/** docker push survives an outage of 40 s; a restart of a registry behind a proxy takes about as long. */
export const usualRetries: RetryPolicy = { attempts: 6, firstWait: 500, longestWait: 8_000, budget: 60_000 };

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

/** The waits between the tries of one task. */
export class Retries {
  readonly #policy: RetryPolicy;
  readonly #timing: Pick<Timing, 'now' | 'random'>;
  #tries = 0;
  #waited = 0;
  #failedSince: number | undefined;

  constructor(policy: RetryPolicy, timing: Pick<Timing, 'now' | 'random'>) {
    this.#policy = policy;
    this.#timing = timing;
  }

  /** Milliseconds until the next try; undefined if another one is of no use, or the budget is spent. */
  after(outcome: Outcome): number | undefined {
    if (!isTransient(outcome)) return undefined;
    return this.next('response' in outcome ? retryAfter(outcome.response, this.#timing.now()) : undefined);
  }

  /**
   * The same for a failure that the caller knows to be worth another try. `asked`: the least wait that the registry asks
   * for; if that is more than what is left of the budget, no try is made, for it would be refused again.
   */
  next(asked = 0): number | undefined {
    const { attempts, budget } = this.#policy;
    const now = this.#timing.now();
    this.#failedSince ??= now;
    this.#tries++;
    const left = budget - this.#waited;
    const failing = now - this.#failedSince;
    // Where each try takes long by itself, the number of tries bounds it, and then the time.
    const isLate = (this.#tries >= attempts && failing >= budget) || (this.#tries >= 2 && failing >= longestFailing);
    if (left <= 0 || asked > left || isLate) return undefined;
    const wait = Math.min(left, Math.max(asked, backoff(this.#tries, this.#policy, this.#timing.random)));
    this.#waited += wait;
    return wait;
  }

  /** Something went through: what fails next is another trouble. */
  reset(): void {
    this.#tries = 0;
    this.#waited = 0;
    this.#failedSince = undefined;
  }
}

/**
 * Sends again what may succeed the next time. A body is opened anew for each try. PATCH is never sent again here: bytes
 * that got half through would be in the upload twice, so the uploader decides.
 */
export function withRetry(send: Send, policy: RetryPolicy, timing: Timing, logger: Logger): Send {
  return async (request) => {
    if (request.method === 'PATCH' || request.retry === 'never' || request.body?.once === true) return send(request);
    const retries = new Retries(policy, timing);
    let outcome = await settle(send(request));
    for (;;) {
      const wait = retries.after(outcome);
      if (wait === undefined) return unwrap(outcome);
      const reason = 'response' in outcome ? `status ${outcome.response.status}` : 'no answer';
      logger.info(`${request.method} ${printableUrl(request.url)}: ${reason}, trying again in ${Math.round(wait)} ms`);
      const next = await settle(timing.sleep(wait, request.signal).then(async () => send(request)));
      // A deadline is nobody's wish to stop: what kept the request from succeeding until then says more.
      if ('error' in next && isDeadline(request.signal)) return unwrap(outcome);
      outcome = next;
    }
  };
}

/**
 * Whether another try may succeed: there was no answer, the registry was busy, or it or a gateway failed. The one place
 * where this is decided, for whoever sends something again.
 */
export function isTransient(outcome: Outcome): boolean {
  return 'error' in outcome ? isUnreachable(outcome.error) : isTransientStatus(outcome.response.status);
}

export function isTransientStatus(status: number): boolean {
  // 501 and 505 say what the server is able to, 511 that somebody has to sign in to the network first.
  const isFinal = status === 501 || status === 505 || status === 511;
  return status === 408 || status === 429 || (status >= 500 && !isFinal);
}

/** True for an error that means: no answer came, and nobody can say what became of the request. */
export function isUnreachable(error: unknown): error is TeaChestError {
  return error instanceof TeaChestError && error.code === 'registryUnreachable';
}

/** Exponential, with half of it left to chance so that parallel uploads do not come back all at once. */
function backoff(attempt: number, policy: RetryPolicy, random: () => number): number {
  const whole = Math.min(policy.firstWait * 2 ** (attempt - 1), policy.longestWait);
  return whole / 2 + (whole / 2) * random();
}

export async function settle(response: Promise<RegistryResponse>): Promise<Outcome> {
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

function isDeadline({ aborted, reason }: AbortSignal): boolean {
  return aborted && reason instanceof Error && reason.name === 'TimeoutError';
}
