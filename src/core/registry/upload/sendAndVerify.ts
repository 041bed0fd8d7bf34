import { isCancelled, type TeaChestError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { RegistryResponse } from '../http/httpTypes.ts';
import { isWebPage } from '../errors/errorResponse.ts';
import { isUnreachable, Retries, settle, usualRetries, type Outcome, type Timing } from '../http/retry.ts';

export interface Storing {
  /** One try, which nobody below sends again: with a session of its own, where it needs one. */
  readonly attempt: () => Promise<RegistryResponse>;
  /** Whether what was to be stored is there. One question, which waits for nobody. */
  readonly look: () => Promise<boolean>;
  /** The error for an answer that was not the one hoped for. */
  readonly explain: (response: RegistryResponse) => TeaChestError;
  /** True for a refusal of this try alone, which a new one need not meet. */
  readonly mayStartAnew?: (failure: TeaChestError) => boolean;
  /** What is stored, for the log. */
  readonly what: string;
  readonly timing: Timing;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/**
 * Stores something whose good answer may get lost: a gateway gives up while the registry goes on, a connection ends after
 * the work was done, a page answers in place of the registry. So before it is sent again, and before it is called failed,
 * a look shows whether it is there. Resolves with the answer, or with undefined if it was seen to be there.
 */
export async function store(storing: Storing): Promise<RegistryResponse | undefined> {
  const { timing, signal, logger, what } = storing;
  const retries = new Retries(usualRetries, timing);
  for (;;) {
    const outcome = await settle(storing.attempt());
    if ('response' in outcome && isStored(outcome.response)) return outcome.response;
    const failure = 'error' in outcome ? orThrow(outcome.error) : storing.explain(outcome.response);
    const isWorthAnother = 'response' in outcome && storing.mayStartAnew?.(failure) === true;
    const wait = isWorthAnother ? retries.next() : retries.after(outcome);
    if (wait !== undefined) {
      logger.info(`${what} was not taken, trying again in ${Math.round(wait)} ms: ${failure.message}`);
      await timing.sleep(wait, signal);
    }
    if (isDoubtful(outcome) && (await sees(storing))) return undefined;
    if (wait === undefined) throw failure;
  }
}

/** 201 is the one answer that means it (distribution spec, “Pushing blobs”, “Pushing manifests”). */
export function isStored(response: RegistryResponse): boolean {
  return response.status === 201 && !isWebPage(response);
}

/** Answers behind which the work may have been done all the same. */
export function isDoubtful(outcome: Outcome): boolean {
  if ('error' in outcome) return isUnreachable(outcome.error);
  const { status } = outcome.response;
  // 404: a first PUT has closed the session, and its answer was lost.
  return status < 400 || status === 404 || status === 408 || status >= 500;
}

function orThrow(error: unknown): TeaChestError {
  if (isUnreachable(error)) return error;
  throw error;
}

async function sees({ look }: Storing): Promise<boolean> {
  try {
    return await look();
  } catch (error) {
    if (isCancelled(error)) throw error;
    return false;
  }
}
