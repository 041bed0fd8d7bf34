import net from 'node:net';
import tls from 'node:tls';
import type { X509Certificate } from 'node:crypto';
import { Client } from 'undici';
import { systemCode, TeaChestError } from '../base/errors.ts';
import {
  certificateProblems,
  changedCertificate,
  fingerprintOf,
  refusedCertificate,
  type CertificateProblems,
} from './certificate.ts';
import { proxyAuthorization } from './proxy.ts';

/** Milliseconds for TCP, proxy and TLS together: a host that drops packets must not look like a slow one. */
const connectTimeout = 15_000;

export interface ConnectionRoute {
  /** What is to be reached: scheme, host and port count. */
  readonly target: URL;
  readonly proxy: URL | undefined;
  readonly signal: AbortSignal;
}

/** A TLS connection whose certificate nobody has judged yet: send nothing before that is done. */
export interface UnjudgedConnection {
  readonly socket: tls.TLSSocket;
  readonly certificate: X509Certificate;
  /** Why the usual check refuses it; undefined if it passes. */
  readonly problems: CertificateProblems | undefined;
}

/** Opens a connection on which a request may be sent: for https only after its certificate was accepted. */
export async function openConnection(
  route: ConnectionRoute,
  trust: { readonly context: tls.SecureContext; readonly pinnedFingerprint: string | undefined } | undefined,
): Promise<net.Socket> {
  if (trust === undefined) return openSocket(route, withinTime(route.signal));
  const connection = await openTls(route, trust.context);
  const refusal = judge(connection, route.target.host, trust.pinnedFingerprint);
  if (refusal === undefined) return connection.socket;
  connection.socket.destroy();
  throw refusal;
}

/** TCP (or a tunnel through the proxy) and the TLS handshake; the certificate is handed out, not judged. */
export async function openTls(route: ConnectionRoute, context: tls.SecureContext): Promise<UnjudgedConnection> {
  const signal = withinTime(route.signal);
  const raw = await openSocket(route, signal);
  const host = bareHost(route.target);
  const socket = tls.connect({
    socket: raw,
    host,
    // SNI carries names only (RFC 6066 §3).
    ...(net.isIP(host) === 0 ? { servername: host } : {}),
    secureContext: context,
    ALPNProtocols: ['http/1.1'],
    // Judged by us, below: so that a refused certificate can be shown, and a pinned one accepted.
    rejectUnauthorized: false,
  });
  await ready(socket, 'secureConnect', signal);
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) {
    socket.destroy();
    throw new TeaChestError('certificateInvalid', `${route.target.host} shows no certificate. Nothing was sent.`);
  }
  // The types say Error; Node puts the code there (tls.TLSSocket, onConnectSecure).
  const problem: unknown = socket.authorizationError;
  const problems = certificateProblems(certificate, host, socket.authorized ? undefined : codeOf(problem));
  return { socket, certificate, problems };
}

function codeOf(problem: unknown): string {
  if (typeof problem === 'string') return problem;
  return systemCode(problem) ?? 'CERT_REJECTED';
}

function judge(
  { certificate, problems }: UnjudgedConnection,
  host: string,
  pinned: string | undefined,
): TeaChestError | undefined {
  if (pinned !== undefined) {
    return fingerprintOf(certificate) === pinned ? undefined : changedCertificate(host, certificate, pinned);
  }
  return problems === undefined ? undefined : refusedCertificate(host, certificate, problems);
}

async function openSocket({ target, proxy }: ConnectionRoute, signal: AbortSignal): Promise<net.Socket> {
  // Plain http goes to the proxy as an ordinary request (absolute form); only https is tunnelled.
  if (proxy !== undefined && target.protocol === 'https:') return openTunnel(target, proxy, signal);
  const socket = net.connect({ host: bareHost(target), port: portOf(target) });
  socket.setNoDelay(true).setKeepAlive(true, 60_000);
  await ready(socket, 'connect', signal);
  return socket;
}

async function openTunnel(target: URL, proxy: URL, signal: AbortSignal): Promise<net.Socket> {
  const client = new Client(proxy.origin, { connect: { timeout: connectTimeout } });
  const authorization = proxyAuthorization(proxy);
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
    if (error instanceof TeaChestError || signal.aborted) throw error;
    throw unusableProxy(proxy, target, error);
  } finally {
    void client.close();
  }
}

export function refusedByProxy(proxy: URL, target: URL, status: number): TeaChestError {
  const why = status === 407 ? 'it wants a user name and a password (407)' : `it answered ${status}`;
  return new TeaChestError('proxyFailed', `The proxy ${proxy.host} did not let us through to ${target.host}: ${why}.`, {
    facts: { proxy: proxy.host, host: target.host, status },
  });
}

export function unusableProxy(proxy: URL, target: URL, error: unknown): TeaChestError {
  const words = (error instanceof Error ? error.message : String(error)).replace(/\.$/, '');
  return new TeaChestError('proxyFailed', `The proxy ${proxy.host} cannot be used to reach ${target.host}: ${words}.`, {
    cause: error,
    facts: { proxy: proxy.host, host: target.host },
  });
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

function withinTime(signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(connectTimeout)]);
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
