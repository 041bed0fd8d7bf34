import { usesBasic } from '../auth.ts';
import { jsonBody } from '../http/exchange.ts';
import type { Reply } from '../http/reply.ts';
import { atLeast, generalPermission, isVisible } from '../model/access.ts';
import { usedBytes } from '../model/quota.ts';
import { fromNameOf119, isScope } from '../model/scopes.ts';
import { apiDone, apiError, apiJson, apiNoOwner, apiNotFound, apiPage, signedIn, type RestCall } from './call.ts';
import { toOrganization, toRepository, toTeam, toToken, toUser } from './convert.ts';

export function currentUser(call: RestCall): Reply {
  return apiJson(200, toUser(call, signedIn(call)));
}

export function userTeams(call: RestCall): Reply {
  const memberships = call.gitea.directory.teamsOf(signedIn(call));
  if (memberships.length === 0 && call.gitea.quirks.noTeamsAreNull) return apiJson(200, null);
  return apiPage(call, memberships, ({ organization, team }) => toTeam(call, organization, team));
}

export function userOrganizations(call: RestCall): Reply {
  const organizations = new Set(call.gitea.directory.teamsOf(signedIn(call)).map(({ organization }) => organization));
  return apiPage(call, [...organizations], (organization) => toOrganization(call, organization));
}

/** Only what a team may do as a whole: not the level that it has for each unit, as all teams but admins and owners have. */
export function organizationPermissions(call: RestCall): Reply {
  const { directory } = call.gitea;
  const [user, organization] = [directory.owner(call.params['user'] ?? ''), directory.owner(call.params['org'] ?? '')];
  if (user?.kind !== 'user' || organization?.kind !== 'organization') return apiNotFound(call);
  if (!isVisible(directory, organization, call.doer)) return apiNotFound(call);
  const granted = directory
    .teamsOf(user)
    .filter((membership) => membership.organization === organization)
    .map(({ team }) => generalPermission(team, call.gitea.quirks));
  const has = (need: 'owner' | 'admin' | 'write' | 'read'): boolean => granted.some((each) => atLeast(each, need));
  return apiJson(200, {
    is_owner: has('owner'),
    is_admin: has('admin'),
    can_write: has('write'),
    can_read: has('read'),
    can_create_repository: has('owner'),
  });
}

export function showUser(call: RestCall): Reply {
  const name = call.params['user'] ?? '';
  const user = call.gitea.directory.owner(name);
  if (user === undefined) return apiNoOwner(call, name);
  return isVisible(call.gitea.directory, user, call.doer) ? apiJson(200, toUser(call, user)) : apiNotFound(call);
}

/** An owner's repositories that the user may see. */
export function listRepositories(call: RestCall): Reply {
  const owner = call.gitea.directory.owner(call.params['user'] ?? '');
  if (owner === undefined || !isVisible(call.gitea.directory, owner, call.doer)) return apiNotFound(call);
  const { directory } = call.gitea;
  const names = directory
    .repositoriesOf(owner)
    .filter((name) => directory.maySeeRepository(owner, name, signedIn(call)));
  return apiPage(call, names, (name) => toRepository(call, owner, name));
}

export function showOrganization(call: RestCall): Reply {
  const organization = call.gitea.directory.owner(call.params['org'] ?? '');
  if (organization?.kind !== 'organization' || !isVisible(call.gitea.directory, organization, call.doer)) {
    return apiNotFound(call);
  }
  return apiJson(200, toOrganization(call, organization));
}

/** Only by Basic, with a password (and one-time password) or a token of the scope, and for oneself unless an admin. */
export async function createToken(call: RestCall): Promise<Reply> {
  const { gitea, exchange } = call;
  const { quirks } = gitea;
  const doer = signedIn(call);
  const username = call.params['user'] ?? '';
  const named = gitea.directory.owner(username);
  if (!usesBasic(exchange)) return apiError(call, 401, 'auth required');
  const byToken = call.doer.kind === 'user' && call.doer.byToken;
  if (quirks.tokensByPassword && byToken) return apiError(call, 401, 'auth method not allowed');
  if (named === undefined) return apiNoOwner(call, username);
  if (named.kind !== 'user') return apiNotFound(call);
  const user = quirks.ownTokensAlone ? named : doer;
  if (user !== doer && !doer.admin) {
    return apiError(call, 403, 'doer should be the site admin or be same as the contextUser');
  }
  const { name, scopes } = await jsonBody(exchange);
  const given = Array.isArray(scopes) ? scopes.map(String) : [];
  // Before there were scopes a token could do everything.
  const wanted =
    quirks.scopeNames === 'none' ? ['all'] : quirks.scopeNames === '1.19' ? given.map(fromNameOf119) : given;
  const unknown = quirks.scopeNames === 'none' ? undefined : given.find((_, at) => !isScope(wanted[at] ?? ''));
  if (gitea.directory.tokensOf(user.id).some((token) => token.name === name)) {
    return apiError(call, 400, 'access token name has been used already');
  }
  if (unknown !== undefined) return apiError(call, 400, `invalid access token scope provided: ${unknown}`);
  if (wanted.length === 0 && quirks.scopesOfNewToken) return apiError(call, 400, 'access token must have a scope');
  const token = gitea.directory.addToken(user, String(name), wanted);
  return apiJson(201, toToken(call, token, token.value));
}

export function listTokens(call: RestCall): Reply {
  if (!usesBasic(call.exchange)) return apiError(call, 401, 'auth required');
  return apiPage(call, call.gitea.directory.tokensOf(signedIn(call).id), (token) => toToken(call, token, ''));
}

/** By id or by name. */
export function deleteToken(call: RestCall): Reply {
  if (!usesBasic(call.exchange)) return apiError(call, 401, 'auth required');
  const user = call.gitea.directory.owner(call.params['user'] ?? '');
  const wanted = call.params['token'];
  const token = call.gitea.directory
    .tokensOf(user?.id ?? -1)
    .find(({ id, name }) => String(id) === wanted || name === wanted);
  if (token === undefined || (user !== signedIn(call) && !signedIn(call).admin)) return apiNotFound(call);
  call.gitea.directory.removeToken(token);
  return apiDone();
}

/** Forgejo: whether this user may store more. */
export function checkQuota(call: RestCall): Reply {
  const { limits, packages } = call.gitea;
  return apiJson(200, limits.softQuota === undefined || usedBytes(packages, signedIn(call).id) <= limits.softQuota);
}
