import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { systemCode } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { authenticateRequest, checkHost, hasCredential, type RelayCredential } from './authenticateRequest.ts';
import { RelayError, sendRelayError, toRelayError } from './relayErrors.ts';
import type { ServedRepository } from './servedRepository.ts';

/** Enough for several pushes and pulls at once. */
const maxConnections = 256;
/** Bytes and milliseconds for which a rejected request's body is read: closing at once could reset the response away. */
const rejectedBodyBytes = 64 * 1024;
const rejectedBodyMs = 2_000;

/** A registry on 127.0.0.1 for authenticated pushes and pulls, each of them with a repository of its own. */
export class RelayServer {
  readonly port: number;
  readonly #server: Server;
  readonly #credential: RelayCredential;
  readonly #logger: Logger;
  readonly #repositories = new Map<string, { readonly repository: ServedRepository; readonly onRequest: () => void }>();
  readonly #probes = new Map<RelayCredential, () => void>();

  private constructor(server: Server, credential: RelayCredential, logger: Logger) {
    this.port = (server.address() as AddressInfo).port;
    this.#server = server;
    this.#credential = credential;
    this.#logger = logger;
    server.on('request', (request, response) => void this.#answer(request, response));
    // A client that waits for `100 Continue` gets it only after its credential was checked.
    server.on('checkContinue', (request, response) => void this.#answer(request, response));
    // Without a listener an error of the listening socket (too many open files) would end the process.
    server.on('error', (error) => {
      logger.warn(`The relay’s endpoint has trouble with its connections: ${error.message}`);
    });
  }

  /** Listens on the first of these ports that is free; 0 stands for any. */
  static async start(ports: readonly number[], credential: RelayCredential, logger: Logger): Promise<RelayServer> {
    const server = createServer({
      // An upload may take any time; only the headers have a timeout.
      requestTimeout: 0,
      headersTimeout: 15_000,
      // Longer than the 30 s for which moby keeps a connection: we never close one that it is about to use.
      keepAliveTimeout: 60_000,
      connectionsCheckingInterval: 5_000,
    });
    server.maxConnections = maxConnections;
    server.on('clientError', rejectNonHttp);
    for (const [at, port] of ports.entries()) {
      try {
        await listen(server, port);
        break;
      } catch (error) {
        const code = systemCode(error);
        const isInUse = code === 'EADDRINUSE' || code === 'EACCES';
        if (!isInUse || at === ports.length - 1) throw error;
      }
    }
    return new RelayServer(server, credential, logger);
  }

  /** `127.0.0.1:port`, the registry part of image names that are pushed here. */
  get host(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Opens a repository; returns the function that closes it. `onRequest` is called for each authenticated request. */
  serve(name: string, repository: ServedRepository, onRequest: () => void): () => void {
    this.#repositories.set(name, { repository, onRequest });
    return () => {
      this.#repositories.delete(name);
      repository.close();
    };
  }

  /**
   * Calls `onProbe` when a request with this credential arrives; it is answered with 404. Returns the function that ends
   * this.
   */
  expectProbe(credential: RelayCredential, onProbe: () => void): () => void {
    this.#probes.set(credential, onProbe);
    return () => {
      this.#probes.delete(credential);
    };
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve();
      });
    });
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // A reader of the body gets the error; without a reader it must not be uncaught.
    request.on('error', () => undefined);
    let isAuthenticated = false;
    try {
      checkHost(request, this.host);
      this.#checkProbe(request);
      authenticateRequest(request, this.#credential);
      isAuthenticated = true;
      if (request.headers.expect !== undefined) response.writeContinue();
      await this.#route(request, response);
    } catch (error) {
      const relayError = toRelayError(error);
      if (response.headersSent || response.destroyed) return;
      this.#logger.debug(`relay: ${request.method ?? ''} rejected with ${relayError.status} ${relayError.code}`);
      sendRelayError(response, relayError);
    } finally {
      // The rest of the body is read, because closing at once could reset the response away.
      if (isAuthenticated) request.resume();
      else drainBriefly(request);
    }
  }

  #checkProbe(request: IncomingMessage): void {
    for (const [credential, onProbe] of this.#probes) {
      if (!hasCredential(request, credential)) continue;
      onProbe();
      throw new RelayError(404, 'NAME_UNKNOWN', 'There is no such repository.');
    }
  }

  async #route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', `http://${this.host}`);
    if (url.pathname === '/v2/' || url.pathname === '/v2') {
      response.writeHead(200, {
        'content-type': 'application/json',
        'docker-distribution-api-version': 'registry/2.0',
      });
      response.end('{}');
      return;
    }
    const [, name = '', path = ''] = /^\/v2\/(.+?)\/((?:blobs|manifests)\/.*)$/.exec(url.pathname) ?? [];
    const served = this.#repositories.get(name);
    if (served === undefined) throw new RelayError(404, 'NAME_UNKNOWN', 'There is no such repository.');
    served.onRequest();
    await served.repository.answer(request, response, path, url.searchParams);
  }
}

/** Reads a part of a rejected request's body, for a short time, and then closes the connection. */
function drainBriefly(request: IncomingMessage): void {
  let left = rejectedBodyBytes;
  const timer = setTimeout(() => request.socket.destroy(), rejectedBodyMs);
  timer.unref();
  request.on('data', (bytes: Buffer) => {
    left -= bytes.byteLength;
    if (left < 0) request.pause();
  });
  for (const event of ['close', 'end']) {
    request.once(event, () => {
      clearTimeout(timer);
    });
  }
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/**
 * Engines try https first, even on loopback. A plain response to the TLS handshake makes them use http; containerd's store
 * needs such a response (containerd remotes/docker: ErrTLSHandshake on a record that is not TLS).
 */
function rejectNonHttp(_error: Error, socket: Duplex): void {
  if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
  else socket.destroy();
}
