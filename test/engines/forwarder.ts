import { readFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';

import type { CertificateFolder } from '../tools/certificates.ts';

export interface ForwarderOptions {
  /** The socket of an engine. */
  readonly to: string;
  readonly address: string;
  /** By TLS, for clients with a certificate of the same authority; undefined: by plain tcp. */
  readonly tls: CertificateFolder | undefined;
}

export interface Forwarder {
  /** `address:port`. */
  readonly host: string;
  readonly close: () => Promise<void>;
}

/** An engine's socket at a port, as `dockerd --host tcp://…` offers it, for engines that do not listen there themselves. */
export async function startForwarder({ to, address, tls }: ForwarderOptions): Promise<Forwarder> {
  const sockets = new Set<Socket>();
  const forward = (client: Socket): void => {
    const engine = connect({ path: to, allowHalfOpen: true });
    for (const [socket, other] of [
      [client, engine],
      [engine, client],
    ] as const) {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      socket.on('error', () => other.destroy());
      socket.pipe(other);
    }
  };
  const server: Server =
    tls === undefined
      ? createServer({ allowHalfOpen: true }, forward)
      : createTlsServer({ ...(await readKeys(tls)), requestCert: true, rejectUnauthorized: true }, forward);
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  return {
    host: `${address}:${(server.address() as AddressInfo).port}`,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function readKeys({ ca, cert, key }: CertificateFolder): Promise<Record<'ca' | 'cert' | 'key', Buffer>> {
  return { ca: await readFile(ca), cert: await readFile(cert), key: await readFile(key) };
}
