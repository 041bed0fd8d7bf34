import { createConnection, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { makeScratch } from './scratch.ts';

/** A proxy in front of an engine's socket that can close it: to the client the engine ends in the middle of a response. */
export interface SeverableSocket {
  /** As DOCKER_HOST has it. */
  readonly host: string;
  /** Closes every connection, and accepts no new one. */
  sever(): void;
  close(): Promise<void>;
}

export async function severableSocket(engineHost: string): Promise<SeverableSocket> {
  const scratch = await makeScratch('severable');
  const path = join(scratch.path, 'docker.sock');
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = createConnection(engineHost.replace(/^unix:\/\//, ''));
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      // An error at one end closes the other.
      socket.on('error', () => undefined);
    }
    near.pipe(far).pipe(near);
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const sever = (): void => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return {
    host: `unix://${path}`,
    sever,
    close: async () => {
      sever();
      await scratch.remove();
    },
  };
}
