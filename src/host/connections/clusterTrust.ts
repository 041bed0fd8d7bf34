import { isLocalRegistry } from '../../core/credentials/registryKey.ts';
import type { ClusterCertificates } from '../../core/idpbuilder/clusterCertificates.ts';
import type { CertificateDetails, RegistryAddress, RegistryTrust } from '../../core/registry/types.ts';

/** Why the server at the address of a cluster's Gitea may be trusted, or why it may not. */
export type ClusterTrust =
  /** The cluster itself has this certificate. */
  | { readonly kind: 'sameAsCluster' }
  /** The machine trusts whoever issued it. */
  | { readonly kind: 'valid' }
  /** The person, or the caller of the command, has trusted this fingerprint. */
  | { readonly kind: 'trustedBefore' }
  /** http to this machine: nobody else can read it. */
  | { readonly kind: 'localHttp' }
  /** The cluster has another certificate than the server shows. */
  | { readonly kind: 'different'; readonly ofCluster: readonly string[] }
  /** It cannot be compared. The usual question decides. */
  | { readonly kind: 'notCompared'; readonly problem: string | undefined };

interface Shown {
  readonly address: RegistryAddress;
  /** Undefined for http. */
  readonly certificate: CertificateDetails | undefined;
  /** The fingerprint that is trusted already. */
  readonly pinned: string | undefined;
}

export function judgeTrust({ address, certificate, pinned }: Shown, ofCluster: ClusterCertificates): ClusterTrust {
  if (certificate === undefined) {
    return isLocalRegistry(address.origin) ? { kind: 'localHttp' } : { kind: 'notCompared', problem: undefined };
  }
  const { fingerprint256, problem } = certificate;
  if ('fingerprints' in ofCluster && ofCluster.fingerprints.includes(fingerprint256)) return { kind: 'sameAsCluster' };
  if (problem === undefined) return { kind: 'valid' };
  if (fingerprint256 === pinned) return { kind: 'trustedBefore' };
  return 'problem' in ofCluster
    ? { kind: 'notCompared', problem: ofCluster.problem }
    : { kind: 'different', ofCluster: ofCluster.fingerprints };
}

/** What is saved when the person agrees. Undefined if the usual question has to decide. */
export function trustOf(
  { kind }: ClusterTrust,
  certificate: CertificateDetails | undefined,
): RegistryTrust | undefined {
  if (kind === 'notCompared') return undefined;
  if (kind === 'localHttp') return { allowHttp: true };
  if (kind === 'valid' || certificate === undefined) return {};
  return { pinnedFingerprint: certificate.fingerprint256 };
}
