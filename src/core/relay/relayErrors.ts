import type { ServerResponse } from 'node:http';
import { TeaChestError } from '../base/errors.ts';

/** Those of the distribution spec's error codes that the relay uses (spec.md §Error Codes). */
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

/** Becomes an error response of the distribution spec. */
export class RelayError extends Error {
  override readonly name = 'RelayError';
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
 * Makes the engine send a whole blob again: after 429 containerd's client repeats the request at once, up to five times
 * (remotes/docker: retryRequest), and reads the blob from its beginning (content.ErrReset).
 */
export class SendAgainError extends RelayError {
  constructor() {
    super(429, 'TOOMANYREQUESTS', 'The upload to the registry broke; send this blob once more.');
  }
}

/**
 * The error response to the engine. An error of ours becomes `DENIED`, because neither store repeats the request after it
 * (moby distribution/errors.go, containerd's pusher). The person gets our error, not what the engine makes of this.
 */
export function toRelayError(error: unknown): RelayError {
  if (error instanceof RelayError) return error;
  const message = error instanceof TeaChestError ? error.message : 'Tea Chest could not relay this.';
  return new RelayError(403, 'DENIED', message);
}

export function sendRelayError(response: ServerResponse, { status, code, message, headers }: RelayError): void {
  const body = JSON.stringify({ errors: [{ code, message }] });
  response.writeHead(status, {
    ...headers,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
}
