import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { ServerCertificate } from '../tls/certificate.ts';

/** A server on 127.0.0.1 that can go down (connections refused) and come back on the same port. */
export class Listener {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #port = 0;

  private constructor(server: Server) {
    this.#server = server;
    // Go's server does not limit the time of a body, and an upload may take any time.
    server.requestTimeout = 0;
    server.keepAliveTimeout = 0;
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    server.on('tlsClientError', (error: NodeJS.ErrnoException, socket: TLSSocket) => {
      if (error.code === 'ERR_SSL_HTTP_REQUEST') this.#answerPlainHttp(socket.remotePort);
    });
  }

  static async start(
    handler: RequestListener,
    certificate: ServerCertificate | undefined,
    port: number,
  ): Promise<Listener> {
    const server =
      certificate === undefined
        ? createHttpServer(handler)
        : createHttpsServer({ cert: certificate.certificatePem, key: certificate.privateKeyPem }, handler);
    const listener = new Listener(server);
    await listener.#listen(port);
    return listener;
  }

  get port(): number {
    return this.#port;
  }

  /** Closes all connections and refuses new ones until `comeBack`. */
  async goDown(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async comeBack(): Promise<void> {
    await this.#listen(this.#port);
  }

  /** The response of Go's server to plain http at its https port. */
  #answerPlainHttp(remotePort: number | undefined): void {
    const connection = [...this.#sockets].find((socket) => socket.remotePort === remotePort);
    connection?.end('HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n');
  }

  async #listen(port: number): Promise<void> {
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  get listening(): boolean {
    return this.#server.listening;
  }
}
