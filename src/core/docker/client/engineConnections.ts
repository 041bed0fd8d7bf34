import net from 'node:net';
import { Readable, type Duplex } from 'node:stream';
import tls from 'node:tls';
import { Client, type buildConnector, type Dispatcher } from 'undici';
import { TeaChestError } from '../../base/errors.ts';
import { Semaphore } from '../../base/semaphore.ts';
import { connectBySsh } from './sshConnection.ts';
import type { EngineEndpoint } from '../types.ts';

type Address = EngineEndpoint['address'];

/** Detects dead peers while the engine sends nothing, which may take minutes in an export. */
const keepAlive = { keepAlive: true, keepAliveInitialDelay: 30_000 } as const;

/** An idle connection is kept this long: engines do not close theirs. */
const idleMs = 600_000;

/**
 * Concurrent calls. One with ssh: each connection is a process that has to sign in, servers limit those that sign in at the
 * same time (sshd_config, MaxStartups), and the engine's events have a connection of their own.
 */
const callsAtOnce = { socket: 16, tcp: 6, ssh: 1 } as const;

export interface EngineRequest {
  readonly method: Dispatcher.HttpMethod;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Sent in chunks while it is read. Such a request has a connection of its own, and is not repeated. */
  readonly body?: AsyncIterable<Uint8Array>;
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
          // With ssh only a response shows that there is an engine.
          this.#isConnected = address.kind !== 'ssh';
          // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- an ssh process is not a net.Socket, but has all that undici uses of one
          callback(null, socket as net.Socket);
        },
        (error: unknown) => {
          callback(error instanceof Error ? error : new Error(String(error)), null);
        },
      );
    };
    // Each call has its own timeout, and some have none: see DockerHttp.
    const timeouts = { headersTimeout: 0, bodyTimeout: 0, keepAliveTimeout: idleMs, keepAliveMaxTimeout: idleMs };
    // A local connection costs nothing; a TLS handshake or an ssh process for each call does.
    this.#client = new Client('http://engine', { connect, pipelining: isKeptAlive(address) ? 1 : 0, ...timeouts });
  }

  /** The connection was accepted. */
  get isConnected(): boolean {
    return this.#isConnected;
  }

  /**
   * Resolves with the head of the response. The other side may have closed a kept connection while it was idle: then the
   * call is repeated on a new one.
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

  async #sendOnce({ body: sent, ...request }: EngineRequest): Promise<EngineAnswer> {
    // The reason why a body broke is reported by who made it.
    const stream = sent && Readable.from(sent, { objectMode: false }).on('error', () => undefined);
    const whole = stream === undefined ? request : { ...request, body: stream };
    const { statusCode, body } = await this.#client.request(whole);
    this.#isConnected = true;
    return { status: statusCode, body };
  }

  close(): void {
    void this.#client.destroy();
    this.#socket?.destroy();
  }
}

/** The connections to one engine: a pool for short calls, and a connection of its own for each stream. */
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

  /** Makes a call whose response is read to its end within `use`; waits while there are too many concurrent calls. */
  async call<T>(use: (connection: EngineConnection) => Promise<T>, signal: AbortSignal): Promise<T> {
    return this.#calls.run(async () => {
      const connection = this.#idle.pop() ?? this.#open();
      let isReusable = false;
      try {
        const result = await use(connection);
        isReusable = true;
        return result;
      } catch (error) {
        // A refusal is an answer that was read to its end, or else its connection is opened again by the next call.
        isReusable = error instanceof TeaChestError && error.code === 'engineFailed';
        throw error;
      } finally {
        if (isReusable && isKeptAlive(this.#address) && !this.#isRetired) this.#idle.push(connection);
        else this.#close(connection);
      }
    }, signal);
  }

  /** Makes a call with a long response, on a connection of its own that is closed with it. */
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

  /** Closes idle connections now, and the others when they become idle. */
  retire(): void {
    this.#isRetired = true;
    for (const connection of this.#idle.splice(0)) this.#close(connection);
  }

  /** Closes all connections, also those in use. */
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

/** The one buffer of a connection that is read with `connectReading`. */
const readBufferSize = 256 * 1024;

/** A connection to the engine that gives its bytes to `onBytes` as they arrive; see `Connect`. */
export function connectReading(address: Address, onBytes: (bytes: Uint8Array) => boolean): Duplex {
  if (address.kind === 'ssh') {
    const connection = connectTo(address, {});
    return connection.on('data', (bytes: Buffer) => {
      if (!onBytes(bytes)) connection.pause();
    });
  }
  const buffer = Buffer.allocUnsafeSlow(readBufferSize);
  return connectTo(address, { onread: { buffer, callback: (length) => onBytes(buffer.subarray(0, length)) } });
}

/**
 * Opens every connection to an engine. `onread` is the option of net.Socket and tls.connect; ssh has none. VS Code's
 * extension host replaces net.connect and tls.connect, and its versions drop `onread`: net.connect always, tls.connect
 * unless `ca` is given.
 */
function connectTo(address: Address, reading: { readonly onread?: net.OnReadOpts }): Duplex {
  switch (address.kind) {
    case 'socket':
      return socketFor(reading).connect({ path: address.path });
    case 'ssh':
      return connectBySsh(address);
    case 'tcp': {
      const { host, port } = address;
      if (address.tls === undefined) return socketFor(reading).connect({ host, port, ...keepAlive });
      const { verify, ...pem } = address.tls;
      const ca = pem.ca ?? knownAuthorities();
      return tls.connect({ host, port, ...keepAlive, ...pem, ca, ...reading, rejectUnauthorized: verify });
    }
  }
}

/** The constructor accepts `onread`; `connect` does not. */
function socketFor(reading: { readonly onread?: net.OnReadOpts }): net.Socket {
  return new net.Socket(reading);
}

function knownAuthorities(): string[] {
  // As registry/http/tls/trustContext.ts, without the folders that it adds. Node has getCACertificates since 22.15.
  const get = (tls as Partial<typeof tls>).getCACertificates;
  return get === undefined ? [...tls.rootCertificates] : [...new Set([...get('default'), ...get('system')])];
}

/** Resolves when something may be sent: for TLS after the engine's certificate was accepted. */
async function ready(socket: Duplex, address: Address): Promise<void> {
  // `close` or undici reports an error. Between the two there would be no listener, and the error would be uncaught.
  socket.on('error', () => undefined);
  // ssh does not report that it is connected. Until then it buffers what is written.
  if (address.kind === 'ssh') return;
  const event = address.kind === 'tcp' && address.tls !== undefined ? 'secureConnect' : 'connect';
  await new Promise<void>((resolve, reject) => {
    socket.once(event, resolve).once('error', reject);
    socket.once('close', () => {
      reject(Object.assign(new Error('the connection was closed'), { code: 'ECONNRESET' }));
    });
  });
}

function isKeptAlive({ kind }: Address): boolean {
  return kind !== 'socket';
}
