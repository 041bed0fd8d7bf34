import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import * as l10n from '@vscode/l10n';
import { Agent, type Dispatcher } from 'undici';
import { throwIfCancelled } from '../../base/cancel.ts';
import { TeaChestError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import { connectorOf } from './connection.ts';
import { destroyAfter, streamResponse } from './responseStream.ts';
import type { RegistryRequest, RegistryResponse, Send } from './httpTypes.ts';
import { OutgoingBody } from './outgoingBody.ts';
import { chooseProxy, refusedByProxy, unusableProxy, type Environment, type Proxy } from './proxy.ts';
import { RegistryConnector } from './registryConnector.ts';
import { clientCertificateRefusal, describeFailure, transportFailure } from './transportFailure.ts';
import type { ProxySettings, RegistryAddress, RegistryTrust } from '../types.ts';

/** Answers are JSON of this protocol: a manifest has at most 4 MiB (distribution spec), Gitea allows 10. */
const maxBodyBytes = 10 * 1024 * 1024;

/**
 * Milliseconds for the whole body of an answer, once its head is there, and for each MiB of one that is streamed. Without
 * this limit a server that sends a byte now and then could keep a push waiting for ever.
 */
const usualBodyTime = 120_000;

/**
 * Milliseconds without progress before the answer's headers come. While a body is being sent, each piece that is written
 * starts them again. A PUT that commits an upload may take minutes: Gitea copies the whole blob to its storage first
 * (docs/gitea.md §2, S3 back-ends), and another try would start the same work again.
 */
const timeouts: Readonly<Record<string, number>> = { PATCH: 180_000, PUT: 900_000 };
const usualTimeout = 60_000;

export interface TransportOptions {
  readonly address: RegistryAddress;
  readonly trust: RegistryTrust;
  readonly proxy: ProxySettings;
  readonly environment: Environment;
  readonly userAgent: string;
  /** Gets the certificate files that are used, and those that cannot be read. */
  readonly logger?: Pick<Logger, 'info' | 'warn'>;
  /** Milliseconds; see `usualBodyTime`, and `connectTime` of connection.ts. */
  readonly bodyTime?: number;
  readonly connectTime?: number;
}

export interface Transport {
  readonly send: Send;
  /** The local ports of the connections that are open. */
  readonly localPorts: () => readonly number[];
  /** Ends every connection, those in use too. Requests that wait, and later ones, reject with `cancelled`. */
  close(): Promise<void>;
}

/** The lowest `Send`: one keep-alive pool for one registry. The person's trust settings hold for that registry's host only. */
export function createTransport(options: TransportOptions): Transport {
  const { trust, environment, connectTime, bodyTime = usualBodyTime } = options;
  const own = new URL(options.address.origin);
  const connector = new RegistryConnector({ ...options, own });
  const stopped = new AbortController();
  const { signal } = stopped;
  const sockets = new Set<Socket>();

  const agentFor = (proxyOf: (target: URL) => Proxy | undefined): Agent => {
    const open = async (target: URL): ReturnType<RegistryConnector['open']> => {
      try {
        const time = connectTime === undefined ? {} : { connectTime };
        const socket = await connector.open({ target, proxy: proxyOf(target), signal, ...time });
        sockets.add(socket);
        socket.once('close', () => sockets.delete(socket));
        return socket;
      } catch (error) {
        throw transportFailure(error, target, signal);
      }
    };
    return new Agent({ connections: 16, connect: connectorOf(open) });
  };
  const agents: Agents = {
    direct: agentFor((target) => chooseProxy(target, options.proxy, environment)),
    // A request for a plain http registry is sent to the proxy itself.
    byProxy: agentFor(() => undefined),
  };

  return {
    send: async (request) => {
      refusePlainHttp(request.url, own, trust);
      const proxy = chooseProxy(request.url, options.proxy, environment);
      throwIfCancelled(signal);
      const response = await dispatch(agents, request, proxy, { userAgent: options.userAgent, bodyTime }).catch(
        (error: unknown) => {
          throwIfCancelled(signal);
          throw error;
        },
      );
      if (response.status === 407 && proxy !== undefined) throw refusedByProxy(proxy, request.url, 407);
      const refusal = clientCertificateRefusal(request.url, response.status, response.body);
      if (refusal !== undefined) throw refusal;
      return response;
    },
    localPorts: () => [...sockets].flatMap(({ localPort }) => localPort ?? []),
    close: async () => {
      stopped.abort();
      await Promise.all([agents.direct.destroy(), agents.byProxy.destroy()]);
    },
  };
}

interface Agents {
  readonly direct: Agent;
  readonly byProxy: Agent;
}

async function dispatch(
  agents: Agents,
  request: RegistryRequest,
  chosen: Proxy | undefined,
  { userAgent, bodyTime }: { readonly userAgent: string; readonly bodyTime: number },
): Promise<RegistryResponse> {
  const { url, method, body, signal } = request;
  // A request to an https origin goes through a tunnel, and is the same as without a proxy.
  const proxy = url.protocol === 'http:' ? chosen : undefined;
  const outgoing = body === undefined ? undefined : new OutgoingBody(body);
  try {
    const answer = await (proxy === undefined ? agents.direct : agents.byProxy).request({
      origin: proxy === undefined ? url.origin : proxy.url.origin,
      // A proxy gets the whole URL (RFC 9112 §3.2.2), other servers only the path.
      path: proxy === undefined ? `${url.pathname}${url.search}` : url.href,
      method,
      headers: {
        host: url.host,
        'user-agent': userAgent,
        ...(proxy?.authorization === undefined ? {} : { 'proxy-authorization': proxy.authorization }),
        ...lengthHeader(request),
        ...request.headers,
      },
      signal,
      // undici accepts any AsyncIterable (its README, `request.body`), but its types do not.
      body: (outgoing as unknown as Readable | undefined) ?? null,
      // undici closes a connection after a HEAD, for servers that send a body all the same. A registry does not, and each
      // HEAD of a push would cost a new handshake. It still closes it unless the server answers `keep-alive`, as nginx
      // does and Gitea without a proxy does not.
      reset: false,
      headersTimeout: request.headersTimeout ?? timeouts[method] ?? usualTimeout,
      bodyTimeout: usualTimeout,
    });
    const head = { status: answer.statusCode, headers: answer.headers, url };
    if (request.stream !== true || head.status !== 200) return { ...head, body: await readBody(answer, url, bodyTime) };
    return {
      ...head,
      body: Buffer.alloc(0),
      stream: streamResponse(answer.body, { url, signal, timePerMiB: bodyTime }),
    };
  } catch (error) {
    const failure = transportFailure(error, url, signal);
    if (proxy === undefined || failure.code !== 'registryUnreachable') throw failure;
    throw unusableProxy(proxy, url, describeFailure(failure.cause ?? failure), failure);
  } finally {
    outgoing?.close();
  }
}

function lengthHeader({ method, body }: RegistryRequest): Record<string, string> {
  // Some proxies answer 411 to a POST or PUT that has neither a body nor a length.
  const isWrite = method === 'POST' || method === 'PUT' || method === 'PATCH';
  return body !== undefined || isWrite ? { 'content-length': String(body?.length ?? 0) } : {};
}

async function readBody({ body }: Dispatcher.ResponseData, url: URL, bodyTime: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const timer = destroyAfter(body, bodyTime);
  try {
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      length += chunk.byteLength;
      if (length > maxBodyBytes) {
        throw new TeaChestError(
          'notARegistry',
          l10n.t`${url.host} answered with more than ${maxBodyBytes} bytes; no registry does.`,
        );
      }
      chunks.push(chunk);
    }
  } finally {
    clearTimeout(timer);
  }
  return Buffer.concat(chunks);
}

/** Plain http only to the registry for which the person allowed it, and never from an https registry to anywhere. */
function refusePlainHttp(url: URL, own: URL, trust: RegistryTrust): void {
  if (url.protocol === 'https:') return;
  if (own.protocol === 'http:' && trust.allowHttp === true) return;
  const message =
    own.protocol === 'http:'
      ? l10n.t`${url.host} was not asked: plain http is not allowed for this registry: whoever is on the way could read the password and change the image.`
      : l10n.t`${url.host} was not asked: this registry is used by https, and nothing goes from it to plain http.`;
  throw new TeaChestError('plainHttp', message, {
    facts: { host: url.host, httpNotAllowed: own.protocol === 'http:' },
  });
}
