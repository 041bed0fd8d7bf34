import type { Connection } from './connection.ts';
import type { Consent, TrustedServer } from './verifyServerTrust.ts';
import { signIn, type AuthService, type ConnectionSaver } from './signIn.ts';
import { wantsClientCertificate } from './wantsClientCertificate.ts';

/** Where a client certificate is wanted, asks the person for one and does the work again. Rejects with the wish if they have none. */
export async function withClientCertificate<T>(
  consent: Consent,
  reached: TrustedServer,
  work: (reached: TrustedServer) => Promise<T>,
): Promise<T> {
  for (let now = reached; ;) {
    try {
      return await work(now);
    } catch (error) {
      if (!wantsClientCertificate(error)) throw error;
      const files = await consent.toClientCertificate(error.message);
      if (files === undefined) throw error;
      now = { ...now, trust: { ...now.trust, ...files } };
    }
  }
}

/** Shows a saved registry a client certificate from here on, once it was accepted; false if the person chose none. */
export async function chooseForConnection(
  auth: AuthService,
  saver: ConnectionSaver,
  consent: Consent,
  connection: Connection,
): Promise<boolean> {
  const files = await consent.toClientCertificate(`${connection.host} wants to be shown a client certificate.`);
  if (files === undefined) return false;
  const credential = await saver.credential(connection.origin);
  const known = { address: connection, trust: { ...connection.trust, ...files } };
  const options = { signal: AbortSignal.timeout(20_000) };
  await withClientCertificate(consent, known, ({ address, trust }) =>
    signIn(auth, saver, { address, trust, credential }, options),
  );
  return true;
}
