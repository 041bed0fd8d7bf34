import { TeaChestError } from '../base/errors.ts';
import type { EnginePusher } from '../ports/enginePusher.ts';
import type { RelaySession } from './relayEndpoint.ts';

/**
 * Has the engine look for an image at our address, and resolves when its request arrives here. An engine in another
 * network, as behind a socket that is mounted into a container, has a loopback of its own: whoever listens there at the
 * same port would be given the relay's secret and the image. So it is first given a credential that was made for this
 * question and is good for nothing else. Rejects with `engineLost` if no request arrives within `timeoutMs`.
 */
export async function requireContact(
  pusher: EnginePusher,
  session: RelaySession,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<void> {
  const over = new AbortController();
  const arrived = new AbortController();
  const contact = session.expectContact(() => {
    arrived.abort();
  });
  const late = setTimeout(() => {
    over.abort();
  }, timeoutMs);
  try {
    await pusher.contact(contact.name, contact.credential, {
      signal: AbortSignal.any([signal, over.signal, arrived.signal]),
    });
  } catch (error) {
    // It does not find the image, or was stopped because its request has arrived.
    if (signal.aborted) throw error;
  } finally {
    clearTimeout(late);
    contact.end();
  }
  if (!arrived.signal.aborted) throw new TeaChestError('engineLost', 'The engine did not come.');
}
