import type { ServerResponse } from 'node:http';
import { TeaChestError } from '../base/errors.ts';

/** The distribution spec's error codes that we have a use for (spec.md §Error Codes). */
export type RelayErrorCode =
  | 'BLOB_UNKNOWN'
  | 'BLOB_UPLOAD_INVALID'
  | 'BLOB_UPLOAD_UNKNOWN'
  | 'DENIED'
  | 'DIGEST_INVALID'
  | 'MANIFEST_INVALID'
  | 'MANIFEST_UNKNOWN'
  | 'NAME_UNKNOWN'
  | 'SIZE_INVALID'
  | 'TOOMANYREQUESTS'
  | 'UNAUTHORIZED'
  | 'UNSUPPORTED';

/** A request that is answered with an error of the distribution spec. */
export class RelayError extends Error {
  override readonly name = 'Refusal';
  readonly status: number;
  readonly code: RelayErrorCode;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: RelayErrorCode, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

/**
 * Has the engine send a whole blob again. Of all answers the one that containerd's client takes for that, up to five times
 * and at once (remotes/docker: retryRequest), reading the blob from its beginning (content.ErrReset).
 */
export class SendAgainError extends RelayError {
  constructor() {
    super(429, 'TOOMANYREQUESTS', 'The way to the registry broke; send this blob once more.');
  }
}

/**
 * Whatever a request failed with, as the engine is to hear it. What went wrong on our side is `DENIED`: of all codes
 * the one after which neither store tries again (moby distribution/errors.go, containerd's pusher). The person hears
 * our own error, not the engine's echo of this.
 */
export function toRelayError(error: unknown): RelayError {
  if (error instanceof RelayError) return error;
  const words = error instanceof TeaChestError ? error.message : 'Tea Chest could not carry this on.';
  return new RelayError(403, 'DENIED', words);
}

export function sendRelayError(response: ServerResponse, refusal: RelayError): void {
  const body = JSON.stringify({ errors: [{ code: refusal.code, message: refusal.message }] });
  response.writeHead(refusal.status, {
    ...refusal.headers,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
}
