import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Refusal } from './refusals.ts';

/** What an engine must show to be let in. */
export interface RelayCredential {
  readonly username: string;
  readonly secret: string;
}

/**
 * Lets in only requests that were made for this very address and carry the secret. The Host header is checked because a
 * web page can make a browser send requests to loopback under a name of its own (DNS rebinding).
 */
export function checkVisitor(request: IncomingMessage, host: string, credential: RelayCredential): void {
  if (request.headers.host !== host) throw new Refusal(404, 'NAME_UNKNOWN', 'There is nothing here under that name.');
  const expected = `Basic ${Buffer.from(`${credential.username}:${credential.secret}`).toString('base64')}`;
  if (isSame(request.headers.authorization ?? '', expected)) return;
  throw new Refusal(401, 'UNAUTHORIZED', 'This endpoint is for the container engine that was asked to push to it.', {
    'www-authenticate': 'Basic realm="tea-chest"',
  });
}

/** Takes the same time wherever the two differ, and however long they are. */
function isSame(given: string, expected: string): boolean {
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(given), hash(expected));
}
