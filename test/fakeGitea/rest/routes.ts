import { authenticateRest } from '../auth.ts';
import type { Gitea } from '../gitea.ts';
import type { Exchange } from '../http/exchange.ts';
import { pageNotFound, type Reply } from '../http/reply.ts';
import { redirectToOwner } from '../http/redirectToOwner.ts';
import type { User } from '../model/directory.ts';
import { rootUrl } from '../publicUrl.ts';
import type { Quirks } from '../quirks.ts';
import { scopeGrants } from '../model/scopes.ts';
import * as admin from './adminRoutes.ts';
import { accountRefused, apiError, apiJson, type RestCall } from './call.ts';
import * as packages from './packageRoutes.ts';
import * as users from './userRoutes.ts';

interface Route {
  readonly method: string;
  /** `{x}` is one segment, which may hold an encoded slash. */
  readonly path: string;
  /**
   * The scope categories a token must have, checked one after the other; those in a list are checked together. The level
   * follows from the method. None: nothing is checked.
   */
  readonly scopes: readonly (string | readonly string[])[];
  /** Must be signed in; true by default. */
  readonly signIn?: false;
  readonly exists?: (quirks: Quirks) => boolean;
  readonly handle: (call: RestCall) => Reply | Promise<Reply>;
}

const image = '/packages/{owner}/container/{name}';
const linkApi = ({ linkApi: exists }: Quirks): boolean => exists;
const packageApi = ({ packageApi: exists }: Quirks): boolean => exists;
const deletePackageApi = ({ deletePackageApi: exists }: Quirks): boolean => exists;
const forgejoOnly = ({ forgejo }: Quirks): boolean => forgejo;

const routes: readonly Route[] = [
  { method: 'GET', path: '/version', scopes: [], signIn: false, handle: showServerVersion },
  { method: 'GET', path: '/user', scopes: ['user'], handle: users.currentUser },
  { method: 'GET', path: '/user/teams', scopes: ['user'], handle: users.userTeams },
  { method: 'GET', path: '/user/orgs', scopes: [['user', 'organization']], handle: users.userOrganizations },
  { method: 'GET', path: '/user/quota/check', scopes: ['user'], exists: forgejoOnly, handle: users.checkQuota },
  { method: 'POST', path: '/user/repos', scopes: ['user', 'repository'], handle: admin.createRepository },
  {
    method: 'POST',
    path: '/orgs/{org}/repos',
    scopes: [['organization', 'repository']],
    handle: admin.createOrganizationRepository,
  },
  { method: 'GET', path: '/users/{user}', scopes: ['user'], signIn: false, handle: users.showUser },
  { method: 'GET', path: '/users/{user}/repos', scopes: ['user', 'repository'], handle: users.listRepositories },
  {
    method: 'GET',
    path: '/users/{user}/orgs/{org}/permissions',
    scopes: [['user', 'organization']],
    handle: users.organizationPermissions,
  },
  { method: 'GET', path: '/users/{user}/tokens', scopes: ['user'], handle: users.listTokens },
  { method: 'POST', path: '/users/{user}/tokens', scopes: ['user'], handle: users.createToken },
  { method: 'DELETE', path: '/users/{user}/tokens/{token}', scopes: ['user'], handle: users.deleteToken },
  { method: 'POST', path: '/orgs', scopes: ['organization'], handle: admin.createOrganization },
  { method: 'GET', path: '/orgs/{org}', scopes: ['organization'], signIn: false, handle: users.showOrganization },
  { method: 'DELETE', path: '/orgs/{org}', scopes: ['organization'], handle: admin.deleteOrganization },
  {
    method: 'POST',
    path: '/orgs/{org}/rename',
    scopes: ['organization'],
    exists: ({ renameApi }) => renameApi,
    handle: admin.renameOrganization,
  },
  { method: 'POST', path: '/orgs/{org}/teams', scopes: ['organization'], handle: admin.createTeam },
  { method: 'PUT', path: '/teams/{team}/members/{user}', scopes: ['organization'], handle: admin.addTeamMember },
  { method: 'POST', path: '/admin/users', scopes: ['admin'], handle: admin.createUser },
  { method: 'PATCH', path: '/admin/users/{user}', scopes: ['admin'], handle: admin.editUser },
  { method: 'POST', path: '/admin/users/{user}/rename', scopes: ['admin'], handle: admin.renameUser },
  { method: 'DELETE', path: '/admin/users/{user}', scopes: ['admin'], handle: admin.deleteUser },
  { method: 'DELETE', path: '/repos/{owner}/{name}', scopes: ['repository'], handle: admin.deleteRepository },
  { method: 'GET', path: '/packages/{owner}', scopes: ['package'], handle: packages.listPackages },
  { method: 'GET', path: image, scopes: ['package'], exists: packageApi, handle: packages.listVersions },
  { method: 'DELETE', path: image, scopes: ['package'], exists: deletePackageApi, handle: packages.deleteImage },
  { method: 'GET', path: `${image}/-/latest`, scopes: ['package'], exists: packageApi, handle: packages.latestVersion },
  {
    method: 'POST',
    path: `${image}/-/link/{repository}`,
    scopes: ['package'],
    exists: linkApi,
    handle: packages.linkPackage,
  },
  { method: 'POST', path: `${image}/-/unlink`, scopes: ['package'], exists: linkApi, handle: packages.unlinkPackage },
  { method: 'GET', path: `${image}/{version}`, scopes: ['package'], handle: packages.showVersion },
  { method: 'DELETE', path: `${image}/{version}`, scopes: ['package'], handle: packages.deleteVersion },
  { method: 'GET', path: `${image}/{version}/files`, scopes: ['package'], handle: packages.listFiles },
];

/** `path` is what follows `/api/v1`. */
export async function handleRest(gitea: Gitea, exchange: Exchange, path: string): Promise<Reply> {
  const who = authenticateRest(gitea, exchange);
  const base = { gitea, exchange };
  if (who.kind === 'refused') {
    const saysCode = who.lacksCode && gitea.quirks.saysMissingCode;
    return apiError(base, 401, saysCode ? 'invalid provided OTP' : 'invalid username, password or token');
  }
  const blocked = who.kind === 'user' ? accountInTheWay(base, who.user) : undefined;
  if (blocked !== undefined) return blocked;
  const signedOut = who.kind !== 'user';
  if (signedOut && gitea.options.requireSignIn === true) {
    return apiError(base, 403, 'Only signed in user is allowed to call APIs.');
  }
  for (const route of routes) {
    const params = route.method === exchange.method ? match(route.path, path) : undefined;
    if (params === undefined || route.exists?.(gitea.quirks) === false) continue;
    if (signedOut && needsSignIn(route, gitea.quirks)) return apiError(base, 401, 'token is required');
    const call = { ...base, doer: who, params };
    return missingScope(call, route) ?? movedOwner(call) ?? route.handle(call);
  }
  return noRoute(gitea, path);
}

/** Of Gitea's router, which has no JSON for that. */
function noRoute({ quirks }: Gitea, path: string): Reply {
  const methods = routes
    .filter((route) => route.exists?.(quirks) !== false && match(route.path, path) !== undefined)
    .map(({ method }) => method);
  if (methods.length === 0) return pageNotFound();
  return { status: 405, headers: { Allow: methods, 'X-Content-Type-Options': 'nosniff' } };
}

function needsSignIn({ method, scopes, signIn }: Route, { packagesNeedSignIn }: Quirks): boolean {
  const isShown = method === 'GET' && scopes.includes('package') && !packagesNeedSignIn;
  return signIn !== false && !isShown;
}

function accountInTheWay({ gitea, exchange }: Pick<RestCall, 'gitea' | 'exchange'>, user: User): Reply | undefined {
  if (user.prohibitLogin) {
    return accountRefused('This account is prohibited from signing in, please contact your site administrator.');
  }
  if (!user.mustChangePassword) return undefined;
  // ROOT_URL has a slash at its end there already.
  const page = `${rootUrl(gitea, exchange)}//user/change_password`;
  return accountRefused(`You must change your password. Change it at: ${page}`);
}

/** Redirects from a former name of an owner to the new one. */
function movedOwner(call: RestCall): Reply | undefined {
  const { gitea, exchange, params, doer } = call;
  const former = params['owner'] ?? params['org'] ?? params['user'] ?? '';
  const owner = gitea.directory.formerOwner(former);
  return owner && redirectToOwner(gitea, exchange, former, owner, doer.kind === 'user');
}

function missingScope(call: RestCall, route: Route): Reply | undefined {
  const scope = call.doer.kind === 'user' ? call.doer.scope : undefined;
  if (scope === undefined) return undefined;
  const level = route.method === 'GET' ? 'read' : 'write';
  const required = scopesOf(route, call.gitea.quirks)
    .map((categories) => [categories].flat().map((category) => `${level}:${category}`))
    .find((together) => !together.every((wanted) => scopeGrants(scope, wanted)));
  if (required === undefined) return undefined;
  const reason = 'token does not have at least one of required scope(s)';
  const list = `[${required.join(' ')}]`;
  const message = call.gitea.quirks.scopesInRefusal
    ? `${reason}, required=${list}, token scope=${scope}`
    : `${reason}: ${list}`;
  return apiError(call, 403, message);
}

/** In Gitea 1.19 few routes need a scope, and the list of teams needs another one. */
function scopesOf({ path, scopes }: Route, { scopeNames }: Quirks): Route['scopes'] {
  if (scopeNames !== '1.19' || path.startsWith('/packages/')) return scopes;
  return path === '/user/teams' ? ['repository'] : [];
}

function match(pattern: string, path: string): Record<string, string> | undefined {
  const [expected, given] = [pattern.split('/'), path.split('/')];
  if (expected.length !== given.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, part] of expected.entries()) {
    const value = given[index] ?? '';
    if (part.startsWith('{')) params[part.slice(1, -1)] = decodeURIComponent(value);
    else if (part !== value) return undefined;
  }
  return params;
}

function showServerVersion({ gitea }: RestCall): Reply {
  return apiJson(200, { version: gitea.quirks.version });
}
