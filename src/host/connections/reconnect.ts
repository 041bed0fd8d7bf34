import * as l10n from '@vscode/l10n';
import { showInformation } from '../display/messages.ts';
import { askSignIn } from './askSignIn.ts';
import type { Connection } from './connection.ts';
import { consent } from './consent.ts';
import { describeSignIn, isWorthSaying } from './describeSignIn.ts';
import { reconnectCluster } from './reconnectCluster.ts';
import { signIn } from './signIn.ts';
import type { AskSignInDependencies, SignInStart } from './signInState.ts';
import { verifyServerTrust, type TrustDependencies } from './verifyServerTrust.ts';
import { withClientCertificate } from './withClientCertificate.ts';

/** What a person can do about a registry that refuses us. */
export type Remedy = 'signIn' | 'trustCertificate' | 'chooseClientCertificate' | 'reconnectCluster';

const timeLimitMs = 20_000;

/** Asks the person for what the saved registry needs now, and saves it. False if they cancel. */
export async function reconnect(
  dependencies: AskSignInDependencies,
  connection: Connection,
  remedy: Remedy,
): Promise<boolean> {
  if (remedy === 'reconnectCluster') return await reconnectCluster(dependencies, connection);
  if (remedy === 'trustCertificate') return await trustCertificate({ ...dependencies, consent }, connection);
  if (remedy === 'chooseClientCertificate') {
    return await chooseClientCertificate({ ...dependencies, consent }, connection);
  }
  // A credential is needed even if the registry seemed to be open.
  const start = { url: connection.webRoot, username: connection.username, askCredential: true };
  return await signInToGoOn(dependencies, start);
}

/** Signs in because something else needs it. Says which login was used. False if the person cancels. */
export async function signInToGoOn(dependencies: AskSignInDependencies, start: SignInStart): Promise<boolean> {
  const signedIn = await askSignIn(dependencies, start);
  if (signedIn !== undefined && isWorthSaying(signedIn)) void showInformation(describeSignIn(signedIn), []);
  return signedIn !== undefined;
}

/** Shows the certificate that the registry has now. True if it is valid, or the person trusts it. */
export async function trustCertificate(dependencies: TrustDependencies, connection: Connection): Promise<boolean> {
  const { store } = dependencies;
  const server = { address: connection, trust: connection.trust };
  const reached = await verifyServerTrust(dependencies, server, { signal: AbortSignal.timeout(timeLimitMs) });
  if (reached === undefined) return false;
  // A registry that needs no sign-in has no credential, but its certificate is saved all the same.
  const { origin } = connection;
  const sessionOnly = store.isSessionOnly(origin);
  await store.save({ ...connection, trust: reached.trust }, await store.credential(origin), { sessionOnly });
  return true;
}

/** Asks for a client certificate, and saves it once the registry has accepted it. */
export async function chooseClientCertificate(
  dependencies: TrustDependencies,
  connection: Connection,
): Promise<boolean> {
  const { store, consent: person } = dependencies;
  const files = await person.toClientCertificate(l10n.t`${connection.host} wants to be shown a client certificate.`);
  if (files === undefined) return false;
  const credential = await store.credential(connection.origin);
  const sessionOnly = store.isSessionOnly(connection.origin);
  const server = { address: connection, trust: { ...connection.trust, ...files } };
  const options = { signal: AbortSignal.timeout(timeLimitMs) };
  await withClientCertificate(person, server, (one) =>
    signIn(dependencies, { ...one, credential, sessionOnly }, options),
  );
  return true;
}
