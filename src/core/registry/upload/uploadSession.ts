import { isCancelled, type TeaChestError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import { throwIfCancelled } from '../../base/cancel.ts';
import { octetStream } from '../../oci/mediaTypes.ts';
import type { Digest } from '../../oci/digest.ts';
import { notFromRegistry, refusedElsewhere, type ExplainErrorResponse } from '../errors/explainErrorResponse.ts';
import { withAbortGrace } from '../http/abortGrace.ts';
import { header, type RegistryRequest, type RegistryResponse, type RequestBody, type Send } from '../http/httpTypes.ts';
import { isWebPage, readErrorResponse } from '../errors/errorResponse.ts';
import { isTransient, isUnreachable, settle, type Outcome } from '../http/retry.ts';
import { uploadLocation } from './uploadLocation.ts';

/** The requests of one repository: what every step of an upload needs. */
export interface RepositoryContext {
  readonly send: Send;
  readonly origin: string;
  /** `owner/name`, lower case. */
  readonly repository: string;
  readonly explain: ExplainErrorResponse;
  readonly logger: Logger;
  /** Sessions that could not be closed because the registry did not answer or was busy: closed when it is back. */
  readonly unclosed: Set<string>;
}

/** Milliseconds that a request which opens or closes a session may still take once the person has cancelled. */
const graceAfterCancel = 800;
/** Milliseconds for closing a session in all. */
const closeDeadline = 5_000;

/** `https://host/v2/owner/name/` + `path`. */
export function repositoryUrl(context: RepositoryContext, path: string): URL {
  return new URL(`${context.origin}/v2/${encodeURI(context.repository)}/${path}`);
}

/** What a token for this repository must allow. */
export function repositoryScopes(context: RepositoryContext, mountFrom?: string): string[] {
  const own = `repository:${context.repository}:pull,push`;
  return mountFrom === undefined ? [own] : [own, `repository:${mountFrom}:pull`];
}

/** The error for an answer that was not the one hoped for. */
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
  if (response.url.origin !== origin) return refusedElsewhere(refusal, attempted, host);
  return context.explain(refusal, attempted);
}

/**
 * Opens an upload session; undefined if the registry had the blob to mount, so that none was opened. A cancel waits
 * a moment for the answer: only who knows the session's address can close it.
 */
export async function openSession(
  context: RepositoryContext,
  signal: AbortSignal,
  mount?: { readonly digest: Digest; readonly from: string | undefined },
): Promise<URL | undefined> {
  throwIfCancelled(signal);
  const url = repositoryUrl(context, 'blobs/uploads/');
  if (mount !== undefined) url.search = mountQuery(mount);
  const scopes = repositoryScopes(context, mount?.from);
  const response = await withAbortGrace(signal, graceAfterCancel, async (grace) =>
    context.send({ method: 'POST', url, signal: grace, scopes }),
  );
  if (response.status === 201 && mount !== undefined) return undefined;
  if (response.status !== 202 || isWebPage(response))
    throw toError(context, response, 'POST', `begin an upload to ${context.repository}`);
  const session = uploadLocation(response, context.origin);
  if (signal.aborted) {
    await closeSession(context, session, signal);
    throwIfCancelled(signal);
  }
  await closeUnclosed(context, signal);
  return session;
}

/** Gitea ≤ 1.20 reads `mount` as it stands, so the colon stays a colon. */
function mountQuery({ digest, from }: { readonly digest: Digest; readonly from: string | undefined }): string {
  return from === undefined ? `mount=${digest}` : `mount=${digest}&from=${encodeURIComponent(from)}`;
}

/** One chunk, `start` included to `end` excluded. Gitea wants Content-Range on each, as plain `first-last`. */
export async function patchSession(
  context: RepositoryContext,
  session: URL,
  start: number,
  body: RequestBody,
  signal: AbortSignal,
): Promise<RegistryResponse> {
  return context.send({
    method: 'PATCH',
    url: session,
    headers: { 'content-type': octetStream, 'content-range': `${start}-${start + body.length - 1}` },
    body,
    signal,
    scopes: repositoryScopes(context),
  });
}

/** Closes a session as a blob of this digest; with a body where the session has no bytes yet. */
export async function commitSession(
  context: RepositoryContext,
  session: URL,
  digest: Digest,
  signal: AbortSignal,
  options: Pick<RegistryRequest, 'body' | 'retry'> = {},
): Promise<RegistryResponse> {
  const url = new URL(session);
  url.search = url.search === '' ? `digest=${digest}` : `${url.search}&digest=${digest}`;
  return context.send({
    method: 'PUT',
    url,
    headers: { 'content-type': octetStream },
    signal,
    scopes: repositoryScopes(context),
    ...options,
  });
}

/**
 * Whether the registry has everything up to `end`, as the session's status tells. Leniently: Forgejo and Gitea ≤ 1.24.0
 * are off by one (`0-<size>`), and Gitea counts a chunk only when it has all of it.
 */
export async function sessionHas(
  context: RepositoryContext,
  session: URL,
  end: number,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    const response = await context.send({
      method: 'GET',
      url: session,
      signal,
      scopes: repositoryScopes(context),
      headersTimeout: 15_000,
      retry: 'never',
    });
    return response.status === 204 && (lastByte(response) ?? -1) >= end - 1;
  } catch (error) {
    if (isUnreachable(error)) return false;
    throw error;
  }
}

/** The last byte of a `Range: 0-<last>`; undefined if there is none or it cannot be read (`0--1`, Gitea ≤ 1.24.0). */
export function lastByte(response: RegistryResponse): number | undefined {
  const last = /^(?:bytes=)?0-(\d+)$/.exec(header(response, 'range')?.trim() ?? '')?.[1];
  return last === undefined ? undefined : Number(last);
}

/**
 * Closes a session that is not needed any more. Best effort, and under a signal of its own: the caller's may have fired.
 * A registry that is busy or away is asked again as long as there is time, and once more when it is back.
 * distribution does not let go of one whose PATCH was interrupted (the signed `_state` tells another offset than the
 * disk) and removes it by itself after a week; Gitea does, and would after a day.
 */
export async function closeSession(context: RepositoryContext, session: URL, signal: AbortSignal): Promise<void> {
  const scopes = repositoryScopes(context);
  const outcome = await settle(
    withAbortGrace(signal, graceAfterCancel, async (grace) => {
      const deadline = AbortSignal.any([grace, AbortSignal.timeout(closeDeadline)]);
      return context.send({ method: 'DELETE', url: session, signal: deadline, scopes });
    }),
  );
  const why = whyNotClosed(outcome);
  if (why === undefined) {
    context.unclosed.delete(session.href);
    return;
  }
  if (isTransient(outcome)) context.unclosed.add(session.href);
  context.logger.warn(`An upload session of ${context.repository} stays open until the registry cleans up: ${why}`);
}

function whyNotClosed(outcome: Outcome): string | undefined {
  if ('error' in outcome) {
    const { error } = outcome;
    if (isCancelled(error)) return 'no time was left';
    return error instanceof Error ? error.message : String(error);
  }
  const { codes, status } = readErrorResponse(outcome.response, 'DELETE');
  if (isWebPage(outcome.response) && status < 300) return 'a web page answered in place of the registry';
  // distribution answers 404 as well where it keeps the session: only the code says that it is gone.
  if (status < 300 || codes.includes('BLOB_UPLOAD_UNKNOWN')) return undefined;
  return `it answered ${[status, ...codes].join(' ')}`;
}

/** The registry answers again: what was left open while it did not is closed now. */
async function closeUnclosed(context: RepositoryContext, signal: AbortSignal): Promise<void> {
  const left = [...context.unclosed];
  context.unclosed.clear();
  await Promise.all(left.map(async (session) => closeSession(context, new URL(session), signal)));
}
