import type { RegistryTrust } from '../../core/registry/types.ts';
import type { Connection } from './connection.ts';
import { signInIfOpen, type TrustedServer } from './signIn.ts';
import { verifyServerTrust, type TrustDependencies } from './verifyServerTrust.ts';
import { withClientCertificate } from './withClientCertificate.ts';

/** Trust applies only to the origin for which it was given. */
export interface OriginTrust {
  readonly origin: string;
  readonly trust: RegistryTrust;
}

interface AddressAttempt {
  /** As typed. */
  readonly text: string;
  /** Earlier decisions of this dialog, the latest first. Other origins use their saved trust. */
  readonly decided: readonly OriginTrust[];
  /** An origin that needs a credential even if it seems to be open, because it refused an anonymous push. */
  readonly closedOrigin: string | undefined;
}

export interface AnsweredAddress {
  readonly reached: TrustedServer;
  /** Set if the person is signed in already. */
  readonly connection: Connection | undefined;
}

/** Connects to the address a person typed, and signs in if that needs no credential. Undefined if it is not trusted. */
export async function tryAddress(
  dependencies: TrustDependencies,
  { text, decided, closedOrigin }: AddressAttempt,
  options: { readonly signal: AbortSignal },
): Promise<AnsweredAddress | undefined> {
  const { auth, store, consent } = dependencies;
  const address = auth.parse(text.trim());
  const { origin } = address;
  const trust = (decided.find((one) => one.origin === origin) ?? store.find(origin))?.trust ?? {};
  const reached = await withClientCertificate(consent, { address, trust }, (server) =>
    verifyServerTrust(dependencies, server, options),
  );
  if (reached === undefined || origin === closedOrigin) return reached && { reached, connection: undefined };
  return await withClientCertificate(consent, reached, async (server) => ({
    reached: server,
    connection: await signInIfOpen(dependencies, server, options),
  }));
}
