import type { Logger } from '../../base/logger.ts';
import { describeCertificate } from './tls/certificate.ts';
import { openConnection, openTls, type ConnectionRoute, type HostTrust, type RequestConnection } from './connection.ts';
import { normalizeFingerprint } from './tls/certificatePin.ts';
import type { Environment } from './proxy.ts';
import { createTrustContext } from './tls/trustContext.ts';
import type { CertificateDetails, RegistryTrust } from '../types.ts';

export interface RegistryConnectorOptions {
  /** The registry's own origin: what the person decided about its certificate holds there alone. */
  readonly own: URL;
  readonly trust: RegistryTrust;
  readonly environment: Environment;
  readonly logger?: Pick<Logger, 'info' | 'warn'>;
}

/** Opens every connection that one registry needs, to itself and to where it sends us. */
export class RegistryConnector {
  readonly #options: RegistryConnectorOptions;
  readonly #pin: string | undefined;
  readonly #contexts = new Map<string, Promise<HostTrust>>();

  constructor(options: RegistryConnectorOptions) {
    this.#options = options;
    const wanted = options.trust.pinnedFingerprint;
    // What is no fingerprint equals none, so that nothing is trusted for it.
    this.#pin = wanted === undefined ? undefined : (normalizeFingerprint(wanted) ?? wanted);
  }

  open(route: ConnectionRoute): Promise<RequestConnection> {
    return openConnection(route, (target) => this.#trustOf(target));
  }

  /** Shows the certificate of an https target, and sends nothing. */
  async inspect(route: ConnectionRoute): Promise<CertificateDetails> {
    const { socket, certificate, problems, trustedBy } = await openTls(route, (target) => this.#trustOf(target));
    socket.destroy();
    return { ...describeCertificate(certificate, problems), ...(trustedBy !== undefined && { trustedBy }) };
  }

  #trustOf(target: URL): Promise<HostTrust> {
    const known = this.#contexts.get(target.host);
    if (known !== undefined) return known;
    const reading = this.#read(target);
    this.#contexts.set(target.host, reading);
    // A file that could not be read may be right the next time.
    reading.catch(() => this.#contexts.delete(target.host));
    return reading;
  }

  async #read(target: URL): Promise<HostTrust> {
    const { own, trust, environment, logger } = this.#options;
    const isOwn = target.host === own.host;
    const context = await createTrustContext(target, trust, { environment, isOwn });
    const used = [
      ...new Set(context.fromFiles.map(({ path }) => path)),
      ...(context.clientCertificate === undefined ? [] : [context.clientCertificate]),
    ];
    if (used.length > 0) logger?.info(`For ${target.host} these certificate files are used: ${used.join(', ')}.`);
    for (const one of context.unread) logger?.warn(`For ${target.host} a certificate file is not used: ${one}.`);
    return { context, pinnedFingerprint: isOwn ? this.#pin : undefined };
  }
}
