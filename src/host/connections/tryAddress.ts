import type { RegistryTrust } from '../../core/registry/types.ts';
import type { Connection } from './connection.ts';
import { withClientCertificate } from './clientCertificate.ts';
import { verifyServerTrust, type Consent, type TrustedServer } from './verifyServerTrust.ts';
import { signInIfOpen, type AuthService, type ConnectionSaver } from './signIn.ts';

/** Trust belongs to the origin it was given for, and goes to no other. */
export interface OriginTrust {
  readonly origin: string;
  readonly trust: RegistryTrust;
}

interface AddressAttempt {
  /** As typed. */
  readonly text: string;
  /** What was decided before this, the latest first; for any other origin what is kept of it counts. */
  readonly decided: readonly OriginTrust[];
  /** The origin whose credential is wanted even if it seems to be open: it refused somebody it does not know. */
  readonly closedOrigin: string | undefined;
}

export interface AnsweredAddress {
  readonly reached: TrustedServer;
  /** Set if nothing more needs to be asked. */
  readonly connection: Connection | undefined;
}

/** Reaches what a person typed as an address, and signs in where that takes nobody's name. Undefined: not trusted. */
export async function tryAddress(
  tools: { readonly auth: AuthService; readonly saver: ConnectionSaver; readonly consent: Consent },
  { text, decided, closedOrigin }: AddressAttempt,
  options: { readonly signal: AbortSignal },
): Promise<AnsweredAddress | undefined> {
  const { auth, saver, consent } = tools;
  const address = auth.parse(text.trim());
  const { origin } = address;
  const trust = (decided.find((one) => one.origin === origin) ?? saver.find(origin))?.trust ?? {};
  const first = await withClientCertificate(consent, { address, trust }, (known) =>
    verifyServerTrust(auth, consent, known, options),
  );
  if (first === undefined || origin === closedOrigin) return first && { reached: first, connection: undefined };
  return await withClientCertificate(consent, first, async (reached) => ({
    reached,
    connection: await signInIfOpen(auth, saver, reached, options),
  }));
}
