import * as l10n from '@vscode/l10n';
import { isCancelled, TeaChestError } from '../../base/errors.ts';
import { throwIfCancelled } from '../../base/cancel.ts';
import { octetStream } from '../../oci/mediaTypes.ts';
import type { Digest } from '../../oci/digest.ts';
import type { UploadOptions, UploadSession } from '../../ports/blobTarget.ts';
import { isWebPage, readErrorResponse } from '../errors/errorResponse.ts';
import { header, type RegistryRequest, type RegistryResponse, type RequestBody } from '../http/httpTypes.ts';
import { isTransientStatus, isUnreachable } from '../http/retry.ts';
import { repositoryScopes, repositoryUrl, toError, type RepositoryContext } from '../repositoryContext.ts';
import { uploadLocation } from './uploadLocation.ts';
import { withPhases } from './uploadPhases.ts';

/** Milliseconds that a request which opens or closes a session may still take after a cancel. */
const graceAfterCancel = 800;
/** Milliseconds for closing a session in all. */
const closeDeadline = 5_000;

/** The requests of an upload session, without those that close it. */
type UploadRequest = Pick<RegistryRequest, 'method' | 'url' | 'body' | 'headers' | 'headersTimeout'>;

async function sendOnce(
  context: RepositoryContext,
  request: UploadRequest,
  { signal, onPhase }: UploadCall,
): Promise<RegistryResponse> {
  return await withPhases(request.body, { ...context, onPhase }, async (body) =>
    context.send({
      ...{ ...request, ...(body !== undefined && { body }) },
      ...{ signal, scopes: repositoryScopes(context), retry: 'never' },
    }),
  );
}

/** A request that brings bytes of a blob, or makes them a blob. */
export type UploadCall = Pick<UploadOptions, 'signal' | 'onPhase'>;

/**
 * Opens an upload session; undefined if the registry mounted the blob instead. A cancel waits a moment for the answer,
 * because a session can be closed only if its location is known.
 */
export async function openSession(
  context: RepositoryContext,
  signal: AbortSignal,
  mount?: { readonly digest: Digest; readonly from: string | undefined },
): Promise<UploadSession | undefined> {
  throwIfCancelled(signal);
  const url = repositoryUrl(context, 'blobs/uploads/');
  if (mount !== undefined) url.search = mountQuery(mount);
  const scopes = repositoryScopes(context, mount?.from);
  const response = await withAbortGrace(signal, graceAfterCancel, async (grace) =>
    context.send({ method: 'POST', url, signal: grace, scopes }),
  );
  if (response.status === 201 && mount !== undefined) return undefined;
  if (!isSessionOpened(response))
    throw toError(
      context,
      response,
      'POST',
      l10n.t({
        message: 'begin an upload to {0}',
        args: [context.repository],
        comment: 'What was tried. Completes “{host} refused to …”, “{host} failed to …” and “Asked to …,”',
      }),
    );
  const session = sessionAt(context, uploadLocation(response, context.origin));
  if (signal.aborted) {
    await session.close(signal);
    throwIfCancelled(signal);
  }
  await closeUnclosed(context, signal);
  return session;
}

/** The session that a POST opened. */
export function sessionAt(context: RepositoryContext, location: URL): UploadSession {
  const session: UploadSession = {
    location,
    close: async (signal) => {
      const open = session.location;
      session.location = undefined;
      if (open !== undefined) await closeSession(context, open, signal);
    },
  };
  return session;
}

export function isSessionOpened(response: RegistryResponse): boolean {
  return response.status === 202 && !isWebPage(response);
}

/** Gitea ≤ 1.20 reads `mount` without decoding it, so the colon must stay a colon. */
function mountQuery({ digest, from }: { readonly digest: Digest; readonly from: string | undefined }): string {
  return from === undefined ? `mount=${digest}` : `mount=${digest}&from=${encodeURIComponent(from)}`;
}

/** Sends a whole blob with the POST that otherwise opens a session (distribution spec, "Single POST"). */
export async function postBlob(
  context: RepositoryContext,
  digest: Digest,
  body: RequestBody,
  call: UploadCall,
): Promise<RegistryResponse> {
  const url = repositoryUrl(context, 'blobs/uploads/');
  url.search = `digest=${digest}`;
  return sendOnce(context, { method: 'POST', url, headers: { 'content-type': octetStream }, body }, call);
}

/** Sends one chunk that begins at `start`. Gitea requires Content-Range on each, as plain `first-last`. */
export async function patchSession(
  context: RepositoryContext,
  session: UploadSession,
  start: number,
  body: RequestBody,
  call: UploadCall,
): Promise<RegistryResponse> {
  const headers = { 'content-type': octetStream, 'content-range': `${start}-${start + body.length - 1}` };
  return sendOnce(context, { method: 'PATCH', url: locationOf(session), headers, body }, call);
}

/** Closes a session as a blob of this digest; with a body if the session has no bytes yet. */
export async function commitSession(
  context: RepositoryContext,
  session: UploadSession,
  digest: Digest,
  body: RequestBody | undefined,
  call: UploadCall,
): Promise<RegistryResponse> {
  const url = new URL(locationOf(session));
  url.search = url.search === '' ? `digest=${digest}` : `${url.search}&digest=${digest}`;
  const headers = { 'content-type': octetStream };
  return sendOnce(context, { method: 'PUT', url, headers, ...(body !== undefined && { body }) }, call);
}

/**
 * Whether the registry has everything up to `end`, by the session's status. Not exact: Forgejo and Gitea ≤ 1.24.0 are off
 * by one (`0-<size>`), and Gitea counts a chunk only when it has all of it.
 */
export async function sessionHas(
  context: RepositoryContext,
  session: UploadSession,
  end: number,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    const response = await sendOnce(
      context,
      { method: 'GET', url: locationOf(session), headersTimeout: 15_000 },
      { signal },
    );
    return response.status === 204 && (lastByte(response) ?? -1) >= end - 1;
  } catch (error) {
    if (isUnreachable(error)) return false;
    throw error;
  }
}

function locationOf({ location }: UploadSession): URL {
  if (location === undefined)
    throw new TeaChestError('internal', l10n.t('An upload session was used after it was closed.'));
  return location;
}

/** The last byte of a `Range: 0-<last>`; undefined if there is none or it cannot be read (`0--1`, Gitea ≤ 1.24.0). */
export function lastByte(response: RegistryResponse): number | undefined {
  const last = /^(?:bytes=)?0-(\d+)$/.exec(header(response, 'range')?.trim() ?? '')?.[1];
  return last === undefined ? undefined : Number(last);
}

/**
 * Deletes a session that is not needed any more. Best effort, and under a signal of its own, because the caller's may have
 * fired. A registry that is busy or unreachable is asked again while there is time, and once more when it answers again.
 * distribution cannot delete a session whose PATCH was interrupted (the signed `_state` has another offset than the disk)
 * and removes it after a week; Gitea can, and removes sessions after a day.
 */
export async function closeSession(context: RepositoryContext, session: URL, signal: AbortSignal): Promise<void> {
  const scopes = repositoryScopes(context);
  let isTransient: boolean;
  let reason: string | undefined;
  try {
    const response = await withAbortGrace(signal, graceAfterCancel, async (grace) => {
      const deadline = AbortSignal.any([grace, AbortSignal.timeout(closeDeadline)]);
      return context.send({ method: 'DELETE', url: session, signal: deadline, scopes });
    });
    isTransient = isTransientStatus(response.status);
    reason = whyNotClosed(response);
  } catch (error) {
    isTransient = isUnreachable(error);
    reason = isCancelled(error) ? 'no time was left' : error instanceof Error ? error.message : String(error);
  }
  context.unclosed.delete(session.href);
  if (reason === undefined) return;
  if (isTransient) context.unclosed.add(session.href);
  context.logger.warn(`An upload session of ${context.repository} stays open until the registry cleans up: ${reason}`);
}

function whyNotClosed(response: RegistryResponse): string | undefined {
  const { codes, status } = readErrorResponse(response, 'DELETE');
  if (isWebPage(response) && status < 300) return 'a web page answered in place of the registry';
  // distribution answers 404 also if it keeps the session: only the code says that the session does not exist.
  if (status < 300 || codes.includes('BLOB_UPLOAD_UNKNOWN')) return undefined;
  return `it answered ${[status, ...codes].join(' ')}`;
}

/** Deletes the sessions that could not be deleted while the registry did not answer. */
async function closeUnclosed(context: RepositoryContext, signal: AbortSignal): Promise<void> {
  const left = [...context.unclosed];
  context.unclosed.clear();
  await Promise.all(left.map(async (session) => closeSession(context, new URL(session), signal)));
}

/** Runs `work` under a signal that fires `ms` after the given one, so that a request of little time can still end. */
async function withAbortGrace<T>(
  signal: AbortSignal,
  ms: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const begin = (): void => {
    timer = setTimeout(() => {
      controller.abort(signal.reason);
    }, ms);
  };
  if (signal.aborted) begin();
  else signal.addEventListener('abort', begin, { once: true });
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', begin);
  }
}
