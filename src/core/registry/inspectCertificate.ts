import { describeCertificate } from './certificate.ts';
import { openTls } from './connection.ts';
import { chooseProxy, type Environment } from './proxy.ts';
import { createTrustContext } from './tls.ts';
import { transportFailure } from './transportFailure.ts';
import type { CertificateDetails, ProxySettings, RegistryAddress } from './types.ts';

/**
 * Shows the certificate of an https registry without sending it anything: for a person who is to decide on trust.
 * Rejects with `plainHttp` if no TLS is spoken there, with `registryUnreachable` or `proxyFailed` if nothing answers.
 */
export async function inspectCertificate(
  address: RegistryAddress,
  options: {
    readonly proxy: ProxySettings;
    readonly environment: Environment;
    readonly caFile?: string;
    readonly signal: AbortSignal;
  },
): Promise<CertificateDetails> {
  const target = new URL(address.origin);
  target.protocol = 'https:';
  const proxy = chooseProxy(target, options.proxy, options.environment);
  const context = await createTrustContext(options.caFile);
  try {
    const { socket, certificate, problems } = await openTls({ target, proxy, signal: options.signal }, context);
    socket.destroy();
    return describeCertificate(certificate, problems);
  } catch (error) {
    throw transportFailure(error, target, options.signal);
  }
}
