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
    return connectTo(this.#address, {});
  }
}

/** The memory for what arrives on a connection of its own, used again and again. */
const arrivalBytes = 256 * 1024;

/** A connection to the engine whose bytes are shown as they arrive; see `Connect`. */
export function connectReading(address: EngineEndpoint['address'], onBytes: (bytes: Uint8Array) => boolean): Duplex {
  if (address.kind === 'ssh') {
    const connection = connectTo(address, {});
    return connection.on('data', (bytes: Buffer) => {
      if (!onBytes(bytes)) connection.pause();
    });
  }
  const buffer = Buffer.allocUnsafeSlow(arrivalBytes);
  return connectTo(address, { onread: { buffer, callback: (length) => onBytes(buffer.subarray(0, length)) } });
}

/** `onread`: of net.connect and tls.connect; where a connection is neither, it is not used. */
function connectTo(address: EngineEndpoint['address'], reading: { readonly onread?: net.OnReadOpts }): Duplex {
  switch (address.kind) {
    case 'socket':
      return net.connect({ path: address.path, ...reading });
    case 'ssh':
      return connectBySsh(address.destination, address.socket);
    case 'tcp': {
      const { host, port } = address;
      if (address.tls === undefined) return net.connect({ host, port, ...keepAlive, ...reading });
      const { verify, ...pem } = address.tls;
      return tls.connect({ host, port, ...keepAlive, ...pem, ...reading, rejectUnauthorized: verify });
    }
  }
}
