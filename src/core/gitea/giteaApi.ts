import * as l10n from '@vscode/l10n';
import type * as v from 'valibot';
import { parseJson } from '../base/json.ts';
import type { ReadCredential } from '../registry/auth/authenticator.ts';
import { readMissingScopes } from './explainRestError.ts';
import type { ApiCall, RestClient } from './restClient.ts';
import { readOwner, teamRow, userSchema, versionSchema, writesPackages, type Visibility } from './restRows.ts';

/** The user, or an organization that they are a member of. */
export interface OwnOwner {
  /** Lower case, as in image references. */
  readonly name: string;
  readonly kind: 'user' | 'organization';
  /** Undefined if the token lacks the scope read:user. */
  readonly visibility: Visibility | undefined;
  /** False for an organization in which none of their teams may write packages. */
  readonly mayPush: boolean;
}

export interface OwnOwners {
  /** The user first, then the organizations by name. */
  readonly owners: readonly OwnOwner[];
  /** False if the token lacks the scope read:user: then organizations are missing. */
  readonly complete: boolean;
  /** A site administrator may push to every owner. */
  readonly isAdmin: boolean;
}

export interface CurrentUser {
  /** Undefined if the token lacks a scope, or if the server gives no name. */
  readonly name: string | undefined;
  /** One of them would do, such as read:user. */
  readonly lacks: readonly string[];
}

/** Users, teams and owners by the REST API of Gitea and Forgejo (docs/gitea.md §4). */
export class GiteaApi {
  readonly #rest: RestClient;
  readonly #credential: ReadCredential;

  constructor(rest: RestClient, credential: ReadCredential) {
    this.#rest = rest;
    this.#credential = credential;
  }

  /** The user name of the credential, or the scopes that its token lacks to read it. */
  async currentUser(call: ApiCall): Promise<CurrentUser> {
    const user = await this.#askUser(call);
    return 'lacks' in user ? { name: undefined, lacks: user.lacks } : { name: user.login, lacks: [] };
  }

  /** The server's version. With REQUIRE_SIGNIN_VIEW it is given to those who have signed in alone; no scope is needed. */
  async version(call: ApiCall): Promise<string | undefined> {
    const response = await this.#rest.get('version', call);
    return response.status === 200 ? parseJson(versionSchema, response.body)?.version : undefined;
  }

  /**
   * The user and their organizations, with what the teams may do: only `/user/teams` says that. `/users/{u}/orgs/{org}/permissions`
   * leaves out what a team may do in the packages unit alone, and wants the scope read:organization as well, which `/user/teams` does not. A token with fewer
   * scopes gives fewer owners, never an error.
   */
  async ownOwners(call: ApiCall): Promise<OwnOwners> {
    const answer = await this.#askUser(call);
    const user = 'lacks' in answer ? undefined : answer;
    const isAdmin = user?.is_admin === true;
    const name = readOwner(user?.login ?? (await this.#credential())?.username);
    const own: OwnOwner[] =
      name === undefined ? [] : [{ name, kind: 'user', visibility: user?.visibility, mayPush: true }];
    const organizations = new Map<string, OwnOwner>();
    const tolerant = {
      attempt: l10n.t({
        message: 'list your teams',
        comment: 'What was tried. Completes “{host} could not …”, “{host} cannot …” and “{host} does not let you …”',
      }),
      tolerant: true,
    };
    for await (const { rows } of this.#rest.pages('user/teams', teamRow, tolerant, call)) {
      for (const team of rows) {
        const { organization } = team;
        const found = readOwner(organization?.username) ?? readOwner(organization?.name);
        if (found === undefined) continue;
        const mayPush = isAdmin || writesPackages(team) || organizations.get(found)?.mayPush === true;
        organizations.set(found, { name: found, kind: 'organization', visibility: organization?.visibility, mayPush });
      }
    }
    const byName = (one: OwnOwner, other: OwnOwner): number => (one.name < other.name ? -1 : 1);
    return {
      owners: [...own, ...[...organizations.values()].sort(byName)],
      complete: user !== undefined,
      isAdmin,
    };
  }

  /**
   * Visibility of any owner. Undefined if the token lacks the scope read:user, or there is no such owner.
   */
  async visibilityOf(owner: string, call: ApiCall): Promise<Visibility | undefined> {
    // For organizations as well: to Gitea they are users.
    const response = await this.#rest.get(`users/${encodeURIComponent(owner)}`, call);
    return response.status === 200 ? parseJson(userSchema, response.body)?.visibility : undefined;
  }

  async #askUser(call: ApiCall): Promise<v.InferOutput<typeof userSchema> | { readonly lacks: readonly string[] }> {
    const response = await this.#rest.get('user', call);
    const missing = readMissingScopes(response);
    if (missing !== undefined) return { lacks: missing.required };
    if (response.status !== 200)
      throw await this.#rest.errorOf(
        response,
        l10n.t({
          message: 'show your user name',
          comment: 'What was tried. Completes “{host} could not …”, “{host} cannot …” and “{host} does not let you …”',
        }),
        call,
      );
    return parseJson(userSchema, response.body) ?? {};
  }
}
