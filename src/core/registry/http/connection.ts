import type { X509Certificate } from 'node:crypto';
import net from 'node:net';
import tls from 'node:tls';
import * as l10n from '@vscode/l10n';
import { Client, type buildConnector } from 'undici';
import { systemCode, TeaChestError } from '../../base/errors.ts';
import { certificateProblems, refusedCertificate, type CertificateProblems } from './tls/certificate.ts';
import { checkPin } from './tls/certificatePin.ts';
import { refusedByProxy, unusableProxy, type Proxy } from './proxy.ts';
import { isKnownIssuer, vouchedBy, type TrustContext } from './tls/trustContext.ts';
import { describeFailure } from './transportFailure.ts';

/** Milliseconds for TCP, proxy and TLS together: so that a host that drops packets fails soon. */
const connectTime = 15_000;

declare const certificateAccepted: unique symbol;

/**
 * A connection on which requests to its target may be written: for https one whose certificate was accepted. Only
 * `openConnection` makes one, and undici takes no other (see `connectorOf`).
 */
export type RequestConnection = net.Socket & { readonly [certificateAccepted]: true };

export interface ConnectionRoute {
  /** Only scheme, host and port matter. */
  readonly target: URL;
  readonly proxy: Proxy | undefined;
  readonly signal: AbortSignal;
  /** Milliseconds until it is given up; see `connectTime`. */
  readonly connectTime?: number;
}

/** How the certificate of a host is checked. */
export interface HostTrust {
  readonly context: TrustContext;
  /** Accept exactly this certificate, whoever signed it. */
  readonly pinnedFingerprint: string | undefined;
}

export type TrustOf = (target: URL) => Promise<HostTrust>;

/** A TLS connection whose certificate was not checked yet: nothing may be sent before that is done. */
interface UnverifiedConnection {
  readonly socket: tls.TLSSocket;
  readonly certificate: X509Certificate;
  readonly trust: HostTrust;
  /** Why the usual check refuses it; undefined if it passes. */
  readonly problems: CertificateProblems | undefined;
  /** What vouches for it; undefined if nothing does. */
  readonly trustedBy: string | undefined;
}

/** Opens a connection on which a request may be sent: for https only after its certificate was accepted. */
export async function openConnection(route: ConnectionRoute, trustOf: TrustOf): Promise<RequestConnection> {
  const { target } = route;
  if (target.protocol === 'http:') return (await openSocket(route, trustOf, withinTime(route))) as RequestConnection;
  const connection = await openTls(route, trustOf);
  const refusal = verify(connection, target.host);
  if (refusal === undefined) return connection.socket as net.Socket as RequestConnection;
  connection.socket.destroy();
  throw refusal;
}

/** TCP (or a tunnel through the proxy) and the TLS handshake; the certificate is returned, not checked. */
export async function openTls(route: ConnectionRoute, trustOf: TrustOf): Promise<UnverifiedConnection> {
  const { target } = route;
  const trust = await trustOf(target);
  const signal = withinTime(route);
  const raw = await openSocket(route, trustOf, signal);
  const host = bareHost(target);
  const socket = tls.connect({
    socket: raw,
    host,
    // SNI carries names only (RFC 6066 §3).
    ...(net.isIP(host) === 0 ? { servername: host } : {}),
    secureContext: trust.context.secure,
    ALPNProtocols: ['http/1.1'],
    // Checked below, so that a refused certificate can be shown to the person, and a pinned one accepted.
    rejectUnauthorized: false,
  });
  await ready(socket, 'secureConnect', signal);
  // With TLS 1.3 a server refuses a client certificate after the handshake, by an alert that does not close the socket.
  // Without this, a request would fail with the close that follows, and not with the alert.
  socket.on('error', (error: Error) => socket.destroy(error));
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) {
    socket.destroy();
    throw new TeaChestError('certificateInvalid', l10n.t`${target.host} shows no certificate. Nothing was sent.`);
  }
  // By its types an Error, but Node sets the code (tls.TLSSocket, onConnectSecure).
  const problem: unknown = socket.authorizationError;
  const problems = certificateProblems(certificate, host, socket.authorized ? undefined : codeOf(problem), {
    isKnownIssuer: (chain) => isKnownIssuer(trust.context, chain),
    now: Date.now(),
  });
  const trustedBy = problems === undefined ? vouchedBy(trust.context, certificate) : undefined;
  return { socket, certificate, trust, problems, trustedBy };
}

/** Has undici use our connections and no others. It gives a host without the brackets of an IPv6 address. */
export function connectorOf(open: (target: URL) => Promise<RequestConnection>): buildConnector.connector {
  return ({ protocol, hostname, port }, callback) => {
    const host = net.isIPv6(hostname) ? `[${hostname}]` : hostname;
    open(new URL(`${protocol}//${host}${port === '' ? '' : `:${port}`}`)).then(
      (socket) => {
        callback(null, socket);
      },
      (error: unknown) => {
        callback(error instanceof Error ? error : new Error(String(error)), null);
      },
    );
  };
}

function codeOf(problem: unknown): string {
  if (typeof problem === 'string') return problem;
  return systemCode(problem) ?? 'CERT_REJECTED';
}

function verify({ certificate, problems, trust }: UnverifiedConnection, host: string): TeaChestError | undefined {
  const { pinnedFingerprint: pinned, context } = trust;
  if (pinned !== undefined) {
    return checkPin(host, certificate, pinned);
  }
  return problems === undefined ? undefined : refusedCertificate(host, certificate, problems, context.unread);
}

async function openSocket(route: ConnectionRoute, trustOf: TrustOf, signal: AbortSignal): Promise<net.Socket> {
  const { target, proxy } = route;
  // Requests to plain http go to the proxy in absolute form; only https is tunnelled.
  if (proxy !== undefined && target.protocol === 'https:') return openTunnel(target, proxy, trustOf, signal);
  const socket = net.connect({ host: bareHost(target), port: portOf(target) });
  socket.setNoDelay(true).setKeepAlive(true, 60_000);
  await ready(socket, 'connect', signal);
  return socket;
}

async function openTunnel(target: URL, proxy: Proxy, trustOf: TrustOf, signal: AbortSignal): Promise<net.Socket> {
  const client = new Client(proxy.url.origin, {
    connect: connectorOf((address) => openConnection({ target: address, proxy: undefined, signal }, trustOf)),
  });
  const { authorization } = proxy;
  const authority = `${target.hostname}:${portOf(target)}`;
  try {
    const { statusCode, socket } = await client.connect({
      path: authority,
      headers: { host: authority, ...(authorization === undefined ? {} : { 'proxy-authorization': authorization }) },
      signal,
    });
    if (statusCode === 200 && socket instanceof net.Socket) return socket;
    socket.on('error', () => undefined).destroy();
    throw refusedByProxy(proxy, target, statusCode);
  } catch (error) {
    if (error instanceof TeaChestError) throw error;
    const late = timedOut(signal);
    if (signal.aborted && late === undefined) throw error;
    throw unusableProxy(proxy, target, describeFailure(late ?? error), error);
  } finally {
    void client.destroy();
  }
}

/** Waits for a socket's first event; destroys it when the signal fires or something else comes first. */
async function ready(socket: net.Socket, event: 'connect' | 'secureConnect', signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const settle = (error?: unknown): void => {
      socket.off(event, succeed).off('error', settle).off('close', closed);
      signal.removeEventListener('abort', abort);
      if (error === undefined) {
        resolve();
        return;
      }
      socket.on('error', () => undefined).destroy();
      reject(error instanceof Error ? error : new Error('the connection was given up', { cause: error }));
    };
    const succeed = (): void => {
      settle();
    };
    const closed = (): void => {
      settle(Object.assign(new Error('the connection was closed'), { code: 'ECONNRESET' }));
    };
    const abort = (): void => {
      settle(timedOut(signal) ?? signal.reason);
    };
    socket.once(event, succeed).once('error', settle).once('close', closed);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
}

function withinTime({ signal, connectTime: time = connectTime }: ConnectionRoute): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(time)]);
}

function timedOut(signal: AbortSignal): Error | undefined {
  const reason: unknown = signal.reason;
  if (!(reason instanceof Error) || reason.name !== 'TimeoutError') return undefined;
  return Object.assign(new Error('no connection in time'), { code: 'ETIMEDOUT' });
}

function bareHost(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}

function portOf(url: URL): number {
  if (url.port !== '') return Number(url.port);
  return url.protocol === 'https:' ? 443 : 80;
}
