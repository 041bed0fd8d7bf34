import { isCancelled, type TeaChestError } from '../../base/errors.ts';
import { isWebPage } from '../errors/errorResponse.ts';
import type { RegistryResponse } from '../http/httpTypes.ts';
import { Retries, settle, usualRetries, type RequestOutcome } from '../http/retry.ts';
import type { RepositoryContext } from '../repositoryContext.ts';

/** A request that stores a blob or a manifest. */
export interface StoreRequest {
  /** One try, which is not repeated below. */
  readonly attempt: () => Promise<RegistryResponse>;
  /** False if a failed try spoils the session or uses up the body: then there is only one. */
  readonly isRepeatable: boolean;
  /** Asks the registry, once, whether it has what was to be stored. */
  readonly verify: () => Promise<boolean>;
  /** The error for an answer other than 201. */
  readonly explain: (response: RegistryResponse) => TeaChestError;
  /** What is stored, for the log. */
  readonly what: string;
}

/**
 * Stores something although the answer may get lost: a gateway gives up while the registry goes on, a connection ends
 * after the work was done, a page answers in place of the registry. So before the request is repeated or counts as failed,
 * the registry is asked whether it has the object. Resolves with the answer, with undefined if the object was found, or
 * with the failure.
 */
export async function storeAndVerify(
  { timing, logger }: RepositoryContext,
  request: StoreRequest,
  signal: AbortSignal,
): Promise<RegistryResponse | TeaChestError | undefined> {
  const retries = new Retries(usualRetries, timing);
  for (;;) {
    const outcome = await settle(request.attempt());
    if ('response' in outcome && isStored(outcome.response)) return outcome.response;
    const failure = 'unreachable' in outcome ? outcome.unreachable : request.explain(outcome.response);
    const wait = request.isRepeatable ? retries.after(outcome) : undefined;
    if (wait !== undefined) {
      logger.info(`${request.what} was not accepted, trying again in ${Math.round(wait)} ms: ${failure.message}`);
      await timing.sleep(wait, signal);
    }
    if (mayBeStored(outcome) && (await isFound(request))) return undefined;
    if (wait === undefined) return failure;
  }
}

/** Only 201 means it (distribution spec, "Pushing blobs" and "Pushing manifests"). */
export function isStored(response: RegistryResponse): boolean {
  return response.status === 201 && !isWebPage(response);
}

/** True for an outcome after which the object may be stored all the same. */
function mayBeStored(outcome: RequestOutcome): boolean {
  if ('unreachable' in outcome) return true;
  const { status } = outcome.response;
  // 404: an earlier PUT closed the session, and its answer was lost.
  return status < 400 || status === 404 || status === 408 || status >= 500;
}

async function isFound({ verify }: StoreRequest): Promise<boolean> {
  try {
    return await verify();
  } catch (error) {
    if (isCancelled(error)) throw error;
    return false;
  }
}
