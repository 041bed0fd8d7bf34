import type { Readable } from 'node:stream';
import type { SecureContext } from 'node:tls';
import { Agent, type buildConnector, type Dispatcher } from 'undici';
import { TeaChestError } from '../base/errors.ts';
import { openConnection, refusedByProxy, unusableProxy } from './connection.ts';
import { normalizeFingerprint } from './fingerprint.ts';
import type { RegistryRequest, RegistryResponse, Send } from './messages.ts';
import { OutgoingBody } from './outgoingBody.ts';
import { chooseProxy, proxyAuthorization, type Environment } from './proxy.ts';
import { createTrustContext } from './tls.ts';
import { transportFailure } from './transportFailure.ts';
import type { ProxySettings, RegistryAddress, RegistryTrust } from './types.ts';

/** Answers are JSON of this protocol: a manifest has at most 4 MiB (distribution spec), Gitea allows 10. */
const maxBodyBytes = 10 * 1024 * 1024;

/**
 * Milliseconds without progress before the answer's headers come. While a body is being sent each piece that leaves
 * winds the clock up again. A PUT that closes an upload may be silent for minutes: Gitea copies the whole blob to its
 * storage inside it (docs/gitea.md §2, S3 back-ends), and cutting it short would only start the same work again.
 */
const patience = { usual: 60_000, patch: 180_000, put: 900_000 } as const;

export interface TransportOptions {
  readonly address: RegistryAddress;
  readonly trust: RegistryTrust;
  readonly proxy: ProxySettings;
  readonly environment: Environment;
  readonly userAgent: string;
}

export interface Transport {
  readonly send: Send;
  /** Ends every connection, those in use too. */
  close(): Promise<void>;
}

/** The lowest `Send`: one keep-alive pool for one registry, with the person's exceptions for that registry's host only. */
export function createTransport(options: TransportOptions): Transport {
  const { trust } = options;
  const own = new URL(options.address.origin);
  const wanted = trust.pinnedFingerprint;
  // What is no fingerprint equals none, so that nothing is trusted for it.
  const pin = wanted === undefined ? undefined : (normalizeFingerprint(wanted) ?? wanted);
  let context: Promise<SecureContext> | undefined;
  const stopped = new AbortController();

  const open = async (target: URL, proxy: URL | undefined): Promise<Socket> => {
    const route = { target, proxy, signal: stopped.signal };
    try {
      if (target.protocol === 'http:') return await openConnection(route, undefined);
      context ??= createTrustContext(trust.caFile);
      const pinnedFingerprint = target.host === own.host ? pin : undefined;
      return await openConnection(route, { context: await context, pinnedFingerprint });
    } catch (error) {
      throw transportFailure(error, target, stopped.signal);
    }
  };

  const connect = (target: URL): Promise<Socket> => {
    const proxy = chooseProxy(target, options.proxy, options.environment);
    // A request for a plain http registry is sent to the proxy itself.
    return open(target, proxy?.origin === target.origin ? undefined : proxy);
  };
  const agent = new Agent({ connections: 16, connect: connector(connect) });

  return {
    send: async (request) => {
      refusePlainHttp(request.url, own, trust);
      const proxy = chooseProxy(request.url, options.proxy, options.environment);
      const response = await dispatch(agent, request, proxy, options.userAgent);
      if (response.status === 407 && proxy !== undefined) throw refusedByProxy(proxy, request.url, 407);
      return response;
    },
    close: async () => {
      stopped.abort();
      await agent.destroy();
    },
  };
}

type Socket = Awaited<ReturnType<typeof openConnection>>;

function connector(open: (target: URL) => Promise<Socket>): buildConnector.connector {
  return ({ protocol, hostname, port }, callback) => {
    const target = new URL(`${protocol}//${hostname}${port === '' ? '' : `:${port}`}`);
    open(target).then(
      (socket) => {
        callback(null, socket);
      },
      (error: unknown) => {
        callback(error instanceof Error ? error : new Error(String(error)), null);
      },
    );
  };
}

async function dispatch(
  agent: Agent,
  request: RegistryRequest,
  proxy: URL | undefined,
  userAgent: string,
): Promise<RegistryResponse> {
  const { url, method, body, signal } = request;
  const byProxy = proxy !== undefined && url.protocol === 'http:';
  const authorization = byProxy ? proxyAuthorization(proxy) : undefined;
  const outgoing = body === undefined ? undefined : new OutgoingBody(body);
  try {
    const answer = await agent.request({
      origin: byProxy ? proxy.origin : url.origin,
      // A proxy is told the whole URL (RFC 9112 §3.2.2), everybody else only the path.
      path: byProxy ? url.href : `${url.pathname}${url.search}`,
      method,
      headers: {
        host: url.host,
        'user-agent': userAgent,
        ...(authorization === undefined ? {} : { 'proxy-authorization': authorization }),
        ...lengthHeader(request),
        ...request.headers,
      },
      signal,
      // It takes any AsyncIterable (its README, `request.body`), which its types do not say.
      body: (outgoing as unknown as Readable | undefined) ?? null,
      // undici ends a connection after a HEAD, for servers that send a body all the same; a registry does not, and each
      // question of a push would pay for a new handshake. It still ends it unless the server answers `keep-alive`,
      // as nginx does and a bare Gitea does not.
      reset: false,
      headersTimeout: request.headersTimeout ?? usualPatience(method),
      bodyTimeout: patience.usual,
    });
    return { status: answer.statusCode, headers: answer.headers, body: await readBody(answer, url), url };
  } catch (error) {
    const failure = transportFailure(error, url, signal);
    throw byProxy && failure.code === 'registryUnreachable' ? unusableProxy(proxy, url, failure) : failure;
  } finally {
    outgoing?.close();
  }
}

function lengthHeader({ method, body }: RegistryRequest): Record<string, string> {
  if (body !== undefined) return { 'content-length': String(body.length) };
  // Some proxies answer 411 to a POST or PUT that has neither a body nor a length.
  return method === 'POST' || method === 'PUT' || method === 'PATCH' ? { 'content-length': '0' } : {};
}

function usualPatience(method: RegistryRequest['method']): number {
  if (method === 'PATCH') return patience.patch;
  return method === 'PUT' ? patience.put : patience.usual;
}

async function readBody(answer: Dispatcher.ResponseData, url: URL): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
    length += chunk.byteLength;
    if (length > maxBodyBytes) {
      throw new TeaChestError(
        'notARegistry',
        `${url.host} answered with more than ${maxBodyBytes} bytes; no registry does.`,
      );
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Plain http only to the registry for which the person allowed it, and never from an https registry to anywhere. */
function refusePlainHttp(url: URL, own: URL, trust: RegistryTrust): void {
  if (url.protocol === 'https:') return;
  if (own.protocol === 'http:' && trust.allowHttp === true) return;
  const why =
    own.protocol === 'http:'
      ? 'plain http is not allowed for this registry: whoever is on the way could read the password and change the image'
      : 'this registry is used by https, and nothing goes from it to plain http';
  throw new TeaChestError('plainHttp', `${url.host} was not asked: ${why}.`, {
    facts: { host: url.host, httpNotAllowed: own.protocol === 'http:' },
  });
}
