import { jsonBody } from '../http/exchange.ts';
import type { Reply } from '../http/reply.ts';
import { atLeast, mayDo, teamPermission } from '../model/access.ts';
import type { Organization, Owner, Team } from '../model/directory.ts';
import type { Permission, Visibility } from '../model/seed.ts';
import { apiDone, apiError, apiJson, apiNotFound, signedIn, type RestCall } from './call.ts';
import { toOrganization, toRepository, toTeam, toUser } from './convert.ts';

/** The routes by which an admin or an owner prepares an instance; only those that tests need. */
export async function createUser(call: RestCall): Promise<Reply> {
  if (!signedIn(call).admin) return notAdmin(call);
  const { username, password, visibility, must_change_password: change } = await jsonBody(call.exchange);
  const name = String(username);
  if (call.gitea.directory.owner(name) !== undefined) {
    return apiError(call, 422, `user already exists [name: ${name}]`);
  }
  const shown = (visibility ?? 'public') as Visibility;
  // Gitea asks for a new password by default.
  const seed = { name, password: String(password), visibility: shown, mustChangePassword: change !== false };
  return apiJson(201, toUser(call, call.gitea.directory.addUser(seed)));
}

export async function editUser(call: RestCall): Promise<Reply> {
  if (!signedIn(call).admin) return notAdmin(call);
  const user = call.gitea.directory.owner(call.params['user'] ?? '');
  if (user?.kind !== 'user') return apiNotFound(call);
  const { prohibit_login: prohibited, visibility, restricted } = await jsonBody(call.exchange);
  if (typeof prohibited === 'boolean') user.prohibitLogin = prohibited;
  if (typeof restricted === 'boolean') user.restricted = restricted;
  if (typeof visibility === 'string') user.visibility = visibility as Visibility;
  return apiJson(200, toUser(call, user));
}

export function deleteUser(call: RestCall): Reply {
  if (!signedIn(call).admin) return notAdmin(call);
  return removeOwner(call, call.gitea.directory.owner(call.params['user'] ?? ''));
}

export async function createOrganization(call: RestCall): Promise<Reply> {
  const { username, visibility } = await jsonBody(call.exchange);
  const name = String(username);
  if (call.gitea.directory.owner(name) !== undefined) {
    return apiError(call, 422, `user already exists [name: ${name}]`);
  }
  const organization = call.gitea.directory.addOrganization({
    name,
    visibility: (visibility ?? 'public') as Visibility,
    teams: [{ name: 'Owners', permission: 'owner', members: [signedIn(call).name] }],
  });
  return apiJson(201, toOrganization(call, organization));
}

export function deleteOrganization(call: RestCall): Reply {
  const organization = ownedOrganization(call);
  return organization === undefined
    ? apiError(call, 403, 'Must be an organization owner')
    : removeOwner(call, organization);
}

export async function renameUser(call: RestCall): Promise<Reply> {
  if (!signedIn(call).admin) return notAdmin(call);
  const user = call.gitea.directory.owner(call.params['user'] ?? '');
  const { new_username: name } = await jsonBody(call.exchange);
  return user?.kind === 'user' ? rename(call, user, String(name)) : apiNotFound(call);
}

export async function renameOrganization(call: RestCall): Promise<Reply> {
  const organization = ownedOrganization(call);
  if (organization === undefined) return apiError(call, 403, 'Must be an organization owner');
  const { new_name: name } = await jsonBody(call.exchange);
  return rename(call, organization, String(name));
}

function rename(call: RestCall, owner: Owner, name: string): Reply {
  const { directory } = call.gitea;
  if (directory.owner(name) !== undefined) return apiError(call, 422, `user already exists [name: ${name}]`);
  directory.rename(owner, name);
  return apiDone();
}

/** With `permission` (a level for everything) or `units_map` (a level a unit). */
export async function createTeam(call: RestCall): Promise<Reply> {
  const organization = ownedOrganization(call);
  if (organization === undefined) return apiError(call, 403, 'Must be an organization owner');
  const { name, permission, units_map: units } = await jsonBody(call.exchange);
  const byUnit = units as Record<string, Permission> | undefined;
  const given = (permission ?? 'none') as Permission;
  const packages = byUnit?.['repo.packages'] ?? given;
  const level = call.gitea.quirks.rightsByUnit || atLeast(given, 'admin') ? given : lowest(byUnit, given);
  const team = call.gitea.directory.addTeam(organization, String(name), level, packages);
  return apiJson(201, toTeam(call, organization, team));
}

/** Before Gitea 1.24 the lowest level of the units is that of the team as a whole. */
function lowest(units: Readonly<Record<string, Permission>> = {}, otherwise: Permission): Permission {
  const [first, ...others] = Object.values(units);
  return first === undefined ? otherwise : others.reduce((low, one) => (atLeast(one, low) ? low : one), first);
}

export function addTeamMember(call: RestCall): Reply {
  const found = findTeam(call);
  const user = call.gitea.directory.owner(call.params['user'] ?? '');
  if (found === undefined || user?.kind !== 'user') return apiNotFound(call);
  found.members.add(user.id);
  return apiDone();
}

export async function createRepository(call: RestCall): Promise<Reply> {
  const { name, private: isPrivate } = await jsonBody(call.exchange);
  const owner = signedIn(call);
  call.gitea.directory.addRepository(owner, String(name), isPrivate === true);
  return apiJson(201, toRepository(call, owner, String(name)));
}

export async function createOrganizationRepository(call: RestCall): Promise<Reply> {
  const organization = ownedOrganization(call);
  if (organization === undefined) return apiError(call, 403, 'Must be an organization owner');
  const { name, private: isPrivate } = await jsonBody(call.exchange);
  call.gitea.directory.addRepository(organization, String(name), isPrivate === true);
  return apiJson(201, toRepository(call, organization, String(name)));
}

export function deleteRepository(call: RestCall): Reply {
  const owner = call.gitea.directory.owner(call.params['owner'] ?? '');
  const mine = owner === signedIn(call) || signedIn(call).admin;
  if (owner === undefined || !mine) return apiNotFound(call);
  const removed = call.gitea.directory.removeRepository(owner, call.params['name'] ?? '');
  return removed ? apiDone() : apiNotFound(call);
}

function ownedOrganization(call: RestCall): Organization | undefined {
  const organization = call.gitea.directory.owner(call.params['org'] ?? '');
  if (organization?.kind !== 'organization') return undefined;
  const permission = teamPermission(call.gitea.directory, organization, signedIn(call));
  return mayDo(permission, 'owner', call.doer) ? organization : undefined;
}

function findTeam(call: RestCall): Team | undefined {
  return call.gitea.directory
    .organizations()
    .flatMap(({ teams }) => teams)
    .find(({ id }) => String(id) === call.params['team']);
}

/** An owner with packages is not deleted, as in Gitea. */
function removeOwner(call: RestCall, owner: Owner | undefined): Reply {
  if (owner === undefined) return apiNotFound(call);
  const purge = call.exchange.query.get('purge') === 'true';
  const images = call.gitea.packages.of(owner.id);
  if (images.length > 0 && !purge) return apiError(call, 422, 'user still has ownership of packages');
  for (const image of images) call.gitea.packages.removePackage(image);
  call.gitea.directory.removeOwner(owner);
  return apiDone();
}

function notAdmin(call: RestCall): Reply {
  return apiError(call, 403, 'user should be the site admin');
}
