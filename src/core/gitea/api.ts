import { TeaChestError } from '../base/errors.ts';
import { basicAuthorization, notSignedIn, type ReadCredential } from '../registry/auth.ts';
import { header, type RegistryResponse, type Send } from '../registry/messages.ts';
import { readRefusal, serverWords } from '../registry/refusal.ts';
import { asObject, asText, parseJsonList, parseJsonObject } from './restJson.ts';

export interface ApiCall {
  readonly signal: AbortSignal;
}

/** One version of a container package: a tag, or `sha256:…` for an untagged manifest. */
export interface PackageVersion {
  readonly id: number;
  readonly owner: string;
  /** `app`, `team/app`. */
  readonly name: string;
  readonly version: string;
  /** ISO 8601. */
  readonly createdAt: string | undefined;
  readonly htmlUrl: string | undefined;
}

/** Where one may push. */
export interface PushOwner {
  /** Lower case, as in image references. */
  readonly name: string;
  readonly kind: 'user' | 'organization';
}

const pageSize = 50; // Gitea's usual most; a server may give fewer
const mostPages = 400;

/** The part of Gitea's and Forgejo's REST API that we use (docs/gitea.md §4). */
export class GiteaApi {
  readonly #send: Send;
  readonly #webRoot: (signal: AbortSignal) => Promise<string>;
  readonly #credential: ReadCredential;

  constructor(options: {
    readonly send: Send;
    readonly webRoot: (signal: AbortSignal) => Promise<string>;
    readonly credential: ReadCredential;
  }) {
    this.#send = options.send;
    this.#webRoot = options.webRoot;
    this.#credential = options.credential;
  }

  /** The login that the credential belongs to; undefined if its scopes do not allow to ask (read:user). */
  async currentUser(call: ApiCall): Promise<string | undefined> {
    const response = await this.#get('user', call);
    if (response.status === 403) return undefined;
    if (response.status !== 200) throw refusedCall(response, 'tell who we are');
    return asText(parseJsonObject(response.body)['login']);
  }

  /**
   * The user and the organizations in which a team of the user's may write packages. A token with fewer scopes gives
   * fewer suggestions, never an error: one may push to others than these (a site administrator to all).
   */
  async pushOwners(call: ApiCall): Promise<readonly PushOwner[]> {
    const login = (await this.currentUser(call)) ?? (await this.#credential())?.username;
    const teams = (await this.#all('user/teams', call, { tolerant: true })) ?? [];
    const organizations = teams.filter(writesPackages).map(organizationOf);
    const names = new Set(organizations.filter((name) => name !== undefined).map((name) => name.toLowerCase()));
    const own: PushOwner[] = login === undefined || login === '' ? [] : [{ name: login.toLowerCase(), kind: 'user' }];
    return [...own, ...[...names].sort().map((name): PushOwner => ({ name, kind: 'organization' }))];
  }

  /** All versions of all container packages of an owner, over all pages. Needs read:package. */
  async packages(owner: string, call: ApiCall): Promise<readonly PackageVersion[]> {
    const rows = (await this.#all(`packages/${encodeURIComponent(owner)}?type=container`, call)) ?? [];
    return rows.map((row) => readVersion(row, owner));
  }

  async #all(
    path: string,
    call: ApiCall,
    options: { readonly tolerant?: boolean } = {},
  ): Promise<Readonly<Record<string, unknown>>[] | undefined> {
    const rows: Readonly<Record<string, unknown>>[] = [];
    for (let page = 1; page <= mostPages; page++) {
      const response = await this.#get(`${path}${path.includes('?') ? '&' : '?'}page=${page}&limit=${pageSize}`, call);
      if (options.tolerant === true && (response.status === 403 || response.status === 404)) return undefined;
      const items = response.status === 200 ? parseJsonList(response.body) : undefined;
      if (items === undefined) throw refusedCall(response, `list ${path.split('?')[0] ?? path}`);
      rows.push(...items);
      const total = Number(header(response, 'x-total-count') ?? NaN);
      if (items.length === 0 || rows.length >= total) return rows;
    }
    return rows;
  }

  async #get(path: string, { signal }: ApiCall): Promise<RegistryResponse> {
    const webRoot = await this.#webRoot(signal);
    const credential = await this.#credential();
    if (credential === undefined) throw notSignedIn(new URL(webRoot).host);
    // Basic takes a token in the password's place too, so that both kinds of secret work.
    const headers = { authorization: basicAuthorization(credential), accept: 'application/json' };
    return this.#send({ method: 'GET', url: new URL(`${webRoot}/api/v1/${path}`), headers, signal });
  }
}

/** Write for packages comes from the team's unit, or from its permission as a whole (docs/gitea.md §1, CP:113-167). */
function writesPackages(team: Readonly<Record<string, unknown>>): boolean {
  const levels = ['write', 'admin', 'owner'];
  const unit = asText(asObject(team['units_map'])['repo.packages']);
  return levels.includes(unit ?? '') || levels.includes(asText(team['permission']) ?? '');
}

function organizationOf(team: Readonly<Record<string, unknown>>): string | undefined {
  const organization = asObject(team['organization']);
  return asText(organization['username']) ?? asText(organization['name']);
}

function readVersion(row: Readonly<Record<string, unknown>>, owner: string): PackageVersion {
  return {
    id: typeof row['id'] === 'number' ? row['id'] : 0,
    owner: asText(asObject(row['owner'])['login']) ?? owner,
    name: asText(row['name']) ?? '',
    version: asText(row['version']) ?? '',
    createdAt: asText(row['created_at']),
    htmlUrl: asText(row['html_url']),
  };
}

function refusedCall(response: RegistryResponse, attempt: string): TeaChestError {
  const refusal = readRefusal(response, 'GET');
  const { host, status } = refusal;
  const words = serverWords(refusal);
  const facts = { host, status, path: refusal.path };
  switch (status) {
    case 401:
      return new TeaChestError('credentialsRejected', `${host} does not accept the sign-in${words}.`, { facts });
    case 403:
      return new TeaChestError('scopeMissing', `${host} does not let this token ${attempt}${words}.`, { facts });
    case 404:
      return new TeaChestError('ownerNotFound', `${host} cannot ${attempt}: there is no such thing${words}.`, {
        facts,
      });
    default:
  }
  const code = status >= 500 ? 'registryFailed' : 'registryRefused';
  return new TeaChestError(code, `${host} could not ${attempt} and answered ${status}${words}.`, { facts });
}
