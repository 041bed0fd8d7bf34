import { once } from 'node:events';
import http, { type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { ServerCertificate } from '../fakeGitea/tls/certificate.ts';
import type { FaultAction, RedirectTargets } from './faultList.ts';
import { requestKindOf, type RequestKind } from './requestKinds.ts';

export interface ArmedFault {
  readonly kinds: readonly RequestKind[];
  readonly action: FaultAction;
  /** How many requests of those kinds get it. */
  readonly times: number;
}

/** A reverse proxy in front of a registry that makes some kinds of requests fail. */
export class FaultyProxy {
  readonly host: string;
  readonly origin: string;
  /** How many requests of each kind came since `arm`. */
  readonly seen = new Map<RequestKind, number>();
  /** How many requests got the armed fault. */
  strikes = 0;
  readonly #server: Server;
  readonly #upstream: URL;
  readonly #agent = new http.Agent({ keepAlive: true, maxSockets: 32 });
  readonly #sockets = new Set<Socket>();
  readonly #address: string;
  readonly #port: number;
  readonly #isTls: boolean;
  readonly #elsewhere: string;
  #armed: ArmedFault | undefined;
  #isClosed = false;

  private constructor(server: Server, upstream: URL, isTls: boolean, elsewhere: string) {
    this.#server = server;
    this.#upstream = upstream;
    this.#isTls = isTls;
    this.#elsewhere = elsewhere;
    ({ address: this.#address, port: this.#port } = server.address() as AddressInfo);
    this.host = `${this.#address}:${this.#port}`;
    this.origin = `${isTls ? 'https' : 'http'}://${this.host}`;
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  /** `elsewhere`: the origin of another host, to which redirects may point. `address`: where it listens, by IPv4. */
  static async start(
    upstream: URL,
    certificate: ServerCertificate | undefined,
    elsewhere: string,
    address = '127.0.0.1',
  ): Promise<FaultyProxy> {
    let answer: RequestListener = () => undefined;
    const listener: RequestListener = (request, response) => {
      answer(request, response);
    };
    const server =
      certificate === undefined
        ? http.createServer(listener)
        : https.createServer({ cert: certificate.certificatePem, key: certificate.privateKeyPem }, listener);
    server.keepAliveTimeout = 0;
    server.listen(0, address);
    await once(server, 'listening');
    const proxy = new FaultyProxy(server, upstream, certificate !== undefined, elsewhere);
    answer = (request, response) => {
      const { socket } = request;
      void proxy.#serve(request, response).catch(() => socket.destroy());
    };
    return proxy;
  }

  /** Makes the next requests of some kinds fail, or none; listens again if it was down. */
  async arm(fault: ArmedFault | undefined): Promise<void> {
    this.#armed = undefined;
    await this.recover();
    this.#armed = fault;
    this.strikes = 0;
    this.seen.clear();
  }

  /** Refuses new connections and closes the open ones. */
  goDown(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Listens again if it was down, unless its fault is permanent. */
  async recover(): Promise<void> {
    // A wait of a push that was given up may end after the test.
    if (this.#isClosed || this.#armed?.times === Infinity || this.#server.listening) return;
    this.#server.listen(this.#port, this.#address);
    await once(this.#server, 'listening');
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#agent.destroy();
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.goDown();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const kind = requestKindOf(request.method ?? '', request.url ?? '');
    if (kind !== undefined) this.seen.set(kind, (this.seen.get(kind) ?? 0) + 1);
    const fault = this.#armed;
    const strikes =
      fault !== undefined && kind !== undefined && fault.kinds.includes(kind) && this.strikes < fault.times;
    if (!strikes) {
      await this.#forward(request, response);
      return;
    }
    this.strikes++;
    await fault.action({
      request,
      response,
      targets: this.#targets(request),
      forward: (options) => this.#forward(request, response, options),
      goDown: () => {
        this.goDown();
      },
    });
  }

  #targets(request: IncomingMessage): RedirectTargets {
    const scheme = this.#isTls ? 'https' : 'http';
    return { own: `${scheme}://${this.host}${request.url ?? ''}`, elsewhere: this.#elsewhere };
  }

  async #forward(request: IncomingMessage, response: ServerResponse, options: ForwardOptions = {}): Promise<void> {
    const { hostname, port } = this.#upstream;
    const headers = { ...request.headers, 'x-forwarded-proto': this.#isTls ? 'https' : 'http' };
    const wire = http.request({
      ...{ hostname, port, agent: this.#agent, headers },
      ...{ method: request.method ?? 'GET', path: request.url ?? '/' },
    });
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      wire.once('response', resolve).once('error', reject);
    });
    answered.catch(() => undefined);
    wire.on('error', () => undefined);
    await sendBody(request, wire, options.bodyBytes);
    if (options.bodyBytes !== undefined) {
      wire.destroy();
      return;
    }
    const answer = await answered;
    const body = await readAll(answer);
    const replyHeaders = options.alter === undefined ? answer.headers : options.alter({ ...answer.headers });
    if (options.isDropped === true) return;
    response.writeHead(answer.statusCode ?? 502, replyHeaders);
    if (options.pace === undefined) response.end(body);
    else await drip(response, body, options.pace);
  }
}

export interface ForwardOptions {
  /** Forwards so many bytes of the body, then closes the connection to the registry. */
  readonly bodyBytes?: number;
  /** The registry handles the request, and the client gets no response. */
  readonly isDropped?: boolean;
  readonly alter?: (headers: http.IncomingHttpHeaders) => http.IncomingHttpHeaders;
  /** Waits between the bytes of the answer. */
  readonly pace?: () => Promise<void>;
}

async function sendBody(request: IncomingMessage, wire: http.ClientRequest, limit = Infinity): Promise<void> {
  let sent = 0;
  wire.flushHeaders();
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    const part = chunk.subarray(0, limit - sent);
    sent += part.byteLength;
    if (!wire.write(part) && !wire.destroyed) await drained(wire);
    if (sent >= limit) return;
  }
  wire.end();
}

function drained(wire: http.ClientRequest): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      wire.off('drain', go).off('close', go);
      resolve();
    };
    wire.once('drain', go).once('close', go);
  });
}

export async function readAll(message: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of message as AsyncIterable<Buffer>) parts.push(part);
  return Buffer.concat(parts);
}

async function drip(response: ServerResponse, body: Buffer, pace: () => Promise<void>): Promise<void> {
  response.flushHeaders();
  for (let at = 0; at < body.byteLength && !response.destroyed; at++) {
    response.write(body.subarray(at, at + 1));
    await pace();
  }
  response.end();
}
