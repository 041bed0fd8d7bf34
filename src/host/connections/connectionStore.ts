import * as v from 'valibot';
import type { Disposable, EventEmitter, Memento, SecretStorage } from 'vscode';
import { parseJson } from '../../core/base/json.ts';
import type { Credential } from '../../core/registry/types.ts';
import { readConnections, type Connection } from './connection.ts';
import { findByHost } from './findByHost.ts';
import type { SignInRecords } from './signInRecords.ts';

/** As much of an emitter as the store needs. */
type Changes = Pick<EventEmitter<void>, 'event' | 'fire' | 'dispose'>;

const stateKey = 'teaChest.connections';
const storedCredential = v.object({ username: v.string(), secret: v.string() });
const secretKey = (origin: string): string => `teaChest.credential ${origin}`;

/**
 * The registries somebody signed in to: what is public in the global state, user and secret together in the secret
 * storage (so that both always come from one source), both keyed by origin. Other windows share it, and machines that
 * are opened from this one. The global state is one value, of which each window has a copy: a row that another window's
 * write took away is put back, and one that it brought back is removed again.
 */
export class ConnectionStore implements Disposable {
  readonly #state: Memento;
  readonly #secrets: SecretStorage;
  readonly #changed: Changes;
  readonly #records: SignInRecords | undefined;
  readonly #listeners: readonly Pick<Disposable, 'dispose'>[];
  readonly #generations = new Map<string, number>();
  /** Rows that were seen here, and that nobody has signed out of since. */
  readonly #seen = new Map<string, Connection>();
  /** Signed out of in another window, whatever the global state says. */
  readonly #signedOut = new Set<string>();
  /** Changes, those made here and those of other windows, one after the other: none sees half of another. */
  #changes: Promise<void> = Promise.resolve();

  /** `records`: what windows of this machine tell each other. */
  constructor(state: Memento, secrets: SecretStorage, changed: Changes, records?: SignInRecords) {
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

  /** In alphabetical order of their hosts, and of their schemes. */
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

  /** Grows whenever somebody signs in or out there, here or in another window: tokens from before are not theirs. */
  generation(origin: string): number {
    return this.#generations.get(origin) ?? 0;
  }

  async credential(origin: string): Promise<Credential | undefined> {
    const stored = await this.#secrets.get(secretKey(origin));
    return stored === undefined ? undefined : parseJson(storedCredential, stored);
  }

  async save(connection: Connection, credential: Credential | undefined): Promise<void> {
    await this.#inTurn(() => this.#save(connection, credential));
  }

  /** Forgets a registry: its row, the trust in its certificate, and the secret. */
  async remove(origin: string): Promise<void> {
    await this.#inTurn(() => this.#remove(origin));
  }

  /** Resolves when what other windows did so far has been followed. */
  async settled(): Promise<void> {
    await this.#changes;
  }

  dispose(): void {
    for (const listener of this.#listeners) listener.dispose();
    this.#changed.dispose();
  }

  async #save(connection: Connection, credential: Credential | undefined): Promise<void> {
    const { origin } = connection;
    this.#signedOut.delete(origin);
    this.#seen.set(origin, connection);
    await this.#write([...this.list().filter((other) => other.origin !== origin), connection]);
    await this.#records?.set(origin, { isSignedIn: true, isOpen: credential === undefined });
    if (credential === undefined) await this.#secrets.delete(secretKey(origin));
    else {
      const { username, secret } = credential;
      await this.#secrets.store(secretKey(origin), JSON.stringify({ username, secret }));
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

  /** What another window did with these registries, and what its write of the global state did to all rows. */
  #follow(origins: readonly string[], how: { readonly isSecretChange: boolean }): void {
    const following = this.#inTurn(async () => {
      let hasChanged = false;
      for (const origin of origins) hasChanged = (await this.#followSignOut(origin, how)) || hasChanged;
      if ((await this.#repair()) || hasChanged) this.#changed.fire();
    });
    // A secret storage that does not answer: nothing is known to have changed.
    following.catch(() => undefined);
  }

  #inTurn(change: () => Promise<void>): Promise<void> {
    const made = this.#changes.then(change);
    this.#changes = made.catch(() => undefined);
    return made;
  }

  /** True if it was signed out of, or in again. A secret that is missing all along is no sign-out. */
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

  /** Puts back rows that were lost, and removes those that came back. True if there were any. */
  async #repair(): Promise<boolean> {
    const rows = this.#rows();
    const kept = rows.filter(({ origin }) => !this.#signedOut.has(origin));
    const lost: Connection[] = [];
    for (const [origin, connection] of this.#seen) {
      if (rows.some((row) => row.origin === origin)) continue;
      // Without its secret it may have been signed out of on another machine.
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
