import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { systemCode } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { carries, checkHost, authenticateRequest, type RelayCredential } from './authenticateRequest.ts';
import type { RelayBackend } from './relayBackend.ts';
import { RelayError, sendRelayError, toRelayError } from './relayErrors.ts';
import { RelayRepository } from './relayRepository.ts';

/** As many as engines open for some pushes at once; more are somebody's who only wants to keep us busy. */
const mostConnections = 256;
/** Bytes of a body that are read although its request is refused, so that the answer is not lost to a reset. */
const refusedBody = 64 * 1024;
/** Milliseconds for the same. */
const refusedBodyMs = 2_000;

/** A registry on 127.0.0.1 that takes pushes, each into a repository of its own, from whoever has the secret. */
export class RelayServer {
  readonly port: number;
  readonly #server: Server;
  readonly #credential: RelayCredential;
  readonly #logger: Logger;
  readonly #repositories = new Map<string, { readonly repository: RelayRepository; readonly onVisit: () => void }>();
  readonly #contacts = new Map<RelayCredential, () => void>();

  private constructor(server: Server, credential: RelayCredential, logger: Logger) {
    this.port = (server.address() as AddressInfo).port;
    this.#server = server;
    this.#credential = credential;
    this.#logger = logger;
    server.on('request', (request, response) => void this.#answer(request, response));
    // Whoever waits for leave to send a body gets it after the credential was looked at, not before.
    server.on('checkContinue', (request, response) => void this.#answer(request, response));
    // Without a listener an error of the listening socket, as when there are no files left to open, ends the process.
    server.on('error', (error) => {
      logger.warn(`The relay’s endpoint has trouble with its connections: ${error.message}`);
    });
  }

  /** Listens on the first of these ports that is free; 0 stands for any. */
  static async start(ports: readonly number[], credential: RelayCredential, logger: Logger): Promise<RelayServer> {
    const server = createServer({
      // An upload takes as long as it takes; a stranger who opens connections and says nothing does not.
      requestTimeout: 0,
      headersTimeout: 15_000,
      // Longer than the 30 s for which moby keeps a connection, so that we never close one that it is about to use.
      keepAliveTimeout: 60_000,
      connectionsCheckingInterval: 5_000,
    });
    server.maxConnections = mostConnections;
    server.on('clientError', refuseGarbage);
    for (const [at, port] of ports.entries()) {
      try {
        await listen(server, port);
        break;
      } catch (error) {
        const code = systemCode(error);
        const isTaken = code === 'EADDRINUSE' || code === 'EACCES';
        if (!isTaken || at === ports.length - 1) throw error;
      }
    }
    return new RelayServer(server, credential, logger);
  }

  /** `127.0.0.1:port`, as image names begin that are pushed to here. */
  get host(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Opens a repository; gives the function that closes it again. `onVisit` is told of every request that is let in. */
  serve(name: string, backend: RelayBackend, onVisit: () => void): () => void {
    const repository = new RelayRepository(name, backend);
    this.#repositories.set(name, { repository, onVisit });
    return () => {
      this.#repositories.delete(name);
      repository.close();
    };
  }

  /**
   * Calls `onContact` when a request comes with a credential that was made for this alone; such a request gets nothing
   * else. Gives the function that ends it.
   */
  expect(credential: RelayCredential, onContact: () => void): () => void {
    this.#contacts.set(credential, onContact);
    return () => {
      this.#contacts.delete(credential);
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
    // Whoever reads the body learns that it broke off; when nobody does, it must not become an uncaught error.
    request.on('error', () => undefined);
    let isLetIn = false;
    try {
      checkHost(request, this.host);
      this.#noteContact(request);
      authenticateRequest(request, this.#credential);
      isLetIn = true;
      if (request.headers.expect !== undefined) response.writeContinue();
      await this.#route(request, response);
    } catch (error) {
      const refusal = toRelayError(error);
      if (response.headersSent || response.destroyed) return;
      this.#logger.debug(`relay: ${request.method ?? ''} refused with ${refusal.status} ${refusal.code}`);
      sendRelayError(response, refusal);
    } finally {
      // What nobody wants of a body is read all the same: a reset could take the answer with it.
      if (isLetIn) request.resume();
      else drainALittle(request);
    }
  }

  #noteContact(request: IncomingMessage): void {
    for (const [credential, onContact] of this.#contacts) {
      if (!carries(request, credential)) continue;
      onContact();
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
    served.onVisit();
    await served.repository.answer(request, response, path, url.searchParams);
  }
}

/** Of a request that was refused: reads some of its body, for a while, and then ends the connection. */
function drainALittle(request: IncomingMessage): void {
  let left = refusedBody;
  const late = setTimeout(() => request.socket.destroy(), refusedBodyMs);
  late.unref();
  request.on('data', (bytes: Buffer) => {
    left -= bytes.byteLength;
    // Ending it here and now could take the answer with it.
    if (left < 0) request.pause();
  });
  request.once('close', () => {
    clearTimeout(late);
  });
  request.once('end', () => {
    clearTimeout(late);
  });
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
 * Engines try https first, even on loopback. The plain answer to their handshake sends them on to http; containerd's
 * store does so only if there is one (containerd remotes/docker: ErrTLSHandshake on a record that is no TLS).
 */
function refuseGarbage(_error: Error, socket: Duplex): void {
  if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
  else socket.destroy();
}
