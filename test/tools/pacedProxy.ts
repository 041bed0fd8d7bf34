import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { makeScratch } from './scratch.ts';

/** A proxy that passes bytes on no faster than at a rate. What it has not passed on waits in the sender. */
export interface PacedProxy {
  /** `unix:///…/paced.sock` before a unix socket, else `127.0.0.1:port`. */
  readonly host: string;
  close(): Promise<void>;
}

/** Bytes per second, each way; absent: as fast as it can. */
export interface Paces {
  readonly toServer?: number;
  readonly toClient?: number;
}

/** `server`: `unix:///…` or `host:port`. */
export async function startPacedProxy(server: string, { toServer, toClient }: Paces): Promise<PacedProxy> {
  const scratch = await makeScratch('paced');
  const sockets = new Set<Socket>();
  const file = server.startsWith('unix://') ? join(scratch.path, 'paced.sock') : undefined;
  const proxy = createServer((near) => {
    const [host = '', port = ''] = server.split(':');
    const far = file === undefined ? connect(Number(port), host) : connect(server.slice('unix://'.length));
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket)).on('error', () => undefined);
    }
    near.pipe(paced(toServer)).pipe(far);
    far.pipe(paced(toClient)).pipe(near);
    near.on('close', () => far.destroy());
    // Otherwise the answer that is still passed on ends the connection.
    far.on('error', () => near.destroy());
  });
  await once(file === undefined ? proxy.listen(0, '127.0.0.1') : proxy.listen(file), 'listening');
  const address = proxy.address();
  return {
    host: address === null || typeof address === 'string' ? `unix://${address ?? ''}` : `127.0.0.1:${address.port}`,
    close: async () => {
      proxy.close();
      for (const socket of sockets) socket.destroy();
      await scratch.remove();
    },
  };
}

function paced(bytesPerSecond = Infinity): Transform {
  return new Transform({
    highWaterMark: 16 * 1024,
    transform: (chunk: Buffer, _encoding, done) => {
      const pass = (): void => {
        done(null, chunk);
      };
      if (bytesPerSecond === Infinity) pass();
      else setTimeout(pass, (chunk.byteLength * 1000) / bytesPerSecond);
    },
  });
}
