import { createHmac, randomBytes } from 'node:crypto';
import type { Logger } from '../base/logger.ts';
import type { EngineImageName } from '../ports/enginePusher.ts';
import type { RelayCredential } from './authenticateRequest.ts';
import type { RelayBackend } from './relayBackend.ts';
import { RelayReadRepository } from './relayReadRepository.ts';
import { RelayRepository } from './relayRepository.ts';
import { RelayServer } from './relayServer.ts';
import type { RelaySource } from './relaySource.ts';
import type { ServedRepository } from './servedRepository.ts';

export interface RelayEndpointOptions {
  /** The last value that `onPort` got, 0 at first. Engines remember layers by host and port. */
  readonly port: number;
  /** A random text of at least 128 bits that belongs to this installation. */
  readonly secret: string;
  /** The port has changed, and must be stored. */
  readonly onPort: (port: number) => void;
  readonly logger: Logger;
}

/** The repository of one push or pull, as long as it runs. */
export interface RelaySession {
  /** `127.0.0.1:port/tea-chest/…`: what the engine pushes to or pulls from. */
  readonly repository: string;
  readonly credential: RelayCredential;
  /** `onProbe` is called when a request with the probe's credential arrives. */
  expectProbe(onProbe: () => void): RelayProbe;
  close(): Promise<void>;
}

/** A request that an engine is made to send to our endpoint. Its credential is of no use to another listener. */
interface RelayProbe {
  /** The engine is asked to pull this image, which does not exist. */
  readonly name: EngineImageName;
  /** For this probe alone. */
  readonly credential: RelayCredential;
  end(): void;
}

/** If another window of this installation has the port, the next ones are tried, so that each window keeps its port. */
const nextPorts = 3;

/**
 * The endpoint on 127.0.0.1 that engines push to and pull from; it listens only while there is a session. Port, paths and secret stay the
 * same for an installation, because classic engines remember by them which layers they need not send again.
 */
export class RelayEndpoint {
  readonly #options: RelayEndpointOptions;
  readonly #path: string;
  readonly #slots = new Set<number>();
  #port: number;
  #server: Promise<RelayServer> | undefined;
  /** Opening and closing are serialized. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: RelayEndpointOptions) {
    this.#options = options;
    this.#port = options.port;
    this.#path = `tea-chest/${createHmac('sha256', options.secret).update('path').digest('hex').slice(0, 24)}`;
  }

  /**
   * Opens the endpoint for a push, if it is closed. Concurrent pushes and pulls get repositories of their own, numbered from
   * 0. `onRequest` is called for each authenticated request to the repository.
   */
  async open(backend: RelayBackend, onRequest: () => void): Promise<RelaySession> {
    return this.#open((name) => new RelayRepository(name, backend), onRequest);
  }

  /** The same for a pull. */
  async openForPull(source: RelaySource): Promise<RelaySession> {
    return this.#open(
      () => new RelayReadRepository(source),
      () => undefined,
    );
  }

  #open(createRepository: (name: string) => ServedRepository, onRequest: () => void): Promise<RelaySession> {
    return this.#serialize(async () => {
      const server = await (this.#server ??= this.#start());
      let slot = 0;
      while (this.#slots.has(slot)) slot++;
      this.#slots.add(slot);
      const name = `${this.#path}/${slot}`;
      const unserve = server.serve(name, createRepository(name), onRequest);
      let closed: Promise<void> | undefined;
      return {
        repository: `${server.host}/${name}`,
        credential: this.#credential,
        expectProbe: (onProbe) => expectProbe(server, onProbe),
        close: () => (closed ??= this.#serialize(() => this.#closeSession(server, slot, unserve))),
      };
    });
  }

  get #credential(): RelayCredential {
    return { username: 'tea-chest', secret: this.#options.secret };
  }

  async #start(): Promise<RelayServer> {
    const wanted = this.#port;
    const next = wanted === 0 ? [] : Array.from({ length: nextPorts }, (_, at) => wanted + at + 1);
    const ports = [...new Set([wanted, ...next.filter((port) => port < 65_536), 0])];
    try {
      const server = await RelayServer.start(ports, this.#credential, this.#options.logger);
      if (server.port !== wanted) this.#options.onPort(server.port);
      this.#port = server.port;
      return server;
    } catch (error) {
      this.#server = undefined;
      throw error;
    }
  }

  async #closeSession(server: RelayServer, slot: number, unserve: () => void): Promise<void> {
    unserve();
    this.#slots.delete(slot);
    if (this.#slots.size > 0) return;
    this.#server = undefined;
    await server.stop();
  }

  #serialize<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined);
    return result;
  }
}

function expectProbe(server: RelayServer, onProbe: () => void): RelayProbe {
  const credential = { username: 'tea-chest-probe', secret: randomBytes(32).toString('hex') };
  const name = { repository: `${server.host}/tea-chest/probe`, tag: randomBytes(8).toString('hex') };
  return { name, credential, end: server.expectProbe(credential, onProbe) };
}
