import { TeaChestError, type ErrorCode, type ErrorFacts } from '../../base/errors.ts';
import { serverMessage, type ErrorResponse } from './errorResponse.ts';

export interface ErrorContext {
  /** `owner/name`, as in the request. */
  readonly repository: string;
  /** What was tried, completes “… refused to”, “… failed to” and “Asked to …,”: `store the manifest v1`. */
  readonly attempt: string;
}

/** What the text of an error is made of. */
interface ErrorTextParts extends ErrorContext {
  readonly host: string;
  /** The first part of the repository. */
  readonly owner: string;
  /** Empty, or `: ` and what the server said. */
  readonly detail: string;
  readonly response: ErrorResponse;
}

/** A kind of error response, and the error that a person reads. */
export interface ErrorRule {
  readonly applies: (response: ErrorResponse) => boolean;
  readonly code: ErrorCode;
  readonly text: (parts: ErrorTextParts) => string;
  /** The owner is the reason, and one of the facts. */
  readonly isAboutOwner?: true;
}

/** The error by the first rule that applies. */
export function explainByRules(
  rules: readonly ErrorRule[],
  response: ErrorResponse,
  context: ErrorContext,
): TeaChestError | undefined {
  const rule = rules.find(({ applies }) => applies(response));
  if (rule === undefined) return undefined;
  const owner = context.repository.split('/')[0] ?? context.repository;
  const parts = { ...context, owner, host: response.host, detail: serverMessage(response), response };
  return errorFromResponse(rule.code, rule.text(parts), response, rule.isAboutOwner === true ? { owner } : {});
}

/** The error with this message, and with the facts of the response. */
export function errorFromResponse(
  code: ErrorCode,
  message: string,
  refusal: ErrorResponse,
  facts: ErrorFacts = {},
): TeaChestError {
  const { host, status, method, path, codes, retryAfter } = refusal;
  const wait = retryAfter === undefined ? {} : { retryAfterSeconds: Math.ceil(retryAfter / 1000) };
  return new TeaChestError(code, message, { facts: { host, status, method, path, codes, ...wait, ...facts } });
}
