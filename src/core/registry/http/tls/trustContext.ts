import { X509Certificate } from 'node:crypto';
import tls from 'node:tls';
import { isDeepStrictEqual } from 'node:util';
import * as l10n from '@vscode/l10n';
import {
  certificateFolders,
  readCertificateFolders,
  readPem,
  unusableFile,
  type ClientPair,
  type PemFile,
} from './certificateFolders.ts';
import type { Environment } from '../proxy.ts';
import type { RegistryTrust } from '../../types.ts';

/** The authorities that are trusted for one host, and the client certificate for it. */
export interface TrustContext {
  readonly secure: tls.SecureContext;
  /** All authorities, as PEM: Node's own, the system's, and the files. */
  readonly authorities: readonly string[];
  /** Authorities from files, and where each came from. */
  readonly fromFiles: readonly { readonly certificate: X509Certificate; readonly path: string }[];
  /** The file of the client certificate that is sent if the host asks for one. */
  readonly clientCertificate: string | undefined;
  /** Files for this host that cannot be read, each with the reason. */
  readonly unread: readonly string[];
}

/**
 * The authorities that vouch for a host: Node's own and NODE_EXTRA_CA_CERTS, the operating system's, those which docker
 * and podman have for it, and the file given for the registry. A client certificate that was given is for the registry
 * alone (`isOwn`); one in a host's folder is for that host. Throws `argumentInvalid` for a file that cannot be used.
 */
export async function createTrustContext(
  target: URL,
  trust: RegistryTrust,
  { environment, isOwn }: { readonly environment: Environment; readonly isOwn: boolean },
): Promise<TrustContext> {
  const found = await readCertificateFolders(target, certificateFolders(environment));
  const given = trust.caFile === undefined ? [] : [await readPem(trust.caFile)];
  const fromFiles = [...given, ...found.authorities].flatMap((file) =>
    certificatesIn(file).map((certificate) => ({ certificate, path: file.path })),
  );
  const own = isOwn ? await givenPair(trust) : undefined;
  const pairs = own === undefined ? found.clientPairs : [own];
  const extra = [...given, ...found.authorities].map(({ pem }) => pem);
  const authorities = [...new Set([...knownAuthorities(), ...extra])];
  for (const pair of pairs) checkPair(pair);
  return {
    secure: pairs.length === 0 ? contextOf(authorities) : tls.createSecureContext({ ca: authorities, ...pemOf(pairs) }),
    authorities,
    fromFiles,
    clientCertificate: pairs.map(({ certificate }) => certificate.path).join(', ') || undefined,
    unread: found.unread,
  };
}

/** The last context without a client certificate. */
let lastContext: { readonly authorities: readonly string[]; readonly secure: tls.SecureContext } | undefined;

/**
 * A context that trusts these authorities. Reading the some 150 of Node and of the system takes OpenSSL about 10 ms, and most
 * hosts have no others: so the last context is used again while they are the same.
 */
function contextOf(authorities: readonly string[]): tls.SecureContext {
  if (lastContext === undefined || !isDeepStrictEqual(lastContext.authorities, authorities)) {
    lastContext = { authorities, secure: tls.createSecureContext({ ca: [...authorities] }) };
  }
  return lastContext.secure;
}

/** The issuer of a certificate that was accepted, for messages. */
export function vouchedBy({ fromFiles }: TrustContext, certificate: X509Certificate): string {
  const last = lastOf(certificate);
  const file = fromFiles.find((one) => hasSigned(one.certificate, last));
  return file === undefined
    ? l10n.t({ message: 'an authority that this machine trusts', comment: 'Who vouches for a certificate' })
    : l10n.t({ message: 'the file {0}', args: [file.path], comment: 'Who vouches for a certificate' });
}

/** Whether a known authority has signed the end of a chain, even if dates are wrong. */
export function isKnownIssuer({ authorities }: TrustContext, certificate: X509Certificate): boolean {
  const last = lastOf(certificate);
  return authorities.flatMap((pem) => pem.match(onePem) ?? []).some((pem) => hasSigned(new X509Certificate(pem), last));
}

/** The last certificate of the chain that a server sent. */
function lastOf(certificate: X509Certificate): X509Certificate {
  let last = certificate;
  const seen = new Set<string>();
  while (last.issuerCertificate !== undefined && !seen.has(last.fingerprint256)) {
    seen.add(last.fingerprint256);
    last = last.issuerCertificate;
  }
  return last;
}

function hasSigned(authority: X509Certificate, certificate: X509Certificate): boolean {
  if (authority.fingerprint256 === certificate.fingerprint256) return true;
  return certificate.checkIssued(authority) && certificate.verify(authority.publicKey);
}

const onePem = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

function knownAuthorities(): string[] {
  // Node 22.15 has it; the types of this project are of a Node that has it, the editor's Node may be older.
  const get = (tls as Partial<typeof tls>).getCACertificates;
  if (get === undefined) return [...tls.rootCertificates];
  return [...get('default'), ...get('system')];
}

function certificatesIn({ path, pem }: PemFile): X509Certificate[] {
  const all = pem.match(onePem);
  if (all === null)
    throw unusableFile(
      path,
      l10n.t({
        message: 'it holds no PEM certificate',
        comment: 'After a colon, in “The certificate file {path} cannot be used: …”. “it”: the file',
      }),
    );
  try {
    return all.map((one) => new X509Certificate(one));
  } catch (error) {
    throw unusableFile(
      path,
      l10n.t({
        message: 'its certificates cannot be read',
        comment: 'After a colon, in “The certificate file {path} cannot be used: …”. “it”: the file',
      }),
      error,
    );
  }
}

async function givenPair({ clientCertFile, clientKeyFile }: RegistryTrust): Promise<ClientPair | undefined> {
  if (clientCertFile === undefined && clientKeyFile === undefined) return undefined;
  if (clientCertFile === undefined || clientKeyFile === undefined) {
    throw unusableFile(
      clientCertFile ?? clientKeyFile ?? '',
      l10n.t({
        message: 'a client certificate needs its key beside it, and a key its certificate',
        comment: 'After a colon, in “The certificate file {path} cannot be used: …”. “it”: the file',
      }),
    );
  }
  return { certificate: await readPem(clientCertFile), key: await readPem(clientKeyFile) };
}

function checkPair(pair: ClientPair): void {
  certificatesIn(pair.certificate);
  try {
    tls.createSecureContext(pemOf([pair]));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const why = /mismatch/i.test(message)
      ? l10n.t({
          message: '{0} is the key of another certificate',
          args: [pair.key.path],
          comment: 'After a colon, in “The certificate file {path} cannot be used: …”. “it”: the file',
        })
      : l10n.t({
          message: 'its key {0} cannot be read (a key with a pass phrase is not supported)',
          args: [pair.key.path],
          comment: 'After a colon, in “The certificate file {path} cannot be used: …”. “it”: the file',
        });
    throw unusableFile(pair.certificate.path, why, error);
  }
}

function pemOf(pairs: readonly ClientPair[]): tls.SecureContextOptions {
  if (pairs.length === 0) return {};
  return { cert: pairs.map(({ certificate }) => certificate.pem), key: pairs.map(({ key }) => key.pem) };
}
