import http from 'node:http';
import net from 'node:net';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import { connectBySsh } from './sshConnection.ts';
import type { EngineEndpoint } from './types.ts';

/** Dead peers are noticed even while the engine is silent, which it may rightly be for minutes. */
const keepAlive = { keepAlive: true, keepAliveInitialDelay: 30_000 } as const;

/** Lets node:http speak with an engine however it is reached. */
export class EngineAgent extends http.Agent {
  readonly #address: EngineEndpoint['address'];

  constructor(address: EngineEndpoint['address']) {
    // A local connection costs nothing; a TLS handshake or an ssh process for each of many requests does.
    super({ keepAlive: address.kind !== 'socket' });
    this.#address = address;
  }

  /** Closes idle connections, and the busy ones as soon as they are idle. */
  retire(): void {
    this.maxFreeSockets = 0;
    for (const sockets of Object.values(this.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
  }

  override createConnection(): Duplex {
    const address = this.#address;
    switch (address.kind) {
      case 'socket':
        return net.connect({ path: address.path });
      case 'ssh':
        return connectBySsh(address.destination, address.socket);
      case 'tcp': {
        const { host, port } = address;
        if (address.tls === undefined) return net.connect({ host, port, ...keepAlive });
        const { verify, ...pem } = address.tls;
        return tls.connect({ host, port, ...keepAlive, ...pem, rejectUnauthorized: verify });
      }
    }
  }
}
