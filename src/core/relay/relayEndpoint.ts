import { createHmac, randomBytes } from 'node:crypto';
import type { Logger } from '../base/logger.ts';
import type { EngineImageName } from '../ports/enginePusher.ts';
import type { RelayCredential } from './authenticateRequest.ts';
import type { RelayBackend } from './relayBackend.ts';
import { RelayServer } from './relayServer.ts';

export interface RelayEndpointOptions {
  /** Where to listen: what `onPort` was told last, 0 at first. Engines remember layers by it. */
  readonly port: number;
  /** Of this installation, random, at least 128 bits, as text; kept where secrets are kept. */
  readonly secret: string;
  /** The port had to be another one: to be stored. */
  readonly onPort: (port: number) => void;
  readonly logger: Logger;
}

/** A place of its own for one push, for as long as it runs. */
export interface RelaySession {
  /** `127.0.0.1:port/tea-chest/…`: the repository that the engine is to push to. */
  readonly repository: string;
  readonly credential: RelayCredential;
  /** Waits for an engine that is asked to look here: `onContact` is called when it does. */
  expectContact(onContact: () => void): RelayContact;
  close(): Promise<void>;
}

/** What an engine is told so that it looks at our endpoint: nothing that is of use to anybody else. */
interface RelayContact {
  /** An image that is not there. */
  readonly name: EngineImageName;
  /** Good for nothing but being recognized, and for once. */
  readonly credential: RelayCredential;
  end(): void;
}

/** Another window of the same installation may have the port: then the next ones, so that each stays the same. */
const neighbours = 3;

/**
 * The endpoint on 127.0.0.1 that engines push to, open only while somebody holds a session. Port, paths and secret stay
 * the same for an installation, because classic engines remember by them which layers they need not send again.
 */
export class RelayEndpoint {
  readonly #options: RelayEndpointOptions;
  readonly #path: string;
  readonly #slots = new Set<number>();
  #port: number;
  #server: Promise<RelayServer> | undefined;
  /** Opening and closing happen one after the other. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: RelayEndpointOptions) {
    this.#options = options;
    this.#port = options.port;
    this.#path = `tea-chest/${createHmac('sha256', options.secret).update('path').digest('hex').slice(0, 24)}`;
  }

  /**
   * Opens the endpoint if need be. Concurrent pushes get repositories of their own, numbered from 0.
   * `onVisit` is told of every request for this one that came with the secret.
   */
  async open(backend: RelayBackend, onVisit: () => void): Promise<RelaySession> {
    return this.#inTurn(async () => {
      const server = await (this.#server ??= this.#start());
      let slot = 0;
      while (this.#slots.has(slot)) slot++;
      this.#slots.add(slot);
      const name = `${this.#path}/${slot}`;
      const unserve = server.serve(name, backend, onVisit);
      let closed: Promise<void> | undefined;
      return {
        repository: `${server.host}/${name}`,
        credential: this.#credential,
        expectContact: (onContact) => expectContact(server, onContact),
        close: () => (closed ??= this.#inTurn(() => this.#leave(server, slot, unserve))),
      };
    });
  }

  get #credential(): RelayCredential {
    return { username: 'tea-chest', secret: this.#options.secret };
  }

  async #start(): Promise<RelayServer> {
    const wanted = this.#port;
    const next = wanted === 0 ? [] : Array.from({ length: neighbours }, (_, at) => wanted + at + 1);
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

  async #leave(server: RelayServer, slot: number, unserve: () => void): Promise<void> {
    unserve();
    this.#slots.delete(slot);
    if (this.#slots.size > 0) return;
    this.#server = undefined;
    await server.stop();
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }
}

function expectContact(server: RelayServer, onContact: () => void): RelayContact {
  const credential = { username: 'tea-chest-contact', secret: randomBytes(32).toString('hex') };
  const name = { repository: `${server.host}/tea-chest/contact`, tag: randomBytes(8).toString('hex') };
  return { name, credential, end: server.expect(credential, onContact) };
}
