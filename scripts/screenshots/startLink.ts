import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { Transform } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';

/** A TCP connection to a server at a limited rate, as a person's uplink is. */
export interface Link {
  readonly port: number;
  /** Of all connections together, towards the server and from it. */
  setRate(bytesPerSecond: number): void;
  /** Cuts all connections; new ones are refused. */
  close(): Promise<void>;
}

export interface LinkOptions {
  /** `host:port` of the server. */
  readonly to: string;
  readonly address: string;
  readonly port: number;
}

export async function startLink({ to, address, port }: LinkOptions): Promise<Link> {
  const [host = '', serverPort = ''] = to.split(':');
  const limit = createLimit();
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const upstream = connect({ host, port: Number(serverPort), allowHalfOpen: true });
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket
        .once('close', () => sockets.delete(socket))
        .on('error', () => [client, upstream].map((one) => one.destroy()));
    }
    client.pipe(limit.stream()).pipe(upstream);
    upstream.pipe(limit.stream()).pipe(client);
  });
  await once(server.listen(port, address), 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    setRate: limit.setRate,
    close: async () => {
      if (!server.listening) return;
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function createLimit(): { readonly setRate: (bytesPerSecond: number) => void; readonly stream: () => Transform } {
  let rate = Number.POSITIVE_INFINITY;
  let freeAt = 0;
  return {
    setRate: (bytesPerSecond) => {
      rate = bytesPerSecond;
    },
    stream: () =>
      new Transform({
        transform(chunk: Buffer, _encoding, done) {
          const now = performance.now();
          freeAt = Math.max(now, freeAt) + (chunk.length / rate) * 1_000;
          if (freeAt - now < 1) done(null, chunk);
          else
            void wait(freeAt - now).then(() => {
              done(null, chunk);
            });
        },
      }),
  };
}
