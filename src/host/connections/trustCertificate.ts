import type { Connection } from './connection.ts';
import { verifyServerTrust, type Consent } from './verifyServerTrust.ts';
import type { AuthService, ConnectionSaver } from './signIn.ts';

/** Shows a saved registry's certificate as it is now; true if it is fine, or the person trusts it from here on. */
export async function trustCertificate(
  auth: AuthService,
  saver: ConnectionSaver,
  consent: Consent,
  connection: Connection,
): Promise<boolean> {
  const known = { address: connection, trust: connection.trust };
  const reached = await verifyServerTrust(auth, consent, known, { signal: AbortSignal.timeout(20_000) });
  if (reached === undefined) return false;
  // A registry that asks nobody who they are has no credential, but its certificate counts all the same.
  await saver.save({ ...connection, trust: reached.trust }, await saver.credential(connection.origin));
  return true;
}
