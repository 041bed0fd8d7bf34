import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import net, { type AddressInfo, type Socket } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import tls from 'node:tls';
import { connectReading } from '../../../../src/core/docker/client/engineConnections.ts';
import { receiveBody } from '../../../../src/core/docker/client/receiveBody.ts';
import type { EngineEndpoint } from '../../../../src/core/docker/types.ts';
import { makeCertificate } from '../../../fakeGitea/tls/certificate.ts';

/** The ways on which Node gives us a connection's own memory. */
export const engineTransports = ['a unix socket', 'tcp', 'TLS'] as const;
export type EngineTransport = (typeof engineTransports)[number];

/** Answers one request as it likes, byte by byte; `head` is what was asked. */
export type Serve = (connection: Socket, head: string) => void | Promise<void>;

export interface RawEngine extends AsyncDisposable {
  /** The body of the answer, as an export reads it. */
  get(signal: AbortSignal): AsyncGenerator<Buffer, void, void>;
  /** Resolves when every connection that was made has ended. */
  allClosed(): Promise<void>;
  readonly connections: number;
}

/** Something that listens where an engine would, and says what the test wants it to. */
export async function startRawEngine(transport: EngineTransport, serve: Serve): Promise<RawEngine> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'raw-engine-'));
  const sockets: Socket[] = [];
  const ends: Promise<unknown>[] = [];
  const accept = (socket: Socket): void => {
    sockets.push(socket);
    ends.push(new Promise((resolve) => socket.once('close', resolve)));
    // Who is hung up on in mid-answer sees a broken pipe: that is what these tests are about.
    socket.on('error', () => undefined);
    let head = '';
    const listen = (bytes: Buffer): void => {
      head += bytes.toString('latin1');
      if (!head.endsWith('\r\n\r\n')) return;
      socket.off('data', listen).resume();
      void serve(socket, head);
    };
    socket.on('data', listen);
  };
  const certificate = makeCertificate('valid');
  const server =
    transport === 'TLS'
      ? tls.createServer({ cert: certificate.certificatePem, key: certificate.privateKeyPem }, accept)
      : net.createServer(accept);
  const socketPath = path.join(folder, 'docker.sock');
  await once(transport === 'a unix socket' ? server.listen(socketPath) : server.listen(0, '127.0.0.1'), 'listening');
  const address = ((): EngineEndpoint['address'] => {
    if (transport === 'a unix socket') return { kind: 'socket', path: socketPath };
    const ca = Buffer.from(certificate.certificatePem);
    const security = transport === 'TLS' ? { ca, verify: true } : undefined;
    return { kind: 'tcp', host: '127.0.0.1', port: (server.address() as AddressInfo).port, tls: security };
  })();
  return {
    get: (signal) =>
      receiveBody((onBytes) => connectReading(address, onBytes), { host: 'engine', path: '/images/x/get' }, signal),
    allClosed: async () => {
      await Promise.all(ends);
    },
    get connections() {
      return sockets.length;
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Writes as a polite sender does: no more than the other side takes. False if the connection ended before. */
export async function write(connection: Socket, bytes: Uint8Array): Promise<boolean> {
  if (connection.destroyed) return false;
  if (connection.write(bytes)) return true;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      connection.off('drain', done).off('close', done);
      resolve();
    };
    connection.on('drain', done).on('close', done);
  });
  return !connection.destroyed;
}

/** One chunk of a chunked body (RFC 9112 §7.1). */
export function chunk(bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`${bytes.byteLength.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);
}
