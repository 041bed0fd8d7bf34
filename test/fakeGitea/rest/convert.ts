import type { Organization, Owner, PersonalToken, Team } from '../model/directory.ts';
import type { ContainerPackage, PackageVersion } from '../model/packages.ts';
import { publicUrl } from '../publicUrl.ts';
import { generalPermission } from '../model/access.ts';
import type { RestCall } from './call.ts';

/** The JSON forms of Gitea's `modules/structs`, fields in its order. */
export function toUser(call: RestCall, owner: Owner): unknown {
  const web = publicUrl(call.gitea, call.exchange);
  return {
    id: owner.id,
    login: owner.name,
    login_name: '',
    source_id: 0,
    full_name: '',
    email: `${owner.name.toLowerCase()}@noreply.localhost`,
    avatar_url: `${web}/avatars/${owner.id}`,
    html_url: `${web}/${owner.name}`,
    language: '',
    is_admin: owner.kind === 'user' && owner.admin,
    last_login: '0001-01-01T00:00:00Z',
    created: toTime(owner.createdAt),
    restricted: owner.kind === 'user' && owner.restricted,
    active: true,
    prohibit_login: owner.kind === 'user' && owner.prohibitLogin,
    location: '',
    website: '',
    description: '',
    visibility: owner.visibility,
    followers_count: 0,
    following_count: 0,
    starred_repos_count: 0,
    username: owner.name,
  };
}

export function toOrganization(call: RestCall, organization: Organization): unknown {
  return {
    id: organization.id,
    name: organization.name,
    full_name: '',
    email: '',
    avatar_url: `${publicUrl(call.gitea, call.exchange)}/avatars/${organization.id}`,
    description: '',
    website: '',
    location: '',
    visibility: organization.visibility,
    repo_admin_change_team_access: false,
    username: organization.name,
  };
}

export function toTeam(call: RestCall, organization: Organization, team: Team): unknown {
  // A unit without a right is left out.
  const levels = { 'repo.code': team.permission, 'repo.packages': team.packages };
  const units = Object.fromEntries(Object.entries(levels).filter(([, level]) => level !== 'none'));
  return {
    id: team.id,
    name: team.name,
    description: '',
    organization: toOrganization(call, organization),
    includes_all_repositories: team.permission === 'owner',
    permission: generalPermission(team, call.gitea.quirks),
    units: Object.keys(units),
    units_map: units,
    can_create_org_repo: team.permission === 'owner',
  };
}

export function toPackage(call: RestCall, image: ContainerPackage, version: PackageVersion): unknown {
  const { directory } = call.gitea;
  const owner = directory.ownerById(image.ownerId);
  const creator = directory.ownerById(version.creatorId);
  const user = call.doer.kind === 'user' ? call.doer.user : undefined;
  const page = `-/packages/container/${encodeURIComponent(image.name)}/${encodeURIComponent(version.name)}`;
  return {
    id: version.id,
    owner: owner === undefined ? null : toUser(call, owner),
    repository:
      owner === undefined ||
      image.repository === undefined ||
      !directory.maySeeRepository(owner, image.repository, user)
        ? null
        : toRepository(call, owner, image.repository),
    creator: creator === undefined ? null : toUser(call, creator),
    type: 'container',
    name: image.name,
    version: version.name,
    ...(call.gitea.quirks.htmlUrl && {
      html_url: `${publicUrl(call.gitea, call.exchange)}/${owner?.name ?? ''}/${page}`,
    }),
    created_at: toTime(version.createdAt),
  };
}

export function toRepository(call: RestCall, owner: Owner, name: string): unknown {
  return {
    id: call.gitea.directory.repositoryId(owner, name),
    owner: toUser(call, owner),
    name,
    full_name: `${owner.name}/${name}`,
    html_url: `${publicUrl(call.gitea, call.exchange)}/${owner.name}/${name}`,
  };
}

/** The secret itself is returned once, at creation. */
export function toToken({ gitea: { quirks } }: RestCall, token: PersonalToken, secret: string): unknown {
  return {
    id: token.id,
    name: token.name,
    sha1: secret,
    token_last_eight: token.value.slice(-8),
    scopes: token.scope === '' || (secret !== '' && !quirks.scopesOfNewToken) ? null : token.scope.split(','),
    created_at: toTime(token.createdAt),
    last_used_at: toTime(token.createdAt),
  };
}

function toTime(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}
