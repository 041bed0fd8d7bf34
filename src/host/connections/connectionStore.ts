import * as vscode from 'vscode';
import type { Credential } from '../../core/registry/types.ts';
import { isRecord } from '../record.ts';
import { readConnection, type Connection } from './connection.ts';

const stateKey = 'teaChest.connections';
const secretKey = (origin: string): string => `teaChest.credential ${origin}`;

/**
 * The registries somebody signed in to: what is public in the global state, user and secret together in the secret
 * storage (so that both always come from one source), both keyed by origin. Other windows share it.
 */
export class ConnectionStore implements vscode.Disposable {
  readonly #state: vscode.Memento;
  readonly #secrets: vscode.SecretStorage;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #listener: vscode.Disposable;

  readonly onDidChange = this.#changed.event;

  constructor(state: vscode.Memento, secrets: vscode.SecretStorage) {
    this.#state = state;
    this.#secrets = secrets;
    // The state is written before the secret, so that the secret's event finds the state of another window in place.
    this.#listener = secrets.onDidChange(({ key }) => {
      if (key.startsWith(secretKey(''))) this.#changed.fire();
    });
  }

  /** In alphabetical order of their hosts. */
  list(): readonly Connection[] {
    const stored = this.#state.get<unknown>(stateKey);
    if (!isRecord(stored)) return [];
    return Object.values(stored)
      .map(readConnection)
      .filter((connection) => connection !== undefined)
      .sort((one, other) => one.host.localeCompare(other.host));
  }

  find(origin: string): Connection | undefined {
    return this.list().find((connection) => connection.origin === origin);
  }

  /** By the registry part of an image reference; http and https of one host are told apart by nothing there. */
  findByHost(host: string): Connection | undefined {
    return this.list().find((connection) => connection.host === host.toLowerCase());
  }

  async credential(origin: string): Promise<Credential | undefined> {
    const stored = await this.#secrets.get(secretKey(origin));
    if (stored === undefined) return undefined;
    const value: unknown = JSON.parse(stored);
    if (!isRecord(value) || typeof value['username'] !== 'string' || typeof value['secret'] !== 'string') {
      return undefined;
    }
    return { username: value['username'], secret: value['secret'] };
  }

  async save(connection: Connection, credential: Credential | undefined): Promise<void> {
    await this.#write([...this.list().filter((other) => other.origin !== connection.origin), connection]);
    if (credential === undefined) {
      await this.#secrets.delete(secretKey(connection.origin));
      this.#changed.fire();
      return;
    }
    await this.#secrets.store(
      secretKey(connection.origin),
      JSON.stringify({ username: credential.username, secret: credential.secret }),
    );
  }

  /** Forgets a registry: its row, the trust in its certificate, and the secret. */
  async remove(origin: string): Promise<void> {
    await this.#write(this.list().filter((connection) => connection.origin !== origin));
    await this.#secrets.delete(secretKey(origin));
    this.#changed.fire();
  }

  dispose(): void {
    this.#listener.dispose();
    this.#changed.dispose();
  }

  async #write(connections: readonly Connection[]): Promise<void> {
    const stored = Object.fromEntries(connections.map((connection) => [connection.origin, connection]));
    await this.#state.update(stateKey, connections.length === 0 ? undefined : stored);
  }
}
