import { isCancelled, TeaChestError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { throwIfCancelled } from '../base/cancel.ts';
import { octetStream } from '../oci/mediaTypes.ts';
import type { Digest } from '../oci/digest.ts';
import type { ExplainRefusal } from './explainRefusal.ts';
import { withGrace } from './grace.ts';
import { header, type RegistryRequest, type RegistryResponse, type RequestBody, type Send } from './messages.ts';
import { readRefusal } from './refusal.ts';
import { uploadLocation } from './uploadLocation.ts';

/** The requests of one repository: what every step of an upload needs. */
export interface RepositoryWire {
  readonly send: Send;
  readonly origin: string;
  /** `owner/name`, lower case. */
  readonly repository: string;
  readonly explain: ExplainRefusal;
  readonly logger: Logger;
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
  return wire.explain(readRefusal(response, method), { repository: wire.repository, attempt });
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
  if (response.status !== 202) throw refused(wire, response, 'POST', `begin an upload to ${wire.repository}`);
  const session = uploadLocation(response, wire.origin);
  if (signal.aborted) {
    await closeSession(wire, session, signal);
    throwIfCancelled(signal);
  }
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
  body?: RequestBody,
): Promise<RegistryResponse> {
  const url = new URL(session);
  url.search = url.search === '' ? `digest=${digest}` : `${url.search}&digest=${digest}`;
  return wire.send({
    method: 'PUT',
    url,
    headers: { 'content-type': octetStream },
    signal,
    scopes: repositoryScopes(wire),
    ...(body === undefined ? {} : { body }),
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
    if (error instanceof TeaChestError && error.code === 'registryUnreachable') return false;
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
 * distribution does not let go of one whose PATCH was interrupted (the signed `_state` tells another offset than the
 * disk) and removes it by itself after a week; Gitea does, and would after a day.
 */
export async function closeSession(wire: RepositoryWire, session: URL, signal: AbortSignal): Promise<void> {
  const scopes = repositoryScopes(wire);
  const stays = (why: string): void => {
    wire.logger.warn(`An upload session of ${wire.repository} stays open until the registry cleans up: ${why}`);
  };
  try {
    const response = await withGrace(signal, graceAfterCancel, async (grace) => {
      const deadline = AbortSignal.any([grace, AbortSignal.timeout(closeDeadline)]);
      return wire.send({ method: 'DELETE', url: session, signal: deadline, scopes, retry: 'never' });
    });
    const { codes, status } = readRefusal(response, 'DELETE');
    if (status >= 300 && !codes.includes('BLOB_UPLOAD_UNKNOWN')) stays(`it answered ${status} ${codes.join(', ')}`);
  } catch (error) {
    stays(isCancelled(error) ? 'no time was left' : error instanceof Error ? error.message : String(error));
  }
}
