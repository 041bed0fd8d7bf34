import type { TeaChestError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { readErrorResponse } from './errors/errorResponse.ts';
import { notFromRegistry, errorFromRedirectTarget, type ExplainErrorResponse } from './errors/explainErrorResponse.ts';
import type { CallOptions } from '../ports/callOptions.ts';
import type { ConnectionTimes } from '../ports/connectionTimes.ts';
import type { RegistryRequest, RegistryResponse, Send } from './http/httpTypes.ts';
import type { Timing } from './http/retry.ts';

/** What every request of one repository needs. */
export interface RepositoryContext {
  readonly send: Send;
  readonly origin: string;
  /** `owner/name`, lower case. */
  readonly repository: string;
  /** The present `owner/name`, in lower case as in references: see `BlobTarget`. */
  readonly movedTo?: () => string | undefined;
  readonly explain: ExplainErrorResponse;
  readonly logger: Logger;
  readonly timing: Timing;
  /** Upload sessions whose DELETE failed because the registry was unreachable or busy: deleted when it answers again. */
  readonly unclosed: Set<string>;
  /** Milliseconds of the shortest answer to a request without a body; undefined before there was one. */
  readonly shortestAnswer?: () => number | undefined;
  /** Of the open connections to the registry: see `BlobTarget`. */
  readonly connectionTimes?: (options: CallOptions) => Promise<readonly ConnectionTimes[] | undefined>;
}

/** `https://host/v2/owner/name/` + `path`. */
export function repositoryUrl(context: RepositoryContext, path: string): URL {
  return new URL(`${context.origin}/v2/${encodeURI(context.repository)}/${path}`);
}

/** The scopes that a token for this repository must have. */
export function repositoryScopes(context: RepositoryContext, mountFrom?: string): string[] {
  const own = `repository:${context.repository}:pull,push`;
  return mountFrom === undefined ? [own] : [own, `repository:${mountFrom}:pull`];
}

/** The error for an answer other than the expected one. `attempt`: see `ErrorContext`. */
export function toError(
  context: RepositoryContext,
  response: RegistryResponse,
  method: RegistryRequest['method'],
  attempt: string,
): TeaChestError {
  const refusal = readErrorResponse(response, method);
  const attempted = { repository: context.repository, attempt };
  const { host, origin } = new URL(context.origin);
  if (response.status < 400) return notFromRegistry(refusal, attempted, host);
  if (response.url.origin !== origin) return errorFromRedirectTarget(refusal, attempted, host);
  return context.explain(refusal, attempted);
}
