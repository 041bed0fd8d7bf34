import { toTeaChestError } from '../../core/base/errors.ts';
import type { Logger } from '../../core/base/logger.ts';
import type { RegistryContents } from '../../core/gitea/browse/registryContents.ts';
import type { RegistryClient } from '../../core/gitea/registryClient.ts';
import type { BlobTarget } from '../../core/ports/blobTarget.ts';
import type { ChunkMemory } from '../../core/registry/upload/chunkSizer.ts';
import type { SessionObserver } from '../../core/registry/upload/sessionObserver.ts';
import { parseRegistryAddress } from '../../core/registry/registryAddress.ts';
import type { Credential, ProxySettings, RegistryAddress, RegistryTrust } from '../../core/registry/types.ts';
import { anyUser, type Connection } from '../connections/connection.ts';
import type { AuthService } from '../connections/signIn.ts';
import type { Owners, RegistryBrowser } from './registryBrowser.ts';

export interface RegistryAccessOptions {
  readonly credential: (origin: string) => Promise<Credential | undefined>;
  /** Changes with each sign-in: tokens of the former credential must not be used any more. */
  readonly generation: (origin: string) => number;
  readonly chunkMemory: ChunkMemory;
  readonly onLinkRate: (origin: string, bytesPerSecond: number) => void;
  readonly proxy: () => ProxySettings;
  readonly logger: Logger;
  readonly userAgent: string;
}

/** One client per saved registry, kept until its connection or the proxy changes, and what the host asks it. */
export class RegistryAccess implements RegistryBrowser {
  readonly #options: RegistryAccessOptions;
  readonly #clients = new Map<string, { readonly key: string; readonly client: Promise<RegistryClient> }>();
  readonly #owners = new Map<string, Promise<Owners>>();
  readonly #publicOwners = new Map<string, Promise<boolean>>();
  readonly #roundTrips = new Map<string, number>();

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

  /** Cached until `forgetRegistry` or `refresh`. False if the registry does not say. */
  async isPublicOwner(connection: Connection, owner: string): Promise<boolean> {
    const key = `${connection.origin} ${owner}`;
    const known = this.#publicOwners.get(key) ?? this.#askIfPublic(connection, owner);
    this.#publicOwners.set(key, known);
    return await known;
  }

  async contents(connection: Connection): Promise<RegistryContents> {
    const client = await this.#client(connection);
    return await client.contents({ signal: callTimeout() });
  }

  /** Clears the cached owners. */
  refresh(): void {
    this.#owners.clear();
    this.#publicOwners.clear();
  }

  /** Part of signing out of a registry: closes its connections and clears its caches. */
  forgetRegistry(origin: string): void {
    this.#owners.delete(origin);
    for (const key of this.#publicOwners.keys()) if (key.startsWith(`${origin} `)) this.#publicOwners.delete(key);
    const kept = this.#clients.get(origin);
    this.#clients.delete(origin);
    void kept?.client
      .then((client) => client.close())
      .catch((error: unknown) => {
        this.#options.logger.debug(`The connections to ${origin} could not be closed: ${String(error)}`);
      });
  }

  dispose(): void {
    for (const origin of [...this.#clients.keys()]) this.forgetRegistry(origin);
  }

  /** For signing in. Uses no stored credential or trust. */
  get auth(): AuthService {
    const { proxy, logger, userAgent } = this.#options;
    return {
      parse: parseRegistryAddress,
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
      const signal = callTimeout();
      const found = await api.pushOwners({ signal });
      // A token without the scope read:user cannot read teams either, so there may be more owners.
      const user = await api.currentUser({ signal });
      const names = found.map(({ name }) => name).filter((name) => user !== undefined || name !== anyUser);
      const all = [...new Set([...own, ...names])];
      return { names: all, complete: user !== undefined, publicNames: await this.#publicAmong(connection, all) };
    } catch (error) {
      this.#options.logger.warn(`The owners on ${connection.host} could not be listed: ${String(error)}`);
      this.#owners.delete(connection.origin);
      return { names: own, complete: false, publicNames: [], failure: toTeaChestError(error) };
    }
  }

  async #publicAmong(connection: Connection, names: readonly string[]): Promise<readonly string[]> {
    // A longer list is not read. The chosen owner is checked before the push in any case.
    const first = names.slice(0, 50);
    const answers = await Promise.all(first.map((name) => this.isPublicOwner(connection, name)));
    return first.filter((_, index) => answers[index]);
  }

  async #askIfPublic(connection: Connection, owner: string): Promise<boolean> {
    if (connection.kind === 'generic') return false;
    try {
      const client = await this.#client(connection);
      return await client.isPublicOwner(owner, { signal: callTimeout() });
    } catch (error) {
      this.#publicOwners.delete(`${connection.origin} ${owner}`);
      this.#options.logger.debug(
        `Whether ${owner} on ${connection.host} is public could not be read: ${String(error)}`,
      );
      return false;
    }
  }

  #client(connection: Connection): Promise<RegistryClient> {
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
      environment: process.env,
      userAgent,
    });
  }
}

/** A person waits for these calls. */
function callTimeout(): AbortSignal {
  return AbortSignal.timeout(20_000);
}
