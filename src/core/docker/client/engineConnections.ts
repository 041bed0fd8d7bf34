import net from 'node:net';
import type { Duplex, Readable } from 'node:stream';
import tls from 'node:tls';
import { Client, type buildConnector, type Dispatcher } from 'undici';
import { Semaphore } from '../../base/semaphore.ts';
import { connectBySsh } from './sshConnection.ts';
import type { EngineEndpoint } from '../types.ts';

type Address = EngineEndpoint['address'];

/** Dead peers are noticed even while the engine is silent, which it may rightly be for minutes. */
const keepAlive = { keepAlive: true, keepAliveInitialDelay: 30_000 } as const;

/** Milliseconds for which an idle connection is kept: engines do not close theirs. */
const idleTime = 600_000;

/** So many calls at once; one ssh process, with its sign-in, serves calls faster than several come to be. */
const callsAtOnce = { socket: 16, tcp: 6, ssh: 2 } as const;

export interface EngineRequest {
  readonly method: Dispatcher.HttpMethod;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

export interface EngineAnswer {
  readonly status: number;
  readonly body: Readable;
}

/** One connection to the engine, opened by the first call and again after it was closed; one call at a time. */
export class EngineConnection {
  readonly #client: Client;
  #opened = 0;
  #socket: Duplex | undefined;
  #isConnected = false;

  constructor(address: Address) {
    const connect: buildConnector.connector = (_options, callback) => {
      this.#opened++;
      this.#isConnected = false;
      const socket = connectTo(address, {});
      this.#socket = socket;
      ready(socket, address).then(
        () => {
          // Whether anybody is there at the end of ssh only an answer tells.
          this.#isConnected = address.kind !== 'ssh';
          // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- an ssh process is no net.Socket, and has all that undici uses of one
          callback(null, socket as net.Socket);
        },
        (error: unknown) => {
          callback(error instanceof Error ? error : new Error(String(error)), null);
        },
      );
    };
    // Each call has a time of its own, and some may be silent for as long as they like (see EngineModem).
    const timeouts = { headersTimeout: 0, bodyTimeout: 0, keepAliveTimeout: idleTime, keepAliveMaxTimeout: idleTime };
    // A local connection costs nothing; a TLS handshake or an ssh process for each of many requests does.
    this.#client = new Client('http://engine', { connect, pipelining: keeps(address) ? 1 : 0, ...timeouts });
  }

  /** The engine, or whoever listens there, has taken the connection. */
  get isConnected(): boolean {
    return this.#isConnected;
  }

  /**
   * Resolves with the head of the answer. A kept connection may have been closed by the other side while it was idle: if
   * nothing was answered there, the call is made again on a new one.
   */
  async send(request: EngineRequest): Promise<EngineAnswer> {
    const before = this.#opened;
    try {
      return await this.#sendOnce(request);
    } catch (error) {
      const wasKept = before > 0 && this.#opened === before;
      if (!wasKept || request.signal.aborted || this.#client.destroyed) throw error;
      return this.#sendOnce(request);
    }
  }

  async #sendOnce(request: EngineRequest): Promise<EngineAnswer> {
    const { statusCode, body } = await this.#client.request(request);
    this.#isConnected = true;
    return { status: statusCode, body };
  }

  close(): void {
    void this.#client.destroy();
    this.#socket?.destroy();
  }
}

/** The connections to one engine, however it is reached. */
export class EngineAgent {
  readonly #address: Address;
  readonly #calls: Semaphore;
  readonly #idle: EngineConnection[] = [];
  readonly #all = new Set<EngineConnection>();
  #isRetired = false;

  constructor(address: Address) {
    this.#address = address;
    this.#calls = new Semaphore(callsAtOnce[address.kind]);
  }

  /** Makes a call whose answer is read to its end within `use`; waits while as many are made as there may be. */
  async call<T>(use: (connection: EngineConnection) => Promise<T>, signal: AbortSignal): Promise<T> {
    return this.#calls.run(async () => {
      const connection = this.#idle.pop() ?? this.#open();
      let isGood = false;
      try {
        const result = await use(connection);
        isGood = true;
        return result;
      } finally {
        if (isGood && keeps(this.#address) && !this.#isRetired) this.#idle.push(connection);
        else this.#close(connection);
      }
    }, signal);
  }

  /** Makes a call whose answer goes on for long, on a connection of its own that ends with it. */
  async stream(use: (connection: EngineConnection) => Promise<Readable>): Promise<Readable> {
    const connection = this.#open();
    try {
      const body = await use(connection);
      body.once('close', () => {
        this.#close(connection);
      });
      return body;
    } catch (error) {
      this.#close(connection);
      throw error;
    }
  }

  /** Closes idle connections, and the busy ones as soon as they are idle. */
  retire(): void {
    this.#isRetired = true;
    for (const connection of this.#idle.splice(0)) this.#close(connection);
  }

  /** Closes all connections, those in use as well. */
  destroy(): void {
    this.#idle.splice(0);
    for (const connection of this.#all) this.#close(connection);
  }

  #open(): EngineConnection {
    const connection = new EngineConnection(this.#address);
    this.#all.add(connection);
    return connection;
  }

  #close(connection: EngineConnection): void {
    this.#all.delete(connection);
    connection.close();
  }
}

/** The value of the Host header. */
export function hostHeader(address: Address): string {
  if (address.kind !== 'tcp') return 'localhost';
  return net.isIPv6(address.host) ? `[${address.host}]` : address.host;
}

/** The memory for what arrives on a connection of its own, used again and again. */
const arrivalBytes = 256 * 1024;

/** A connection to the engine whose bytes are shown as they arrive; see `Connect`. */
export function connectReading(address: Address, onBytes: (bytes: Uint8Array) => boolean): Duplex {
  if (address.kind === 'ssh') {
    const connection = connectTo(address, {});
    return connection.on('data', (bytes: Buffer) => {
      if (!onBytes(bytes)) connection.pause();
    });
  }
  const buffer = Buffer.allocUnsafeSlow(arrivalBytes);
  return connectTo(address, { onread: { buffer, callback: (length) => onBytes(buffer.subarray(0, length)) } });
}

/**
 * Begins every connection to an engine. `onread`: as of net.connect and tls.connect; where a connection is neither, it is
 * not used. VS Code's extension host replaces both, and its own lose `onread`: net.connect always, tls.connect unless it
 * is told whom to believe.
 */
function connectTo(address: Address, reading: { readonly onread?: net.OnReadOpts }): Duplex {
  switch (address.kind) {
    case 'socket':
      return socketFor(reading).connect({ path: address.path });
    case 'ssh':
      return connectBySsh(address.destination, address.socket);
    case 'tcp': {
      const { host, port } = address;
      if (address.tls === undefined) return socketFor(reading).connect({ host, port, ...keepAlive });
      const { verify, ...pem } = address.tls;
      const ca = pem.ca ?? knownAuthorities();
      return tls.connect({ host, port, ...keepAlive, ...pem, ca, ...reading, rejectUnauthorized: verify });
    }
  }
}

/** `onread` is taken when a socket is made, not when it is connected. */
function socketFor(reading: { readonly onread?: net.OnReadOpts }): net.Socket {
  return new net.Socket(reading);
}

function knownAuthorities(): string[] {
  // As in registry/tls.ts, which knows more of them.
  const get = (tls as Partial<typeof tls>).getCACertificates;
  return get === undefined ? [...tls.rootCertificates] : [...new Set([...get('default'), ...get('system')])];
}

/** Waits until something can be sent: for TLS not before the engine's certificate was accepted. */
async function ready(socket: Duplex, address: Address): Promise<void> {
  // Whoever waits is told by `close` or by undici; between the two nobody listens.
  socket.on('error', () => undefined);
  // ssh says nothing when it is through. What is written waits for it.
  if (address.kind === 'ssh') return;
  const event = address.kind === 'tcp' && address.tls !== undefined ? 'secureConnect' : 'connect';
  await new Promise<void>((resolve, reject) => {
    socket.once(event, resolve).once('error', reject);
    socket.once('close', () => {
      reject(Object.assign(new Error('the connection was closed'), { code: 'ECONNRESET' }));
    });
  });
}

function keeps({ kind }: Address): boolean {
  return kind !== 'socket';
}
