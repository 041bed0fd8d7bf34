import net, { type AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

export interface Recorder {
  readonly port: number;
  /** What clients sent, of each connection. */
  readonly connections: readonly Buffer[];
  /** Each connection that sent something began with a TLS handshake (RFC 8446 §5.1). */
  readonly allBeganWithTls: boolean;
  /** Whether these bytes could be read by whoever listens on the way. */
  showed(text: string): boolean;
}

/** Passes connections on to a port of 127.0.0.1, and keeps all that clients send. Listens where editors patch requests. */
export async function startRecorder(t: TestContext, onwardPort: number, host = '127.0.0.2'): Promise<Recorder> {
  const connections: Buffer[][] = [];
  const whole = (): Buffer[] => connections.map((pieces) => Buffer.concat(pieces));
  const server = net.createServer((socket) => {
    const pieces: Buffer[] = [];
    connections.push(pieces);
    const onward = net.connect(onwardPort, '127.0.0.1');
    socket.on('data', (bytes) => pieces.push(bytes));
    socket.pipe(onward).pipe(socket);
    for (const end of [socket, onward]) {
      end
        .on('error', () => undefined)
        .on('close', () => {
          socket.destroy();
          onward.destroy();
        });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  t.after(() => server.close());
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return whole();
    },
    get allBeganWithTls() {
      return whole().every((bytes) => bytes.length === 0 || (bytes[0] === 0x16 && bytes[1] === 0x03));
    },
    showed: (text) => whole().some((bytes) => bytes.includes(text)),
  };
}
