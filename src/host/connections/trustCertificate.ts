import type { Connection } from './connection.ts';
import { reach, type Consent } from './reach.ts';
import type { SignInGate, SignInShelf } from './signIn.ts';

/** Shows a saved registry's certificate as it is now; true if it is fine, or the person trusts it from here on. */
export async function trustCertificate(
  gate: SignInGate,
  shelf: SignInShelf,
  consent: Consent,
  connection: Connection,
): Promise<boolean> {
  const known = { address: connection, trust: connection.trust };
  const reached = await reach(gate, consent, known, { signal: AbortSignal.timeout(20_000) });
  if (reached === undefined) return false;
  // A registry that asks nobody who they are has no credential, but its certificate counts all the same.
  await shelf.save({ ...connection, trust: reached.trust }, await shelf.credential(connection.origin));
  return true;
}
