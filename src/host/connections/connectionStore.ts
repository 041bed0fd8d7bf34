import type { Disposable, EventEmitter, Memento, SecretStorage } from 'vscode';
import type { Credential } from '../../core/registry/types.ts';
import { isRecord } from '../record.ts';
import { readConnection, type Connection } from './connection.ts';
import { findByHost } from './findByHost.ts';

/** As much of an emitter as the store needs. */
type Changes = Pick<EventEmitter<void>, 'event' | 'fire' | 'dispose'>;

const stateKey = 'teaChest.connections';
const secretKey = (origin: string): string => `teaChest.credential ${origin}`;

/**
 * The registries somebody signed in to: what is public in the global state, user and secret together in the secret
 * storage (so that both always come from one source), both keyed by origin. Other windows share it.
 */
export class ConnectionStore implements Disposable {
  readonly #state: Memento;
  readonly #secrets: SecretStorage;
  readonly #changed: Changes;
  readonly #listener: Disposable;
  readonly #generations = new Map<string, number>();

  constructor(state: Memento, secrets: SecretStorage, changed: Changes) {
    this.#state = state;
    this.#secrets = secrets;
    this.#changed = changed;
    // The state is written before the secret, so that the secret's event finds the state of another window in place.
    this.#listener = secrets.onDidChange(({ key }) => {
      if (key.startsWith(secretKey(''))) this.#noteChange(key.slice(secretKey('').length));
    });
  }

  get onDidChange(): Changes['event'] {
    return this.#changed.event;
  }

  /** In alphabetical order of their hosts, and of their schemes. */
  list(): readonly Connection[] {
    const stored = this.#state.get<unknown>(stateKey);
    if (!isRecord(stored)) return [];
    return Object.values(stored)
      .map(readConnection)
      .filter((connection) => connection !== undefined)
      .sort((one, other) => one.host.localeCompare(other.host) || one.origin.localeCompare(other.origin));
  }

  find(origin: string): Connection | undefined {
    return this.list().find((connection) => connection.origin === origin);
  }

  /** By the registry part of an image reference. */
  findByHost(host: string): Connection | undefined {
    return findByHost(this.list(), host);
  }

  /** Grows whenever somebody signs in or out there, here or in another window: tokens from before are not theirs. */
  generation(origin: string): number {
    return this.#generations.get(origin) ?? 0;
  }

  async credential(origin: string): Promise<Credential | undefined> {
    const stored = await this.#secrets.get(secretKey(origin));
    return stored === undefined ? undefined : readCredential(stored);
  }

  async save(connection: Connection, credential: Credential | undefined): Promise<void> {
    await this.#write([...this.list().filter((other) => other.origin !== connection.origin), connection]);
    if (credential === undefined) {
      await this.#secrets.delete(secretKey(connection.origin));
      this.#noteChange(connection.origin);
      return;
    }
    await this.#secrets.store(
      secretKey(connection.origin),
      JSON.stringify({ username: credential.username, secret: credential.secret }),
    );
    this.#noteChange(connection.origin);
  }

  /** Forgets a registry: its row, the trust in its certificate, and the secret. */
  async remove(origin: string): Promise<void> {
    await this.#write(this.list().filter((connection) => connection.origin !== origin));
    await this.#secrets.delete(secretKey(origin));
    this.#noteChange(origin);
  }

  dispose(): void {
    this.#listener.dispose();
    this.#changed.dispose();
  }

  #noteChange(origin: string): void {
    this.#generations.set(origin, this.generation(origin) + 1);
    this.#changed.fire();
  }

  async #write(connections: readonly Connection[]): Promise<void> {
    const stored = Object.fromEntries(connections.map((connection) => [connection.origin, connection]));
    await this.#state.update(stateKey, connections.length === 0 ? undefined : stored);
  }
}

/** Undefined for what cannot be read. The words of a JSON error are dropped: V8 quotes the text in them. */
function readCredential(stored: string): Credential | undefined {
  try {
    const value: unknown = JSON.parse(stored);
    if (!isRecord(value) || typeof value['username'] !== 'string' || typeof value['secret'] !== 'string') {
      return undefined;
    }
    return { username: value['username'], secret: value['secret'] };
  } catch {
    return undefined;
  }
}
