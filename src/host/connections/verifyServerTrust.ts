import { TeaChestError } from '../../core/base/errors.ts';
import type { CertificateDetails, RegistryAddress, RegistryTrust } from '../../core/registry/types.ts';
import { certificateQuestion, type CertificateQuestion } from './certificateQuestion.ts';
import type { AuthService } from './signIn.ts';

export interface TrustedServer {
  readonly address: RegistryAddress;
  readonly trust: RegistryTrust;
}

/** By which we show a registry who we are. */
export type ClientCertificateFiles = Required<Pick<RegistryTrust, 'clientCertFile' | 'clientKeyFile'>>;

/** What only a person can decide. Undefined is a no. */
export interface Consent {
  /** `trust`: just this certificate, by its fingerprint. */
  toCertificate(question: CertificateQuestion): Promise<'trust' | { readonly caFile: string } | undefined>;
  toPlainHttp(host: string): Promise<boolean>;
  /** `why`: what the registry says of client certificates. */
  toClientCertificate(why: string): Promise<ClientCertificateFiles | undefined>;
  /** `why`: what is wrong with a file that was chosen for the registry. */
  toLeaveOutFiles(why: string): Promise<boolean>;
}

interface Options {
  readonly signal: AbortSignal;
}

/** Makes sure that the address may be talked to; asks the person where only they can know. Undefined: they said no. */
export async function verifyServerTrust(
  auth: AuthService,
  consent: Consent,
  { address, trust }: TrustedServer,
  options: Options,
): Promise<TrustedServer | undefined> {
  if (address.origin.startsWith('http:')) {
    if (trust.allowHttp !== true && !(await consent.toPlainHttp(address.host))) return undefined;
    return { address, trust: { ...trust, allowHttp: true } };
  }
  for (let known = trust; ;) {
    const shown = await inspect(auth, consent, { address, trust: known }, options);
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

/** An authority takes the place of the one certificate that was trusted by sight. */
export function withCaFile({ pinnedFingerprint: _former, ...trust }: RegistryTrust, caFile: string): RegistryTrust {
  return { ...trust, caFile };
}

/** Looks at the certificate; where a chosen file cannot be used any more, the person may do without. */
async function inspect(
  auth: AuthService,
  consent: Consent,
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
