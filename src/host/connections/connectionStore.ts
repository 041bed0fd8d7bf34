import * as v from 'valibot';
import type { Disposable, EventEmitter, Memento, SecretStorage } from 'vscode';
import { parseJson } from '../../core/base/json.ts';
import type { Credential } from '../../core/registry/types.ts';
import { readConnections, type Connection } from './connection.ts';
import { findByHost } from './findByHost.ts';
import type { SessionSecrets } from './sessionSecrets.ts';
import type { SaveOptions } from './signIn.ts';
import type { SignInRecords } from './signInRecords.ts';

/** VS Code's secret storage, with secrets that are not stored. */
type Secrets = SecretStorage & Pick<SessionSecrets, 'storeForSession' | 'isSessionOnly'>;
type Changes = Pick<EventEmitter<void>, 'event' | 'fire' | 'dispose'>;

const stateKey = 'teaChest.connections';
const storedCredential = v.object({ username: v.string(), secret: v.string() });
const secretKey = (origin: string): string => `teaChest.credential ${origin}`;

/**
 * The registries that the person signed in to. Public data is in the global state; user and secret are together in the
 * secret storage, so that they always match. Other windows share both, and so do remote machines. The global state is
 * one value, and each window has a copy: rows that another window's write has lost or restored are corrected here.
 */
export class ConnectionStore implements Disposable {
  readonly #state: Memento;
  readonly #secrets: Secrets;
  readonly #changed: Changes;
  readonly #records: SignInRecords | undefined;
  readonly #listeners: readonly Pick<Disposable, 'dispose'>[];
  readonly #generations = new Map<string, number>();
  /** Rows that this window has seen, without those that were signed out of. */
  readonly #seen = new Map<string, Connection>();
  /** Origins that were signed out of. The global state may still have them. */
  readonly #signedOut = new Set<string>();
  /** The queue of changes, those of this window and of others. They run one after the other. */
  #changes: Promise<void> = Promise.resolve();

  /** `records`: shared by the windows of this machine. */
  constructor(state: Memento, secrets: Secrets, changed: Changes, records?: SignInRecords) {
    this.#state = state;
    this.#secrets = secrets;
    this.#changed = changed;
    this.#records = records;
    const ofSecrets = secrets.onDidChange(({ key }) => {
      if (!key.startsWith(secretKey(''))) return;
      const origin = key.slice(secretKey('').length);
      this.#noteChange(origin);
      this.#follow([origin], { isSecretChange: true });
    });
    const ofRecords = records?.onDidChange(() => {
      this.#follow([...this.#seen.keys(), ...this.#signedOut], { isSecretChange: false });
    });
    this.#listeners = ofRecords === undefined ? [ofSecrets] : [ofSecrets, ofRecords];
    this.list();
  }

  get onDidChange(): Changes['event'] {
    return this.#changed.event;
  }

  /** Sorted by host, then by origin. */
  list(): readonly Connection[] {
    const connections = this.#rows().filter(({ origin }) => !this.#signedOut.has(origin));
    for (const connection of connections) this.#seen.set(connection.origin, connection);
    return connections.sort(
      (one, other) => one.host.localeCompare(other.host) || one.origin.localeCompare(other.origin),
    );
  }

  find(origin: string): Connection | undefined {
    return this.list().find((connection) => connection.origin === origin);
  }

  /** By the registry part of an image reference. */
  findByHost(host: string): Connection | undefined {
    return findByHost(this.list(), host);
  }

  /** Grows with each sign-in or sign-out, in this window or another one. Tokens of earlier generations are not valid. */
  generation(origin: string): number {
    return this.#generations.get(origin) ?? 0;
  }

  async credential(origin: string): Promise<Credential | undefined> {
    const stored = await this.#secrets.get(secretKey(origin));
    return stored === undefined ? undefined : parseJson(storedCredential, stored);
  }

  /** True if the credential must not be stored: it is kept in memory until this window closes. */
  isSessionOnly(origin: string): boolean {
    return this.#secrets.isSessionOnly(secretKey(origin));
  }

  async save(connection: Connection, credential: Credential | undefined, how: SaveOptions = {}): Promise<void> {
    await this.#enqueue(() => this.#save(connection, credential, how));
  }

  /** Removes a registry: its row, the trust in its certificate, and the secret. */
  async remove(origin: string): Promise<void> {
    await this.#enqueue(() => this.#remove(origin));
  }

  /** Resolves when all changes so far are processed. */
  async settled(): Promise<void> {
    await this.#changes;
  }

  dispose(): void {
    for (const listener of this.#listeners) listener.dispose();
    this.#changed.dispose();
  }

  async #save(
    given: Connection,
    credential: Credential | undefined,
    { sessionOnly = false }: SaveOptions,
  ): Promise<void> {
    const { origin } = given;
    // A sign-in as another user does not change whose Gitea it is.
    const cluster = given.cluster ?? this.find(origin)?.cluster;
    const connection = cluster === undefined ? given : { ...given, cluster };
    this.#signedOut.delete(origin);
    this.#seen.set(origin, connection);
    await this.#write([...this.list().filter((other) => other.origin !== origin), connection]);
    await this.#records?.set(origin, {
      isSignedIn: true,
      isOpen: credential === undefined || sessionOnly,
    });
    if (credential === undefined) await this.#secrets.delete(secretKey(origin));
    else {
      const { username, secret } = credential;
      const value = JSON.stringify({ username, secret });
      if (sessionOnly) await this.#secrets.storeForSession(secretKey(origin), value);
      else await this.#secrets.store(secretKey(origin), value);
    }
    this.#noteChange(origin);
  }

  async #remove(origin: string): Promise<void> {
    this.#signedOut.add(origin);
    this.#seen.delete(origin);
    await this.#write(this.#rows().filter((connection) => connection.origin !== origin));
    await this.#secrets.delete(secretKey(origin));
    await this.#records?.set(origin, { isSignedIn: false, isOpen: false });
    this.#noteChange(origin);
  }

  /** Processes a change by another window: its sign-ins and sign-outs, and rows that its write has lost or restored. */
  #follow(origins: readonly string[], how: { readonly isSecretChange: boolean }): void {
    const following = this.#enqueue(async () => {
      let hasChanged = false;
      for (const origin of origins) hasChanged = (await this.#followSignOut(origin, how)) || hasChanged;
      if ((await this.#repair()) || hasChanged) this.#changed.fire();
    });
    // The secret storage cannot be read: no change is known.
    following.catch(() => undefined);
  }

  #enqueue(change: () => Promise<void>): Promise<void> {
    const made = this.#changes.then(change);
    this.#changes = made.catch(() => undefined);
    return made;
  }

  /** True if another window signed out or in. A secret that never existed is no sign-out. */
  async #followSignOut(origin: string, { isSecretChange }: { readonly isSecretChange: boolean }): Promise<boolean> {
    const before = this.#signedOut.has(origin);
    const hasSecret = (await this.#secrets.get(secretKey(origin))) !== undefined;
    const connection = this.#rows().find((row) => row.origin === origin) ?? this.#seen.get(origin);
    const record = this.#records?.get(origin);
    const isSecretRemoved = isSecretChange && connection?.username !== '' && record?.isOpen !== true;
    const isOut = !hasSecret && (record?.isSignedIn === false || isSecretRemoved);
    if (isOut) {
      this.#signedOut.add(origin);
      this.#seen.delete(origin);
    } else this.#signedOut.delete(origin);
    return before !== isOut;
  }

  /** Restores lost rows and removes restored ones. True if there were any. */
  async #repair(): Promise<boolean> {
    const rows = this.#rows();
    const kept = rows.filter(({ origin }) => !this.#signedOut.has(origin));
    const lost: Connection[] = [];
    for (const [origin, connection] of this.#seen) {
      if (rows.some((row) => row.origin === origin)) continue;
      // Without a secret, the person may have signed out on another machine.
      const mayBeOut = connection.username !== '' && (await this.#secrets.get(secretKey(origin))) === undefined;
      if (!mayBeOut && this.#records?.get(origin)?.isSignedIn !== false) lost.push(connection);
    }
    if (lost.length === 0 && kept.length === rows.length) return false;
    await this.#write([...kept, ...lost]);
    return true;
  }

  #noteChange(origin: string): void {
    this.#generations.set(origin, this.generation(origin) + 1);
    this.#changed.fire();
  }

  #rows(): Connection[] {
    return readConnections(this.#state.get(stateKey));
  }

  async #write(connections: readonly Connection[]): Promise<void> {
    const stored = Object.fromEntries(connections.map((connection) => [connection.origin, connection]));
    await this.#state.update(stateKey, connections.length === 0 ? undefined : stored);
  }
}
