import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

import { createMarks, type Marks } from './marks.ts';

export interface RecorderOptions {
  /** The server behind it: `host:port`, or a unix socket's path. */
  readonly to: string;
  /** True for an https origin: what does not begin with a TLS ClientHello is recorded, cut off, and never passed on. */
  readonly tls: boolean;
  /** Where it listens; 127.0.0.2 by default, which VS Code treats as any other host. */
  readonly address?: string;
  /** The name that clients use, if not the address. */
  readonly name?: string;
}

export interface RecordedConnection {
  /** The kind of the client's first bytes. `nothing` while there are none. */
  readonly kind: 'nothing' | 'tls' | 'clear';
  /** The first bytes as text, without marked secrets and credentials. */
  readonly begins: string;
}

/** A TCP proxy in front of a server, which records each connection. */
export interface Recorder {
  /** `host:port` as clients write it. */
  readonly host: string;
  readonly port: number;
  readonly connections: readonly RecordedConnection[];
  /** From now on these bytes may not be seen in the clear. */
  readonly marks: Marks;
  /** Settles as `work` does, but rejects at once when a rule of this recorder is broken meanwhile. */
  watch<T>(work: Promise<T>): Promise<T>;
  /** Asserts that there were connections, and that all with data began with a TLS ClientHello. */
  assertAllTls(): void;
  /** Asserts that no marked bytes were sent in the clear. */
  assertNothingInTheClear(): void;
  /** Clears the record, except for open connections, which may be used again. */
  clear(): void;
  close(): Promise<void>;
}

export async function startRecorder(options: RecorderOptions): Promise<Recorder> {
  const recording = new Recording(options);
  const address = options.address ?? '127.0.0.2';
  // A client that has closed its end may still wait for a response.
  const server = createServer({ allowHalfOpen: true }, (client) => {
    recording.take(client);
  });
  await once(server.listen(0, address), 'listening');
  const { port } = server.address() as AddressInfo;
  const named = options.name ?? address;
  return {
    host: `${named.includes(':') ? `[${named}]` : named}:${port}`,
    port,
    marks: recording.marks,
    get connections() {
      return recording.connections;
    },
    watch: (work) => recording.watch(work),
    assertAllTls: () => {
      recording.assertAllTls();
    },
    assertNothingInTheClear: () => {
      recording.assertNothingInTheClear();
    },
    clear: () => {
      recording.clear();
    },
    close: async () => {
      recording.endAll();
      server.close();
      await once(server, 'close');
    },
  };
}

interface Connection {
  kind: RecordedConnection['kind'];
  begins: string;
  isOpen: boolean;
}

class Recording {
  readonly marks = createMarks();
  readonly #to: string;
  readonly #tls: boolean;
  readonly #sockets = new Set<Socket>();
  #connections: Connection[] = [];
  #broken: string[] = [];
  readonly #waiting = new Set<(error: Error) => void>();

  constructor({ to, tls }: RecorderOptions) {
    this.#to = to;
    this.#tls = tls;
  }

  get connections(): readonly RecordedConnection[] {
    return this.#connections;
  }

  take(client: Socket): void {
    const connection: Connection = { kind: 'nothing', begins: '', isOpen: true };
    this.#connections.push(connection);
    this.#keep(client);
    const scanners = { up: this.marks.scanner(), down: this.marks.scanner() };
    let first = Buffer.alloc(0);
    let server: Socket | undefined;
    client.on('data', (chunk: Buffer) => {
      if (server !== undefined) {
        this.#look(scanners.up(chunk), 'to the server');
        pass(chunk, client, server);
        return;
      }
      first = Buffer.concat([first, chunk]);
      if (first.length < helloLength && looksLikeHello(first)) return;
      connection.kind = looksLikeHello(first) ? 'tls' : 'clear';
      connection.begins = this.marks.mask(first).slice(0, 200);
      if (this.#tls && connection.kind === 'clear') {
        this.#break(`A connection to an https origin began in the clear: ${connection.begins}`);
        client.destroy();
        return;
      }
      this.#look(scanners.up(first), 'to the server');
      server = this.#connect(client, (answered) => {
        this.#look(scanners.down(answered), 'from the server');
      });
      pass(first, client, server);
    });
    client.on('end', () => server?.end());
    client.on('close', () => {
      connection.isOpen = false;
      server?.destroy();
    });
  }

  async watch<T>(work: Promise<T>): Promise<T> {
    let fail: (error: Error) => void = () => undefined;
    const broken = new Promise<never>((_resolve, reject) => {
      fail = reject;
    });
    this.#waiting.add(fail);
    try {
      const result = await Promise.race([work, broken]);
      this.#assertKept();
      return result;
    } finally {
      this.#waiting.delete(fail);
    }
  }

  assertAllTls(): void {
    this.#assertKept();
    const spoken = this.#connections.filter(({ kind }) => kind !== 'nothing');
    assert.ok(spoken.length > 0, 'nothing came through the recorder');
    assert.deepEqual(
      spoken.filter(({ kind }) => kind !== 'tls').map(({ begins }) => begins),
      [],
    );
  }

  assertNothingInTheClear(): void {
    this.#assertKept();
    assert.ok(this.marks.count > 0, 'nothing was marked');
  }

  clear(): void {
    this.#connections = this.#connections.filter(({ isOpen }) => isOpen);
    this.#broken = [];
  }

  endAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #connect(client: Socket, seen: (chunk: Buffer) => void): Socket {
    const [, host = '', port] = /^\[?(.+?)\]?:(\d+)$/.exec(this.#to) ?? [];
    const target = port === undefined ? { path: this.#to } : { host, port: Number(port) };
    const server = connect({ ...target, allowHalfOpen: true });
    this.#keep(server);
    server.on('data', (chunk: Buffer) => {
      seen(chunk);
      pass(chunk, server, client);
    });
    server.on('end', () => client.end());
    server.on('close', () => client.destroy());
    return server;
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('close', () => this.#sockets.delete(socket));
    // The other end may close at any time. The record has the bytes until then.
    socket.on('error', () => socket.destroy());
  }

  #look(found: string | undefined, direction: string): void {
    if (found !== undefined) this.#break(`${found} passed in the clear, ${direction}`);
  }

  #break(what: string): void {
    this.#broken.push(what);
    for (const fail of this.#waiting) fail(new assert.AssertionError({ message: what }));
  }

  #assertKept(): void {
    if (this.#broken.length > 0) assert.fail([...new Set(this.#broken)].join('\n'));
  }
}

function pass(chunk: Buffer, from: Socket, to: Socket): void {
  if (to.destroyed || to.write(chunk)) return;
  from.pause();
  to.once('drain', () => from.resume());
}

const helloLength = 6;

/** A TLS record (RFC 8446 §5.1) of type handshake that begins with a ClientHello (§4.1.2); as far as there are bytes. */
function looksLikeHello(bytes: Buffer): boolean {
  const [type = 0x16, major = 0x03, minor = 0x01, , , message = 0x01] = bytes;
  return type === 0x16 && major === 0x03 && minor <= 0x04 && message === 0x01;
}
