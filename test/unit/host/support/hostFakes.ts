import type { Disposable, EventEmitter, Memento, SecretStorage, SecretStorageChangeEvent } from 'vscode';
import type { EngineImage } from '../../../../src/core/docker/types.ts';
import type { Credential } from '../../../../src/core/registry/types.ts';
import type { Connection } from '../../../../src/host/connections/connection.ts';
import { ConnectionStore } from '../../../../src/host/connections/connectionStore.ts';
import type { LocalClusters } from '../../../../src/host/connections/localClusters.ts';
import type { LoginSources } from '../../../../src/host/connections/loginSources.ts';
import { SessionSecrets } from '../../../../src/host/connections/sessionSecrets.ts';
import type { AskSignInDependencies } from '../../../../src/host/connections/signInState.ts';
import { RegistryAccess } from '../../../../src/host/registry/registryAccess.ts';
import type { Owners } from '../../../../src/host/registry/registryBrowser.ts';
import { engineImage } from '../../../tools/engineImage.ts';
import { SyncStates } from '../../../../src/host/sync/syncStates.ts';
import { silentLogger } from '../../../tools/silentLogger.ts';

/** What VS Code keeps for an extension, in memory. */
export function memento(): Memento {
  const rows = new Map<string, unknown>();
  return {
    keys: () => [...rows.keys()],
    get: <T>(key: string, fallback?: T) => (rows.has(key) ? (rows.get(key) as T) : fallback) as T,
    update: (key: string, value: unknown) => {
      if (value === undefined) rows.delete(key);
      else rows.set(key, value);
      return Promise.resolve();
    },
  };
}

export function emitter<T>(): Pick<EventEmitter<T>, 'event' | 'fire' | 'dispose'> {
  const listeners = new Set<(value: T) => unknown>();
  return {
    event: (listener) => {
      listeners.add(listener);
      const subscription: Pick<Disposable, 'dispose'> = { dispose: () => listeners.delete(listener) };
      return subscription;
    },
    fire: (value) => {
      for (const listener of listeners) listener(value);
    },
    dispose: () => {
      listeners.clear();
    },
  };
}

/** `setElsewhere` writes like another window: only the event shows it. `lose`: like a restart without a keyring. */
export function secretStorage(): SecretStorage & {
  setElsewhere(key: string, value: string): void;
  lose(): void;
} {
  const rows = new Map<string, string>();
  const changed = emitter<SecretStorageChangeEvent>();
  return {
    onDidChange: changed.event,
    keys: () => Promise.resolve([...rows.keys()]),
    get: (key) => Promise.resolve(rows.get(key)),
    store: (key, value) => {
      rows.set(key, value);
      changed.fire({ key });
      return Promise.resolve();
    },
    delete: (key) => {
      rows.delete(key);
      changed.fire({ key });
      return Promise.resolve();
    },
    lose: () => {
      rows.clear();
    },
    setElsewhere: (key, value) => {
      rows.set(key, value);
      changed.fire({ key });
    },
  };
}

export interface Host {
  readonly store: ConnectionStore;
  readonly access: RegistryAccess;
  readonly secrets: ReturnType<typeof secretStorage>;
  /** What a sign-in needs, on a machine that has no login. */
  readonly signingIn: AskSignInDependencies;
}

/** A machine that has no login of any program, and names no address. */
export const noLogins: LoginSources = {
  find: () => Promise.resolve({ logins: [], problems: [] }),
  findIn: () => Promise.resolve({ logins: [], problems: [] }),
  addresses: () => Promise.resolve([]),
};

/** A machine that has no cluster. */
export const noClusters: LocalClusters = {
  find: () => Promise.resolve({ clusters: [], problems: [] }),
  read: () => Promise.reject(new Error('There is no cluster.')),
  files: () => Promise.resolve([]),
};

/** The store and the access of the extension, as it builds them. */
export function buildHost(t: { after(work: () => void): void }): Host {
  const secrets = secretStorage();
  const store = new ConnectionStore(memento(), new SessionSecrets(secrets, () => undefined), emitter());
  const access = new RegistryAccess({
    credential: (origin) => store.credential(origin),
    generation: (origin) => store.generation(origin),
    chunkMemory: new Map(),
    onLinkRate: () => undefined,
    proxy: () => ({ url: undefined, bypass: ['*'] }),
    logger: silentLogger,
    userAgent: 'tea-chest/test',
  });
  t.after(() => {
    access.dispose();
    store.dispose();
  });
  const signingIn = { auth: access.auth, store, logins: noLogins, clusters: noClusters, logger: silentLogger };
  return { store, access, secrets, signingIn };
}

/** Owners that the person may push to; nothing else is known of them. */
export function ownersNamed(names: readonly string[], more: Partial<Owners> = {}): Owners {
  return { names, readOnly: [], complete: false, isAdmin: false, audiences: new Map(), ...more };
}

export const dev: Credential = { username: 'dev', secret: 'dev pässword: with everything' };

export function connectionTo(origin: string, more: Partial<Connection> = {}): Connection {
  const { host } = new URL(origin);
  const trust = origin.startsWith('http:') ? { allowHttp: true } : {};
  return { origin, host, webRoot: origin, kind: 'gitea', version: undefined, username: 'dev', trust, ...more };
}

/** The states of images of which none has a target. */
export function noSyncStates(): SyncStates {
  return new SyncStates({
    destinationOf: () => undefined,
    read: () => Promise.reject(new Error('no image has a target')),
    onChange: () => undefined,
    now: Date.now,
  });
}

/** An image of an engine that has only this reference. */
export function imageNamed(reference: string): EngineImage {
  const id = `sha256:${Buffer.from(reference).toString('hex').padEnd(64, '0').slice(0, 64)}`;
  return engineImage({ id, references: [reference], createdAt: '' });
}
