import * as v from 'valibot';
import { parseJson } from '../base/json.ts';
import { basicAuthorization, notSignedIn, type ReadCredential } from '../registry/auth/authenticator.ts';
import { header, type RegistryResponse, type Send } from '../registry/http/httpTypes.ts';
import { explainRestError, readMissingScopes } from './explainRestError.ts';
import {
  packageRow,
  readOwner,
  readVersion,
  teamRow,
  userSchema,
  writesPackages,
  type PackageVersion,
  type Visibility,
} from './restRows.ts';

export interface ApiCall {
  readonly signal: AbortSignal;
}

/** An owner to which the user may push. */
export interface PushOwner {
  /** Lower case, as in image references. */
  readonly name: string;
  readonly kind: 'user' | 'organization';
  /** Undefined if the token lacks the scope read:user. */
  readonly visibility: Visibility | undefined;
}

const pageSize = 50; // Gitea's default maximum; a server may have a lower one
const maxPages = 400;

/**
 * The REST API of Gitea and Forgejo, as far as we use it (docs/gitea.md §4). Not a generated client: five calls do not need
 * its thousands of lines.
 */
export class GiteaApi {
  readonly #send: Send;
  readonly #webRoot: (signal: AbortSignal) => Promise<string>;
  readonly #credential: ReadCredential;
  #knownOwners: readonly string[] = [];

  constructor(options: {
    readonly send: Send;
    readonly webRoot: (signal: AbortSignal) => Promise<string>;
    readonly credential: ReadCredential;
  }) {
    this.#send = options.send;
    this.#webRoot = options.webRoot;
    this.#credential = options.credential;
  }

  /** The user name of the credential; undefined if its token lacks the scope read:user. */
  async currentUser(call: ApiCall): Promise<string | undefined> {
    return (await this.#askUser(call))?.login;
  }

  /**
   * The user, and the organizations in which a team of theirs may write packages. A token with fewer scopes gives fewer
   * owners, never an error: a site administrator, for example, may push to all owners.
   */
  async pushOwners(call: ApiCall): Promise<readonly PushOwner[]> {
    const user = await this.#askUser(call);
    const name = readOwner(user?.login ?? (await this.#credential())?.username);
    const own: PushOwner[] = name === undefined ? [] : [{ name, kind: 'user', visibility: user?.visibility }];
    const teams = (await this.#all('user/teams', teamRow, 'list your teams', call, { tolerant: true })) ?? [];
    const organizations = new Map<string, PushOwner>();
    for (const { organization } of teams.filter(writesPackages)) {
      const found = readOwner(organization?.username) ?? readOwner(organization?.name);
      const visibility = organization?.visibility;
      if (found !== undefined) organizations.set(found, { name: found, kind: 'organization', visibility });
    }
    const byName = (one: PushOwner, other: PushOwner): number => (one.name < other.name ? -1 : 1);
    const owners = [...own, ...[...organizations.values()].sort(byName)];
    this.#knownOwners = owners.map((owner) => owner.name);
    return owners;
  }

  /** The names of the last `pushOwners`; empty before. */
  get knownOwners(): readonly string[] {
    return this.#knownOwners;
  }

  /**
   * Visibility of any owner. Undefined if the token lacks the scope read:user, or there is no such owner.
   */
  async visibilityOf(owner: string, call: ApiCall): Promise<Visibility | undefined> {
    // For organizations as well: to Gitea they are users.
    const response = await this.#get(`users/${encodeURIComponent(owner)}`, call);
    return response.status === 200 ? parseJson(userSchema, response.body)?.visibility : undefined;
  }

  /** All versions of all container packages of an owner, usable or not. Needs the scope read:package. */
  async packages(owner: string, call: ApiCall): Promise<readonly PackageVersion[]> {
    const path = `packages/${encodeURIComponent(owner)}?type=container`;
    const rows = (await this.#all(path, packageRow, `list the packages of “${owner}”`, call)) ?? [];
    return rows.map((row) => readVersion(row, owner));
  }

  async #askUser(call: ApiCall): Promise<v.InferOutput<typeof userSchema> | undefined> {
    const response = await this.#get('user', call);
    if (readMissingScopes(response) !== undefined) return undefined;
    if (response.status !== 200)
      throw explainRestError(response, 'show your user name', await this.#webRoot(call.signal));
    return parseJson(userSchema, response.body) ?? {};
  }

  async #all<T>(
    path: string,
    row: v.GenericSchema<unknown, T>,
    attempt: string,
    call: ApiCall,
    options: { readonly tolerant?: boolean } = {},
  ): Promise<T[] | undefined> {
    const rows: T[] = [];
    let previous: Buffer | undefined;
    for (let page = 1; page <= maxPages; page++) {
      const response = await this.#get(`${path}${path.includes('?') ? '&' : '?'}page=${page}&limit=${pageSize}`, call);
      if (options.tolerant === true && (response.status === 403 || response.status === 404)) return undefined;
      const items = response.status === 200 ? parseJson(v.array(row), response.body) : undefined;
      if (items === undefined) throw explainRestError(response, attempt, await this.#webRoot(call.signal));
      // A server that ignores `page` sends the same page forever.
      if (previous?.equals(response.body) === true) return rows;
      previous = response.body;
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
    // Basic accepts a token as the password, so that both kinds of secret work.
    const headers = { authorization: basicAuthorization(credential), accept: 'application/json' };
    return this.#send({ method: 'GET', url: new URL(`${webRoot}/api/v1/${path}`), headers, signal });
  }
}
