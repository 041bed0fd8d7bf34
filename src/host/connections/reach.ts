import type { RegistryAddress, RegistryTrust } from '../../core/registry/types.ts';
import { certificateQuestion, type CertificateQuestion } from './certificateQuestion.ts';
import type { SignInGate } from './signIn.ts';

export interface Reached {
  readonly address: RegistryAddress;
  readonly trust: RegistryTrust;
}

/** What only a person can decide. */
export interface Consent {
  toCertificate(question: CertificateQuestion): Promise<boolean>;
  toPlainHttp(host: string): Promise<boolean>;
}

/** Makes sure that the address may be talked to; asks the person where only they can know. Undefined: they said no. */
export async function reach(
  gate: SignInGate,
  consent: Consent,
  { address, trust }: Reached,
  options: { readonly signal: AbortSignal },
): Promise<Reached | undefined> {
  if (address.origin.startsWith('http:')) {
    if (trust.allowHttp !== true && !(await consent.toPlainHttp(address.host))) return undefined;
    return { address, trust: { ...trust, allowHttp: true } };
  }
  const certificate = await gate.inspectCertificate(address, trust, options);
  const pinned = trust.pinnedFingerprint;
  if (certificate.problem === undefined && pinned === undefined) return { address, trust };
  if (certificate.fingerprint256 === pinned) return { address, trust };
  const question = certificateQuestion(address.host, certificate, pinned);
  if (!(await consent.toCertificate(question))) return undefined;
  return { address, trust: { ...trust, pinnedFingerprint: certificate.fingerprint256 } };
}
