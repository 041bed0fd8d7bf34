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
  /** The same for failures other than “try later” (429, 503); as `budget` if absent. */
  readonly downBudget?: number;
}

/**
 * Milliseconds since the first failure after which nothing is tried a third time. A PUT may take a quarter of an hour:
 * six of them would take 90 minutes.
 */
const longestFailing = 600_000;

/** docker push survives an outage of 40 s; a restart of a registry behind a proxy takes about as long. */
export const usualRetries: RetryPolicy = { attempts: 6, firstWait: 500, longestWait: 8_000, budget: 60_000 };

/** For a person who waits for a list: that the registry is down is said soon, and a busy one is still given its time. */
export const browseRetries: RetryPolicy = { ...usualRetries, attempts: 2, downBudget: 1_500 };

/** Clock, timer and random numbers; tests give their own. */
export interface Timing {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Rejects with `cancelled` when the signal fires. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** 0 ≤ value < 1. */
  readonly random: () => number;
}

/** What became of a request: an answer, or none (`registryUnreachable`). */
export type RequestOutcome = { readonly response: RegistryResponse } | { readonly unreachable: TeaChestError };

/** What may help after a request to the registry failed. */
export type Remedy =
  /** The same request, later. One that must not be sent twice, such as PATCH, needs a new session. */
  | 'retry'
  /** The same bytes in smaller chunks. */
  | 'smallerChunk'
  /** The whole blob in one request: something between here and the registry lets no chunk through. */
  | 'wholeBlob'
  /** The whole blob again, in a new upload session. */
  | 'newSession'
  | 'giveUp';

/** The remedy for a failure: an answer that was explained, or no answer. The only place where this is decided. */
export function remedyFor({ code, facts: { status } }: TeaChestError): Remedy {
  switch (code) {
    case 'registryUnreachable':
      return 'retry';
    case 'bodyTooLarge':
      return 'smallerChunk';
    case 'chunksRefused':
      return 'wholeBlob';
    case 'proxyFailed':
      // Its status is the proxy's.
      return 'giveUp';
    case 'uploadLost':
    case 'digestMismatch':
      return 'newSession';
    default:
      if (status === undefined) return 'giveUp';
      if (isTransientStatus(status)) return 'retry';
      // Within a session: the registry no longer has it, or counts other bytes than were sent.
      return status === 404 || status === 416 ? 'newSession' : 'giveUp';
  }
}

/** True for a status after which the same request may succeed later. */
export function isTransientStatus(status: number): boolean {
  // 501 and 505 say what the server can do, 511 that somebody has to sign in to the network first.
  const isFinal = status === 501 || status === 505 || status === 511;
  return status === 408 || status === 429 || (status >= 500 && !isFinal);
}

/** True for an error that means: no answer came, and it is unknown whether the request had an effect. */
export function isUnreachable(error: unknown): error is TeaChestError {
  return error instanceof TeaChestError && error.code === 'registryUnreachable';
}

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

  /** Milliseconds until the next try; undefined if another one does not help, or the budget is spent. */
  after(outcome: RequestOutcome): number | undefined {
    const { budget, downBudget = budget } = this.#policy;
    if ('unreachable' in outcome) return this.next(0, downBudget);
    const { response } = outcome;
    if (!isTransientStatus(response.status)) return undefined;
    const isBusy = response.status === 429 || response.status === 503;
    return this.next(retryAfter(response, this.#timing.now()), isBusy ? budget : downBudget);
  }

  /** The same for a failure whose answer was explained. */
  afterFailure({ facts }: TeaChestError): number | undefined {
    return this.next((facts.retryAfterSeconds ?? 0) * 1000);
  }

  /**
   * The same for a failure that is known to be worth another try. `asked`: the least wait that the registry asks for; if
   * that is more than what is left of the budget, no try is made, because it would be refused again.
   */
  next(asked = 0, budget = this.#policy.budget): number | undefined {
    const { attempts } = this.#policy;
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

  /** Something succeeded: the next failure is another one. */
  reset(): void {
    this.#tries = 0;
    this.#waited = 0;
    this.#failedSince = undefined;
  }
}

/**
 * Sends a request again if it may succeed the next time. The body is opened again for each try. PATCH is never sent again
 * here: bytes that arrived in part would be in the upload twice, so the uploader decides.
 */
export function withRetry(send: Send, policy: RetryPolicy, timing: Timing, logger: Logger): Send {
  return async (request) => {
    const { method, signal, body } = request;
    if (method === 'PATCH' || request.retry === 'never' || body?.replayable === false) return send(request);
    const retries = new Retries(policy, timing);
    let outcome = await settle(send(request));
    for (;;) {
      const wait = retries.after(outcome);
      if (wait === undefined) return unwrap(outcome);
      const reason = 'response' in outcome ? `status ${outcome.response.status}` : 'no answer';
      logger.info(`${method} ${printableUrl(request.url)}: ${reason}, trying again in ${Math.round(wait)} ms`);
      try {
        outcome = await settle(timing.sleep(wait, signal).then(async () => send(request)));
      } catch (error) {
        // A deadline is no cancel by a person: the last failure says more.
        if (isDeadline(signal)) return unwrap(outcome);
        throw error;
      }
    }
  };
}

/** Exponential, half of it random, so that parallel uploads do not come back all at once. */
function backoff(attempt: number, policy: RetryPolicy, random: () => number): number {
  const whole = Math.min(policy.firstWait * 2 ** (attempt - 1), policy.longestWait);
  return whole / 2 + (whole / 2) * random();
}

/** The outcome of a request; rejects with every error that says more than that no answer came. */
export async function settle(response: Promise<RegistryResponse>): Promise<RequestOutcome> {
  try {
    return { response: await response };
  } catch (error) {
    if (isUnreachable(error)) return { unreachable: error };
    throw error;
  }
}

function unwrap(outcome: RequestOutcome): RegistryResponse {
  if ('unreachable' in outcome) throw outcome.unreachable;
  return outcome.response;
}

function isDeadline({ aborted, reason }: AbortSignal): boolean {
  return aborted && reason instanceof Error && reason.name === 'TimeoutError';
}
