import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { makeScratch } from './scratch.ts';

/** A proxy in front of an engine's socket that notes the requests. */
export interface CountingSocket {
  /** As DOCKER_HOST has it: a unix socket, or `tcp://` where the engine shall seem to be on another machine. */
  readonly host: string;
  /** `GET /v1.41/images/json`, in the order in which they came. */
  readonly requests: string[];
  close(): Promise<void>;
}

const requestLine = /^(GET|HEAD|POST|PUT|DELETE) (\S+) HTTP\/1\.1$/;

export async function countingSocket(engineHost: string, by: 'socket' | 'tcp'): Promise<CountingSocket> {
  const scratch = await makeScratch('counting');
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(engineHost.replace(/^unix:\/\//, ''));
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      socket.on('error', () => undefined);
    }
    near.on('data', (bytes: Buffer) => {
      // The requests of these tests have no bodies in which such a line could stand.
      for (const line of bytes.toString('latin1').split('\r\n')) {
        const [, method = '', path = ''] = requestLine.exec(line) ?? [];
        if (method !== '') requests.push(`${method} ${path}`);
      }
    });
    near.pipe(far).pipe(near);
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
  });
  const path = join(scratch.path, 'docker.sock');
  await once(by === 'socket' ? server.listen(path) : server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  const host = address === null || typeof address === 'string' ? `unix://${path}` : `tcp://127.0.0.1:${address.port}`;
  return {
    host,
    requests,
    close: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      await scratch.remove();
    },
  };
}
