import * as l10n from '@vscode/l10n';
import { TeaChestError } from '../../core/base/errors.ts';
import type { TokenRequest } from '../../core/gitea/createAccessToken.ts';
import type {
  CertificateDetails,
  Credential,
  RegistryAddress,
  RegistryTrust,
  SignInResult,
} from '../../core/registry/types.ts';
import type { Connection } from './connection.ts';

/** What signing in needs of the registry side. */
export interface AuthService {
  /** @throws TeaChestError `urlInvalid` */
  parse(url: string): RegistryAddress;
  /** The certificate of an https registry. Rejects if the registry cannot be reached. */
  inspectCertificate(
    address: RegistryAddress,
    trust: RegistryTrust,
    options: { readonly signal: AbortSignal },
  ): Promise<CertificateDetails>;
  /** Checks the credential with the token endpoint. Rejects with the reason why a push would fail. */
  check(
    address: RegistryAddress,
    credential: Credential | undefined,
    trust: RegistryTrust,
    options: { readonly signal: AbortSignal },
  ): Promise<SignInResult>;
  /** Makes an access token on a Gitea or Forgejo. Rejects with its reason if it does not. */
  createToken(
    address: RegistryAddress,
    request: TokenRequest,
    trust: RegistryTrust,
    options: { readonly signal: AbortSignal },
  ): Promise<string>;
}

/** Where sign-ins are saved. */
interface ConnectionSaver {
  find(origin: string): Connection | undefined;
  list(): readonly Connection[];
  credential(origin: string): Promise<Credential | undefined>;
  /** True if the credential must not be stored. */
  isSessionOnly(origin: string): boolean;
  /** `credential` is undefined for a registry that needs no sign-in. */
  save(connection: Connection, credential: Credential | undefined, how?: SaveOptions): Promise<void>;
}

export interface SaveOptions {
  /** The secret is kept in memory until this window closes, and written nowhere. */
  readonly sessionOnly?: boolean;
}

export interface SignInDependencies {
  readonly auth: AuthService;
  readonly store: ConnectionSaver;
}

interface Options {
  readonly signal: AbortSignal;
}

/** A registry and the trust in it. */
export interface TrustedServer {
  readonly address: RegistryAddress;
  readonly trust: RegistryTrust;
}

/** What is asked of a registry, and how its credential is saved. */
interface SignInRequest extends TrustedServer, SaveOptions {
  readonly credential: Credential | undefined;
}

/** A sign-in that the registry has accepted. */
export interface CheckedSignIn {
  readonly connection: Connection;
  readonly credential: Credential | undefined;
  /** What the token may do; undefined if the server does not say. */
  readonly scope: string | undefined;
  /** Scopes that it is known to lack, also where the server does not say what it may do. */
  readonly lacks: readonly string[];
}

/** Checks a credential with the registry. */
export async function checkSignIn(
  { auth }: Pick<SignInDependencies, 'auth'>,
  request: Omit<SignInRequest, keyof SaveOptions>,
  options: Options,
): Promise<CheckedSignIn> {
  const { address, credential, trust } = request;
  refusePlainHttp(request);
  const result = await auth.check(address, credential, trust, options);
  return { connection: connectionOf(request, result), credential, scope: result.scope, lacks: result.lacks };
}

/** Checks a credential with the registry, and then saves it. */
export async function signIn(
  dependencies: SignInDependencies,
  request: SignInRequest,
  options: Options,
): Promise<Connection> {
  const { connection, credential } = await checkSignIn(dependencies, request, options);
  await dependencies.store.save(connection, credential, request);
  return connection;
}

/**
 * Saves a registry that needs no sign-in. Undefined if it needs one, or if a credential is saved already. Rejects only if
 * the registry asks for a client certificate. Such a registry may still refuse a push: see `SignInStart.askCredential`.
 */
export async function signInIfOpen(
  { auth, store }: SignInDependencies,
  server: TrustedServer,
  options: Options,
): Promise<Connection | undefined> {
  if ((await store.credential(server.address.origin)) !== undefined) return undefined;
  let result: SignInResult;
  try {
    refusePlainHttp(server);
    result = await auth.check(server.address, undefined, server.trust, options);
  } catch (error) {
    if (wantsClientCertificate(error)) throw error;
    // Other failures are reported when user and secret are checked.
    return undefined;
  }
  if (!result.open || options.signal.aborted) return undefined;
  const connection = connectionOf(server, result);
  await store.save(connection, undefined);
  return connection;
}

function connectionOf({ address: { origin, host }, trust }: TrustedServer, result: SignInResult): Connection {
  const { webRoot, kind, version, username } = result;
  return { origin, host, webRoot, kind, version, username, trust };
}

/** An `http:` registry needs the person's explicit permission. */
function refusePlainHttp({ address, trust }: TrustedServer): void {
  if (!address.origin.startsWith('http:') || trust.allowHttp === true) return;
  throw new TeaChestError(
    'plainHttp',
    l10n.t`${address.origin} is not encrypted: everybody on the way could read the password. Use https, or allow http for this registry explicitly.`,
    { stage: 'signIn', facts: { origin: address.origin } },
  );
}

/** True if the registry asks for a client certificate, or may be asking for one. */
export function wantsClientCertificate(error: unknown): error is TeaChestError {
  if (!(error instanceof TeaChestError)) return false;
  return error.code === 'clientCertificateNeeded' || error.facts.mayWantClientCertificate === true;
}
