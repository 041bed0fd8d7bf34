import { throwIfCancelled } from '../../core/base/cancel.ts';
import { toTeaChestError, type TeaChestError } from '../../core/base/errors.ts';
import type { Logger } from '../../core/base/logger.ts';
import type { RegistryContents } from '../../core/gitea/browse/registryContents.ts';
import { explainDenied } from '../../core/gitea/explainDenied.ts';
import type { OwnOwner } from '../../core/gitea/giteaApi.ts';
import { audienceIfClosed, type Audience } from '../../core/gitea/readAudience.ts';
import type { RegistryClient } from '../../core/gitea/registryClient.ts';
import type { BlobTarget } from '../../core/ports/blobTarget.ts';
import type { ReadConnectionTimes } from '../../core/ports/connectionTimes.ts';
import type { ChunkMemory } from '../../core/registry/upload/chunkSizer.ts';
import type { SessionObserver } from '../../core/registry/upload/sessionObserver.ts';
import { parseRegistryAddress } from '../../core/registry/registryAddress.ts';
import type { Credential, ProxySettings, RegistryAddress, RegistryTrust } from '../../core/registry/types.ts';
import { anyUser, type Connection } from '../connections/connection.ts';
import { readPastedAddress } from '../connections/readPastedAddress.ts';
import type { AuthService } from '../connections/signIn.ts';
import type { Owners, RegistryBrowser } from './registryBrowser.ts';

export interface RegistryAccessOptions {
  readonly credential: (origin: string) => Promise<Credential | undefined>;
  /** Changes with each sign-in: tokens of the former credential must not be used any more. */
  readonly generation: (origin: string) => number;
  readonly chunkMemory: ChunkMemory;
  readonly onLinkRate: (origin: string, bytesPerSecond: number) => void;
  /** Absent where the operating system does not count them. */
  readonly readConnectionTimes?: ReadConnectionTimes | undefined;
  readonly proxy: () => ProxySettings;
  readonly logger: Logger;
  readonly userAgent: string;
}

/** One client per saved registry, kept until its connection or the proxy changes, and what the host asks it. */
export class RegistryAccess implements RegistryBrowser {
  readonly #options: RegistryAccessOptions;
  readonly #clients = new Map<string, { readonly key: string; readonly client: Promise<RegistryClient> }>();
  readonly #owners = new Map<string, Promise<Owners>>();
  readonly #audiences = new Map<string, Promise<Audience | undefined>>();
  readonly #roundTrips = new Map<string, number>();
  readonly #life = new AbortController();

  constructor(options: RegistryAccessOptions) {
    this.#options = options;
  }

  /** `sessions` is notified of upload sessions that are opened and closed. */
  async openTarget(
    connection: Connection,
    repository: string,
    signal: AbortSignal,
    sessions?: SessionObserver,
  ): Promise<BlobTarget> {
    const client = await this.#client(connection);
    return await client.repository(repository, { signal, sessions });
  }

  /** Milliseconds of a registry's quickest answer since this window was opened; undefined if it has not answered yet. */
  roundTripMs(origin: string): number | undefined {
    return this.#roundTrips.get(origin);
  }

  /** Closes upload sessions that a push left open. Rejects if the registry cannot be reached. */
  async closeSessions(connection: Connection, repository: string, sessions: readonly string[]): Promise<void> {
    const client = await this.#client(connection);
    const urls = sessions.flatMap((session) => (URL.canParse(session) ? [new URL(session)] : []));
    await client.closeSessions(repository, urls, { signal: callTimeout() });
  }

  /** Cached until `forgetRegistry` or `refresh`. Without an answer, only the person's own name. */
  async owners(connection: Connection): Promise<Owners> {
    const known = this.#owners.get(connection.origin) ?? this.#askOwners(connection);
    this.#owners.set(connection.origin, known);
    return await known;
  }

  /** Cached until `forgetRegistry` or `refresh`. */
  async audienceOf(connection: Connection, owner: string): Promise<Audience | undefined> {
    const key = `${connection.origin} ${owner}`;
    const known = this.#audiences.get(key) ?? this.#askAudience(connection, owner);
    this.#audiences.set(key, known);
    return await known;
  }

  async checkAccess(connection: Connection, repository: string): Promise<void> {
    // A server that is slower than this is checked by the push itself.
    const signal = AbortSignal.timeout(5_000);
    const client = await this.#client(connection);
    await (await client.repository(repository, { signal })).checkAccess({ signal });
  }

  async explainDenied(connection: Connection, error: TeaChestError): Promise<TeaChestError> {
    if (connection.kind === 'generic') return error;
    const { api } = await this.#client(connection);
    return await explainDenied(error, api, { signal: callTimeout() });
  }

  async contents(connection: Connection): Promise<RegistryContents> {
    const client = await this.#client(connection);
    return await client.contents({ signal: callTimeout() });
  }

  /** Clears the cached owners. */
  refresh(): void {
    this.#owners.clear();
    this.#audiences.clear();
  }

  /** Part of signing out of a registry: closes its connections and clears its caches. */
  forgetRegistry(origin: string): void {
    this.#owners.delete(origin);
    for (const key of this.#audiences.keys()) if (key.startsWith(`${origin} `)) this.#audiences.delete(key);
    const kept = this.#clients.get(origin);
    this.#clients.delete(origin);
    void kept?.client
      .then((client) => client.close())
      .catch((error: unknown) => {
        this.#options.logger.debug(`The connections to ${origin} could not be closed: ${String(error)}`);
      });
  }

  /** Closes all clients; later calls reject with `cancelled`, and open no new one. */
  dispose(): void {
    this.#life.abort();
    for (const origin of [...this.#clients.keys()]) this.forgetRegistry(origin);
  }

  /** For signing in. Uses no stored credential or trust. */
  get auth(): AuthService {
    const { proxy, logger, userAgent } = this.#options;
    return {
      parse: (text) => parseRegistryAddress(readPastedAddress(text)),
      inspectCertificate: async (address, trust, { signal }) => {
        const { inspectCertificate } = await import('../../core/registry/http/tls/inspectCertificate.ts');
        const options = { proxy: proxy(), environment: process.env, signal };
        try {
          return await inspectCertificate(address, { ...options, trust });
        } catch (error) {
          const { tryOtherScheme } = await import('../../core/registry/http/tryOtherScheme.ts');
          throw await tryOtherScheme(toTeaChestError(error), { ...options, address, userAgent });
        }
      },
      check: async (address, credential, trust, { signal }) => {
        const who = credential === undefined ? 'without a user' : `as ${credential.username}`;
        logger.info(`Signing in to ${address.origin} ${who}.`);
        const client = await this.#create(address, trust, () => Promise.resolve(credential));
        try {
          const result = await client.checkSignIn({ signal });
          const accepts = credential !== undefined || result.open;
          logger.info(`${address.origin} ${accepts ? 'accepts' : 'does not accept'} a sign-in ${who}.`);
          return result;
        } catch (error) {
          const { code, message } = toTeaChestError(error);
          logger.info(`The sign-in to ${address.origin} ${who} did not work (${code}): ${message}`);
          throw error;
        } finally {
          await client.close();
        }
      },
      createToken: async (address, request, trust, { signal }) => {
        const client = await this.#create(address, trust, () => Promise.resolve(request.credential));
        try {
          const token = await client.createToken(request, { signal });
          logger.info(`${address.origin} has made the token “${request.name}” for ${request.credential.username}.`);
          return token;
        } finally {
          await client.close();
        }
      },
    };
  }

  async #askOwners(connection: Connection): Promise<Owners> {
    const { username } = connection;
    const own = username === '' || username === anyUser ? [] : [username.toLowerCase()];
    try {
      const { api } = await this.#client(connection);
      const { owners, complete, isAdmin } = await api.ownOwners({ signal: callTimeout() });
      // `anyUser` is no name. The real one is known if the token may read it.
      const found = owners.filter(({ name }) => complete || name !== anyUser);
      const names = [...new Set([...own, ...found.filter(({ mayPush }) => mayPush).map(({ name }) => name)])];
      const readOnly = found.filter(({ mayPush }) => !mayPush).map(({ name }) => name);
      const audiences = await this.#audiencesOf(connection, [...names, ...readOnly], found);
      return { names, readOnly, complete, isAdmin, audiences };
    } catch (error) {
      this.#options.logger.warn(`The owners on ${connection.host} could not be listed: ${String(error)}`);
      this.#owners.delete(connection.origin);
      const failure = toTeaChestError(error);
      return { names: own, readOnly: [], complete: false, isAdmin: false, audiences: new Map(), failure };
    }
  }

  async #audiencesOf(
    connection: Connection,
    names: readonly string[],
    found: readonly OwnOwner[],
  ): Promise<ReadonlyMap<string, Audience>> {
    const visibilities = new Map(found.map(({ name, visibility }) => [name, visibility]));
    // What is limited or private needs no further question. Of a longer list, the chosen owner is asked for at the push.
    const answers = await Promise.all(
      names.slice(0, 50).map(async (name): Promise<readonly [string, Audience | undefined]> => {
        const visibility = visibilities.get(name);
        const isOpen = visibility === undefined || visibility === 'public';
        return [name, isOpen ? await this.audienceOf(connection, name) : audienceIfClosed(visibility)];
      }),
    );
    return new Map(answers.flatMap(([name, audience]) => (audience === undefined ? [] : [[name, audience] as const])));
  }

  async #askAudience(connection: Connection, owner: string): Promise<Audience | undefined> {
    if (connection.kind === 'generic') return undefined;
    try {
      const client = await this.#client(connection);
      return await client.audienceOf(owner, { signal: callTimeout() });
    } catch (error) {
      this.#audiences.delete(`${connection.origin} ${owner}`);
      this.#options.logger.debug(
        `Who can pull from ${owner} on ${connection.host} could not be read: ${String(error)}`,
      );
      return undefined;
    }
  }

  async #client(connection: Connection): Promise<RegistryClient> {
    throwIfCancelled(this.#life.signal);
    const { origin, trust, username } = connection;
    const key = JSON.stringify([trust, username, this.#options.proxy(), this.#options.generation(origin)]);
    const kept = this.#clients.get(origin);
    if (kept?.key === key) return kept.client;
    // A push may still use the former client. That one closes its connections by itself when they are idle.
    const client = this.#create(connection, trust, () => this.#options.credential(origin));
    this.#clients.set(origin, { key, client });
    // If it could not be created, the next call tries again.
    client.catch(() => {
      if (this.#clients.get(origin)?.client === client) this.#clients.delete(origin);
    });
    return client;
  }

  /** Loads the client's code at the first call: its HTTP library is most of the bundle. */
  async #create(
    address: RegistryAddress,
    trust: RegistryTrust,
    credential: () => Promise<Credential | undefined>,
  ): Promise<RegistryClient> {
    const { createRegistryClient } = await import('../../core/gitea/registryClient.ts');
    const { chunkMemory, onLinkRate, proxy, logger, userAgent } = this.#options;
    const { origin, host, webRoot } = address;
    return createRegistryClient({
      address: { origin, host, webRoot },
      trust,
      proxy: proxy(),
      credential,
      logger,
      chunkMemory,
      onLinkRate: (bytesPerSecond) => {
        onLinkRate(origin, bytesPerSecond);
      },
      onAnswer: (ms) => {
        this.#roundTrips.set(origin, Math.min(ms, this.#roundTrips.get(origin) ?? Infinity));
      },
      readConnectionTimes: this.#options.readConnectionTimes,
      environment: process.env,
      userAgent,
    });
  }
}

/** A person waits for these calls. */
function callTimeout(): AbortSignal {
  return AbortSignal.timeout(20_000);
}
