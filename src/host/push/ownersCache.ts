import type { Connection } from '../connections/connection.ts';
import type { Owners, RegistryBrowser } from '../registry/registryBrowser.ts';

/** The owners of each registry, asked for once per dialog: a registry that does not answer delays it only once. */
export class OwnersCache {
  readonly #access: Pick<RegistryBrowser, 'owners'>;
  readonly #requests = new Map<string, Promise<Owners>>();
  readonly #loaded = new Map<string, Owners>();

  constructor(access: Pick<RegistryBrowser, 'owners'>) {
    this.#access = access;
  }

  get(connection: Connection): Promise<Owners> {
    const { origin } = connection;
    const earlier = this.#requests.get(origin);
    if (earlier !== undefined) return earlier;
    const request = this.#access.owners(connection).then((owners) => {
      this.#loaded.set(origin, owners);
      return owners;
    });
    this.#requests.set(origin, request);
    return request;
  }

  /** Undefined until the registry has answered. */
  loaded({ origin }: Connection): Owners | undefined {
    return this.#loaded.get(origin);
  }
}
