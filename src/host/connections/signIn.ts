import { TeaChestError } from '../../core/base/errors.ts';
import type {
  CertificateDetails,
  Credential,
  RegistryAddress,
  RegistryTrust,
  SignInResult,
} from '../../core/registry/types.ts';
import type { Connection } from './connection.ts';
import { wantsClientCertificate } from './wantsClientCertificate.ts';

/** What signing in needs of the registry side. */
export interface AuthService {
  /** @throws TeaChestError `urlInvalid` */
  parse(url: string): RegistryAddress;
  /** The certificate an https registry shows; rejects if it cannot be reached. */
  inspectCertificate(
    address: RegistryAddress,
    trust: RegistryTrust,
    options: { readonly signal: AbortSignal },
  ): Promise<CertificateDetails>;
  /** Asks the real token endpoint. Rejects with the reason why a push could not work. */
  check(
    address: RegistryAddress,
    credential: Credential | undefined,
    trust: RegistryTrust,
    options: { readonly signal: AbortSignal },
  ): Promise<SignInResult>;
}

/** Where sign-ins are kept. */
export interface ConnectionSaver {
  find(origin: string): Connection | undefined;
  credential(origin: string): Promise<Credential | undefined>;
  /** `credential` undefined: a registry that asks nobody who they are. */
  save(connection: Connection, credential: Credential | undefined): Promise<void>;
}

/** Checks a credential against the registry, and only then keeps it. */
export async function signIn(
  auth: AuthService,
  saver: ConnectionSaver,
  request: {
    readonly address: RegistryAddress;
    readonly credential: Credential | undefined;
    readonly trust: RegistryTrust;
  },
  options: { readonly signal: AbortSignal },
): Promise<Connection> {
  const { address, credential, trust } = request;
  refusePlainHttp(address, trust);
  const connection = connectionOf(request, await auth.check(address, credential, trust, options));
  await saver.save(connection, credential);
  return connection;
}

/**
 * Keeps a registry that is open to everybody, without any question; undefined if it is not, or if a credential is kept
 * for it already. Rejects only where a client certificate is wanted. What it lets everybody do is not known before a push: see `SignInStart.askCredential`.
 */
export async function signInIfOpen(
  auth: AuthService,
  saver: ConnectionSaver,
  request: { readonly address: RegistryAddress; readonly trust: RegistryTrust },
  options: { readonly signal: AbortSignal },
): Promise<Connection | undefined> {
  const { address, trust } = request;
  if ((await saver.credential(address.origin)) !== undefined) return undefined;
  let found: SignInResult;
  try {
    refusePlainHttp(address, trust);
    found = await auth.check(address, undefined, trust, options);
  } catch (error) {
    if (wantsClientCertificate(error)) throw error;
    // Whatever else is wrong is told when user and secret are checked.
    return undefined;
  }
  if (!found.open || options.signal.aborted) return undefined;
  const connection = connectionOf(request, found);
  await saver.save(connection, undefined);
  return connection;
}

function connectionOf(
  { address, trust }: { readonly address: RegistryAddress; readonly trust: RegistryTrust },
  { webRoot, kind, version, username }: SignInResult,
): Connection {
  const { origin, host } = address;
  return { origin, host, webRoot, kind, version, username, trust };
}

/** An `http:` registry is used only by a person's explicit choice. */
function refusePlainHttp(address: RegistryAddress, trust: RegistryTrust): void {
  if (!address.origin.startsWith('http:') || trust.allowHttp === true) return;
  throw new TeaChestError(
    'plainHttp',
    `${address.origin} is not encrypted: everybody on the way could read the password. Use https, or allow http for this registry explicitly.`,
    { stage: 'signIn', facts: { origin: address.origin } },
  );
}
