import type * as v from 'valibot';
import { parseJson } from '../base/json.ts';
import type { ReadCredential } from '../registry/auth/authenticator.ts';
import { readMissingScopes } from './explainRestError.ts';
import type { ApiCall, RestClient } from './restClient.ts';
import { readOwner, teamRow, userSchema, writesPackages, type Visibility } from './restRows.ts';

/** An owner to which the user may push. */
export interface PushOwner {
  /** Lower case, as in image references. */
  readonly name: string;
  readonly kind: 'user' | 'organization';
  /** Undefined if the token lacks the scope read:user. */
  readonly visibility: Visibility | undefined;
}

/** Users, teams and owners by the REST API of Gitea and Forgejo (docs/gitea.md §4). */
export class GiteaApi {
  readonly #rest: RestClient;
  readonly #credential: ReadCredential;
  #knownOwners: readonly string[] = [];

  constructor(rest: RestClient, credential: ReadCredential) {
    this.#rest = rest;
    this.#credential = credential;
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
    const teams: v.InferOutput<typeof teamRow>[] = [];
    const tolerant = { attempt: 'list your teams', tolerant: true };
    for await (const { rows } of this.#rest.pages('user/teams', teamRow, tolerant, call)) teams.push(...rows);
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
    const response = await this.#rest.get(`users/${encodeURIComponent(owner)}`, call);
    return response.status === 200 ? parseJson(userSchema, response.body)?.visibility : undefined;
  }

  async #askUser(call: ApiCall): Promise<v.InferOutput<typeof userSchema> | undefined> {
    const response = await this.#rest.get('user', call);
    if (readMissingScopes(response) !== undefined) return undefined;
    if (response.status !== 200) throw await this.#rest.errorOf(response, 'show your user name', call);
    return parseJson(userSchema, response.body) ?? {};
  }
}
