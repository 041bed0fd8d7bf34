import { X509Certificate } from 'node:crypto';
import * as l10n from '@vscode/l10n';
import * as v from 'valibot';
import { parseJson } from '../base/json.ts';
import type { CredentialMachine } from '../credentials/credentialMachine.ts';
import { fingerprintOf } from '../registry/http/tls/certificate.ts';
import type { LocalCluster } from './findClusters.ts';
import { runKubectl, type ProgramOptions } from './runProgram.ts';

/** The certificates that the cluster has for its web pages, or why they are not known. */
export type ClusterCertificates =
  /** SHA-256 of each, 64 lower-case hex digits. */
  { readonly fingerprints: readonly string[] } | { readonly problem: string };

/** idpbuilder puts the certificate that its ingress shows there, without the key (pkg/build/tls.go, since 0.6). */
const secretName = 'idpbuilder-cert';
const namespace = 'default';

const secret = v.object({ data: v.object({ 'ca.crt': v.string() }) });

export async function readClusterCertificates(
  machine: CredentialMachine,
  cluster: LocalCluster,
  options: ProgramOptions,
): Promise<ClusterCertificates> {
  const output = await runKubectl(machine, cluster, ['get', 'secret', secretName, '-n', namespace], options);
  if ('problem' in output) return output;
  const fingerprints = parseCertificateSecret(output.stdout);
  return fingerprints.length > 0
    ? { fingerprints }
    : { problem: l10n.t`The secret ${secretName} of the cluster has no certificate that can be read.` };
}

/** The fingerprints of all certificates in the secret; none if one of them cannot be read. */
export function parseCertificateSecret(stdout: string): readonly string[] {
  const encoded = parseJson(secret, stdout)?.data['ca.crt'] ?? '';
  const pem = Buffer.from(encoded, 'base64').toString('latin1');
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  try {
    return blocks.map((block) => fingerprintOf(new X509Certificate(block)));
  } catch {
    return [];
  }
}
