import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { RelayError } from './relayErrors.ts';

/** What an engine must send with each request. */
export interface RelayCredential {
  readonly username: string;
  readonly secret: string;
}

/**
 * Rejects requests for another host: a web page can make a browser send requests to loopback under the page's own host
 * name (DNS rebinding).
 */
export function checkHost(request: IncomingMessage, host: string): void {
  if (request.headers.host !== host)
    throw new RelayError(404, 'NAME_UNKNOWN', 'There is nothing here under that name.');
}

/** Rejects requests without the credential. */
export function authenticateRequest(request: IncomingMessage, credential: RelayCredential): void {
  if (hasCredential(request, credential)) return;
  throw new RelayError(401, 'UNAUTHORIZED', 'This endpoint is for the container engine that was asked to use it.', {
    'www-authenticate': 'Basic realm="tea-chest"',
  });
}

export function hasCredential(request: IncomingMessage, { username, secret }: RelayCredential): boolean {
  const expected = `Basic ${Buffer.from(`${username}:${secret}`).toString('base64')}`;
  return equalsInConstantTime(request.headers.authorization ?? '', expected);
}

/** Takes the same time wherever the two texts differ, and however long they are. */
function equalsInConstantTime(given: string, expected: string): boolean {
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(given), hash(expected));
}
