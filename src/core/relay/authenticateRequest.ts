import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { RelayError } from './relayErrors.ts';

/** What an engine must show to be let in. */
export interface RelayCredential {
  readonly username: string;
  readonly secret: string;
}

/**
 * Refuses requests that were made for another address. The Host header is checked because a web page can make a browser
 * send requests to loopback under a name of its own (DNS rebinding).
 */
export function checkHost(request: IncomingMessage, host: string): void {
  if (request.headers.host !== host)
    throw new RelayError(404, 'NAME_UNKNOWN', 'There is nothing here under that name.');
}

/** Lets in only requests that carry the secret. */
export function authenticateRequest(request: IncomingMessage, credential: RelayCredential): void {
  if (carries(request, credential)) return;
  throw new RelayError(401, 'UNAUTHORIZED', 'This endpoint is for the container engine that was asked to push to it.', {
    'www-authenticate': 'Basic realm="tea-chest"',
  });
}

/** True if a request has exactly these credentials. */
export function carries(request: IncomingMessage, { username, secret }: RelayCredential): boolean {
  const expected = `Basic ${Buffer.from(`${username}:${secret}`).toString('base64')}`;
  return isSame(request.headers.authorization ?? '', expected);
}

/** Takes the same time wherever the two differ, and however long they are. */
function isSame(given: string, expected: string): boolean {
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(given), hash(expected));
}
