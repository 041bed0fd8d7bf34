import type { Directory, Organization, Owner, Team, User } from './directory.ts';
import type { Quirks } from '../quirks.ts';
import type { Permission } from './seed.ts';

/** Who sends a request: nobody, the "ghost" (Gitea's user of an anonymous token), or a user. */
export type Doer =
  | { readonly kind: 'nobody' }
  | { readonly kind: 'ghost' }
  /** `scope` restricts a token; undefined without a restriction (a password on the REST API). */
  | { readonly kind: 'user'; readonly user: User; readonly scope: string | undefined; readonly byToken?: true };

const levels: readonly Permission[] = ['none', 'read', 'write', 'admin', 'owner'];

export function atLeast(have: Permission, need: Permission): boolean {
  return levels.indexOf(have) >= levels.indexOf(need);
}

/** The rights of the doer on an owner's packages, by the rules of Gitea's `services/context/package.go`. */
export function packagePermission(directory: Directory, owner: Owner, doer: Doer, requireSignIn: boolean): Permission {
  if (doer.kind !== 'user') return owner.visibility === 'public' && !requireSignIn ? 'read' : 'none';
  if (doer.user.prohibitLogin) return 'none';
  if (owner.kind === 'user') {
    if (owner.id === doer.user.id) return 'owner';
    return owner.visibility === 'private' ? 'none' : 'read';
  }
  const permission = teamPermission(directory, owner, doer.user);
  return permission === 'none' && isVisible(directory, owner, doer) ? 'read' : permission;
}

/** A site admin passes every check of package rights. */
export function mayDo(permission: Permission, need: Permission, doer: Doer): boolean {
  return atLeast(permission, need) || (doer.kind === 'user' && doer.user.admin && !doer.user.prohibitLogin);
}

export function isVisible(directory: Directory, owner: Owner, doer: Doer): boolean {
  if (owner.visibility === 'public') return true;
  if (doer.kind !== 'user') return false;
  if (doer.user.admin || owner.id === doer.user.id) return true;
  if (owner.visibility === 'limited' && !doer.user.restricted) return true;
  return (
    owner.kind === 'organization' && directory.teamsOf(doer.user).some(({ organization }) => organization === owner)
  );
}

/** What a team may do as a whole. Since Gitea 1.24 teams that are no admins have a level for each unit instead. */
export function generalPermission({ permission }: Team, { rightsByUnit }: Pick<Quirks, 'rightsByUnit'>): Permission {
  return atLeast(permission, 'admin') || !rightsByUnit ? permission : 'none';
}

/** The highest level of the user's teams: their general level, or their right on the packages unit. */
export function teamPermission(directory: Directory, organization: Organization, user: User): Permission {
  const granted = directory
    .teamsOf(user)
    .filter((membership) => membership.organization === organization)
    .flatMap(({ team }) => [team.permission, team.packages]);
  return levels.findLast((level) => granted.includes(level)) ?? 'none';
}
