import { TeaChestError } from '../../core/base/errors.ts';
import type { CertificateDetails, RegistryTrust } from '../../core/registry/types.ts';
import { certificateQuestion, type CertificateQuestion } from './certificateQuestion.ts';
import type { AuthService, SignInDependencies, TrustedServer } from './signIn.ts';

/** The PEM files that identify the person to a registry. */
export type ClientCertificateFiles = Required<Pick<RegistryTrust, 'clientCertFile' | 'clientKeyFile'>>;

/** Decisions that only a person can make. Undefined means no. */
export interface Consent {
  /** `trust`: only this certificate, by its fingerprint. `caFile`: every certificate of these authorities. */
  toCertificate(question: CertificateQuestion): Promise<'trust' | { readonly caFile: string } | undefined>;
  toPlainHttp(host: string): Promise<boolean>;
  /** `reason`: what the registry says about client certificates. */
  toClientCertificate(reason: string): Promise<ClientCertificateFiles | undefined>;
  /** `reason`: what is wrong with a file that was chosen for the registry. */
  toLeaveOutFiles(reason: string): Promise<boolean>;
}

export interface TrustDependencies extends SignInDependencies {
  readonly consent: Consent;
}

interface Verifier {
  readonly auth: Pick<AuthService, 'inspectCertificate'>;
  readonly consent: Consent;
}

interface Options {
  readonly signal: AbortSignal;
}

/** Decides whether the server may be trusted, and asks the person if necessary. Undefined if they decline. */
export async function verifyServerTrust(
  verifier: Verifier,
  { address, trust }: TrustedServer,
  options: Options,
): Promise<TrustedServer | undefined> {
  const { consent } = verifier;
  if (address.origin.startsWith('http:')) {
    if (trust.allowHttp !== true && !(await consent.toPlainHttp(address.host))) return undefined;
    return { address, trust: { ...trust, allowHttp: true } };
  }
  for (let known = trust; ;) {
    const shown = await inspect(verifier, { address, trust: known }, options);
    if (shown === undefined) return undefined;
    known = shown.trust;
    const { certificate } = shown;
    const { pinnedFingerprint: pinned, caFile } = known;
    if (certificate.fingerprint256 === pinned) return { address, trust: known };
    if (certificate.problem === undefined && pinned === undefined) return { address, trust: known };
    const question = certificateQuestion(address.host, certificate, pinned, caFile);
    const answer = await consent.toCertificate(question);
    if (answer === undefined) return undefined;
    if (answer === 'trust') return { address, trust: { ...known, pinnedFingerprint: certificate.fingerprint256 } };
    known = withCaFile(known, answer.caFile);
  }
}

/** Trusts an authority instead of the single certificate that was pinned. */
export function withCaFile({ pinnedFingerprint: _former, ...trust }: RegistryTrust, caFile: string): RegistryTrust {
  return { ...trust, caFile };
}

/** Reads the certificate. If a chosen file cannot be used any more, the person may continue without the files. */
async function inspect(
  { auth, consent }: Verifier,
  { address, trust }: TrustedServer,
  options: Options,
): Promise<{ readonly certificate: CertificateDetails; readonly trust: RegistryTrust } | undefined> {
  try {
    return { certificate: await auth.inspectCertificate(address, trust, options), trust };
  } catch (error) {
    const { caFile, clientCertFile, clientKeyFile, ...others } = trust;
    const hasFiles = [caFile, clientCertFile, clientKeyFile].some((file) => file !== undefined);
    if (!(error instanceof TeaChestError) || error.code !== 'argumentInvalid' || !hasFiles) throw error;
    if (!(await consent.toLeaveOutFiles(error.message))) return undefined;
    return { certificate: await auth.inspectCertificate(address, others, options), trust: others };
  }
}
