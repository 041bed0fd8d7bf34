import { isCancelled, type TeaChestError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { throwIfCancelled } from '../base/cancel.ts';
import { octetStream } from '../oci/mediaTypes.ts';
import type { Digest } from '../oci/digest.ts';
import { notFromRegistry, refusedElsewhere, type ExplainRefusal } from './explainRefusal.ts';
import { withGrace } from './grace.ts';
import { header, type RegistryRequest, type RegistryResponse, type RequestBody, type Send } from './messages.ts';
import { isWebPage, readRefusal } from './refusal.ts';
import { isTransient, isUnreachable, settle, type Outcome } from './retry.ts';
import { uploadLocation } from './uploadLocation.ts';

/** The requests of one repository: what every step of an upload needs. */
export interface RepositoryWire {
  readonly send: Send;
  readonly origin: string;
  /** `owner/name`, lower case. */
  readonly repository: string;
  readonly explain: ExplainRefusal;
  readonly logger: Logger;
  /** Sessions that could not be closed because the registry did not answer or was busy: closed when it is back. */
  readonly unclosed: Set<string>;
}

/** Milliseconds that a request which opens or closes a session may still take once the person has cancelled. */
const graceAfterCancel = 800;
/** Milliseconds for closing a session in all. */
const closeDeadline = 5_000;

/** `https://host/v2/owner/name/` + `path`. */
export function repositoryUrl(wire: RepositoryWire, path: string): URL {
  return new URL(`${wire.origin}/v2/${encodeURI(wire.repository)}/${path}`);
}

/** What a token for this repository must allow. */
export function repositoryScopes(wire: RepositoryWire, mountFrom?: string): string[] {
  const own = `repository:${wire.repository}:pull,push`;
  return mountFrom === undefined ? [own] : [own, `repository:${mountFrom}:pull`];
}

/** The error for an answer that was not the one hoped for. */
export function refused(
  wire: RepositoryWire,
  response: RegistryResponse,
  method: RegistryRequest['method'],
  attempt: string,
): TeaChestError {
  const refusal = readRefusal(response, method);
  const context = { repository: wire.repository, attempt };
  const { host, origin } = new URL(wire.origin);
  if (response.status < 400) return notFromRegistry(refusal, context, host);
  if (response.url.origin !== origin) return refusedElsewhere(refusal, context, host);
  return wire.explain(refusal, context);
}

/**
 * Opens an upload session; undefined if the registry had the blob to mount, so that none was opened. A cancel waits
 * a moment for the answer: only who knows the session's address can close it.
 */
export async function openSession(
  wire: RepositoryWire,
  signal: AbortSignal,
  mount?: { readonly digest: Digest; readonly from: string | undefined },
): Promise<URL | undefined> {
  throwIfCancelled(signal);
  const url = repositoryUrl(wire, 'blobs/uploads/');
  if (mount !== undefined) url.search = mountQuery(mount);
  const scopes = repositoryScopes(wire, mount?.from);
  const response = await withGrace(signal, graceAfterCancel, async (grace) =>
    wire.send({ method: 'POST', url, signal: grace, scopes }),
  );
  if (response.status === 201 && mount !== undefined) return undefined;
  if (response.status !== 202 || isWebPage(response))
    throw refused(wire, response, 'POST', `begin an upload to ${wire.repository}`);
  const session = uploadLocation(response, wire.origin);
  if (signal.aborted) {
    await closeSession(wire, session, signal);
    throwIfCancelled(signal);
  }
  await closeUnclosed(wire, signal);
  return session;
}

/** Gitea ≤ 1.20 reads `mount` as it stands, so the colon stays a colon. */
function mountQuery({ digest, from }: { readonly digest: Digest; readonly from: string | undefined }): string {
  return from === undefined ? `mount=${digest}` : `mount=${digest}&from=${encodeURIComponent(from)}`;
}

/** One chunk, `start` included to `end` excluded. Gitea wants Content-Range on each, as plain `first-last`. */
export async function patchSession(
  wire: RepositoryWire,
  session: URL,
  start: number,
  body: RequestBody,
  signal: AbortSignal,
): Promise<RegistryResponse> {
  return wire.send({
    method: 'PATCH',
    url: session,
    headers: { 'content-type': octetStream, 'content-range': `${start}-${start + body.length - 1}` },
    body,
    signal,
    scopes: repositoryScopes(wire),
  });
}

/** Closes a session as a blob of this digest; with a body where the session has no bytes yet. */
export async function commitSession(
  wire: RepositoryWire,
  session: URL,
  digest: Digest,
  signal: AbortSignal,
  options: Pick<RegistryRequest, 'body' | 'retry'> = {},
): Promise<RegistryResponse> {
  const url = new URL(session);
  url.search = url.search === '' ? `digest=${digest}` : `${url.search}&digest=${digest}`;
  return wire.send({
    method: 'PUT',
    url,
    headers: { 'content-type': octetStream },
    signal,
    scopes: repositoryScopes(wire),
    ...options,
  });
}

/**
 * Whether the registry has everything up to `end`, as the session's status tells. Leniently: Forgejo and Gitea ≤ 1.24.0
 * are off by one (`0-<size>`), and Gitea counts a chunk only when it has all of it.
 */
export async function sessionHas(
  wire: RepositoryWire,
  session: URL,
  end: number,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    const response = await wire.send({
      method: 'GET',
      url: session,
      signal,
      scopes: repositoryScopes(wire),
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
export async function closeSession(wire: RepositoryWire, session: URL, signal: AbortSignal): Promise<void> {
  const scopes = repositoryScopes(wire);
  const outcome = await settle(
    withGrace(signal, graceAfterCancel, async (grace) => {
      const deadline = AbortSignal.any([grace, AbortSignal.timeout(closeDeadline)]);
      return wire.send({ method: 'DELETE', url: session, signal: deadline, scopes });
    }),
  );
  const why = whyNotClosed(outcome);
  if (why === undefined) {
    wire.unclosed.delete(session.href);
    return;
  }
  if (isTransient(outcome)) wire.unclosed.add(session.href);
  wire.logger.warn(`An upload session of ${wire.repository} stays open until the registry cleans up: ${why}`);
}

function whyNotClosed(outcome: Outcome): string | undefined {
  if ('error' in outcome) {
    const { error } = outcome;
    if (isCancelled(error)) return 'no time was left';
    return error instanceof Error ? error.message : String(error);
  }
  const { codes, status } = readRefusal(outcome.response, 'DELETE');
  if (isWebPage(outcome.response) && status < 300) return 'a web page answered in place of the registry';
  // distribution answers 404 as well where it keeps the session: only the code says that it is gone.
  if (status < 300 || codes.includes('BLOB_UPLOAD_UNKNOWN')) return undefined;
  return `it answered ${[status, ...codes].join(' ')}`;
}

/** The registry answers again: what was left open while it did not is closed now. */
async function closeUnclosed(wire: RepositoryWire, signal: AbortSignal): Promise<void> {
  const left = [...wire.unclosed];
  wire.unclosed.clear();
  await Promise.all(left.map(async (session) => closeSession(wire, new URL(session), signal)));
}
