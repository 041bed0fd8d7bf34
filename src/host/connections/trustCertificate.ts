import type { ConnectionStore } from './connectionStore.ts';
import type { Connection } from './connection.ts';
import { reach } from './reach.ts';
import type { SignInGate } from './signIn.ts';

/** Shows a saved registry's certificate as it is now; true if it is fine, or the person trusts it from here on. */
export async function trustCertificate(
  gate: SignInGate,
  store: ConnectionStore,
  connection: Connection,
): Promise<boolean> {
  const reached = await reach(gate, connection, connection.trust, AbortSignal.timeout(20_000));
  const credential = await store.credential(connection.origin);
  if (reached === undefined || credential === undefined) return false;
  await store.save({ ...connection, trust: reached.trust }, credential);
  return true;
}
