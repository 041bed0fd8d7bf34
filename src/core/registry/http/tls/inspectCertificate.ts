import { chooseProxy, type Environment } from '../proxy.ts';
import { RegistryConnector } from '../registryConnector.ts';
import { transportFailure } from '../transportFailure.ts';
import type { CertificateDetails, ProxySettings, RegistryAddress, RegistryTrust } from '../../types.ts';

/**
 * Shows the certificate of an https registry without sending it anything: for a person who is to decide on trust.
 * Rejects with `plainHttp` if no TLS is spoken there, with `registryUnreachable` or `proxyFailed` if nothing answers.
 */
export async function inspectCertificate(
  address: RegistryAddress,
  options: {
    readonly proxy: ProxySettings;
    readonly environment: Environment;
    readonly trust?: RegistryTrust;
    readonly signal: AbortSignal;
  },
): Promise<CertificateDetails> {
  const target = new URL(address.origin);
  target.protocol = 'https:';
  const { environment, trust = {}, signal } = options;
  const proxy = chooseProxy(target, options.proxy, environment);
  try {
    return await new RegistryConnector({ own: target, trust, environment }).inspect({ target, proxy, signal });
  } catch (error) {
    throw transportFailure(error, target, signal);
  }
}
