import type { Reply } from '../http/reply.ts';
import { atLeast, generalPermission, mayDo, packagePermission, teamPermission } from '../model/access.ts';
import type { Owner } from '../model/directory.ts';
import type { ContainerPackage, PackageVersion } from '../model/packages.ts';
import { isPublicOnly } from '../model/scopes.ts';
import { apiDone, apiError, apiJson, apiNoOwner, apiNotFound, apiPage, signedIn, type RestCall } from './call.ts';
import { toPackage } from './convert.ts';

type Row = readonly [image: ContainerPackage, version: PackageVersion];

/** One row a version, newest first; `q` is a part of the name. */
export function listPackages(call: RestCall): Reply {
  return withOwner(call, 'read', (owner) => {
    const { query } = call.exchange;
    const type = query.get('type') ?? '';
    const part = (query.get('q') ?? '').toLowerCase();
    const images = type === '' || type === 'container' ? call.gitea.packages.of(owner.id) : [];
    return apiPage(call, newestFirst(images.filter(({ name }) => name.includes(part))), (row) =>
      toPackage(call, ...row),
    );
  });
}

export function listVersions(call: RestCall): Reply {
  return withImage(call, 'read', (image) => apiPage(call, newestFirst([image]), (row) => toPackage(call, ...row)));
}

export function latestVersion(call: RestCall): Reply {
  return withImage(call, 'read', (image) => {
    const [newest] = newestFirst([image]);
    return newest === undefined ? apiNotFound(call) : apiJson(200, toPackage(call, ...newest));
  });
}

export function showVersion(call: RestCall): Reply {
  return withVersion(call, 'read', (image, version) => apiJson(200, toPackage(call, image, version)));
}

export function deleteVersion(call: RestCall): Reply {
  return withVersion(call, 'write', (image, version) => {
    call.gitea.packages.removeVersion(image, version);
    return apiDone();
  });
}

export function deleteImage(call: RestCall): Reply {
  return withImage(call, 'write', (image) => {
    call.gitea.packages.removePackage(image);
    return apiDone();
  });
}

export async function listFiles(call: RestCall): Promise<Reply> {
  return withVersion(call, 'read', async (_image, version) => {
    const files = [...version.files.values()].map(async ({ id, size, name, digest }) => {
      const { md5, sha1, sha512 } = await call.gitea.blobs.hashes(digest);
      return {
        id,
        [call.gitea.quirks.sizeOfFile]: size,
        name,
        md5,
        sha1,
        sha256: digest.replace('sha256:', ''),
        sha512,
      };
    });
    return apiJson(200, await Promise.all(files));
  });
}

/** To a repository of the same owner that the doer may write. */
export function linkPackage(call: RestCall): Reply {
  return withImage(call, 'write', (image, owner) => {
    const repository = call.params['repository'] ?? '';
    const found = call.gitea.directory.repositoryNamed(owner, repository);
    if (found === undefined) return apiNotFound(call);
    if (image.repository !== undefined) return apiError(call, 400, 'invalid argument');
    if (!mayWriteRepository(call, owner)) return apiError(call, 403, 'no permission to access this repository');
    image.repository = found;
    return apiDone(201);
  });
}

export function unlinkPackage(call: RestCall): Reply {
  return withImage(call, 'write', (image, owner) => {
    if (image.repository === undefined) return apiError(call, 400, 'invalid argument');
    // The reason stands in the server's log alone (services/packages/package_update.go).
    if (!mayAdministrate(call, owner)) return apiError(call, 500, '');
    image.repository = undefined;
    return apiDone();
  });
}

function mayWriteRepository(call: RestCall, owner: Owner): boolean {
  const user = signedIn(call);
  if (owner.kind === 'user') return owner === user || user.admin;
  return mayDo(teamPermission(call.gitea.directory, owner, user), 'write', call.doer);
}

/** The user themself, a site admin, or a member of an owners' or administrators' team of the organization. */
function mayAdministrate(call: RestCall, owner: Owner): boolean {
  const user = signedIn(call);
  if (owner === user || user.admin) return true;
  const teams = call.gitea.directory.teamsOf(user).filter(({ organization }) => organization === owner);
  return teams.some(({ team }) => atLeast(generalPermission(team, call.gitea.quirks), 'admin'));
}

function newestFirst(images: readonly ContainerPackage[]): Row[] {
  const rows = images.flatMap((image) => [...image.versions.values()].map((version): Row => [image, version]));
  return rows.sort(([, left], [, right]) => right.createdAt - left.createdAt || right.id - left.id);
}

function withOwner<R extends Reply | Promise<Reply>>(
  call: RestCall,
  right: 'read' | 'write',
  then: (owner: Owner) => R,
): R | Reply {
  const { gitea, doer } = call;
  const name = call.params['owner'] ?? '';
  const owner = gitea.directory.owner(name);
  if (owner === undefined) return apiNoOwner(call, name);
  const publicOnly = doer.kind === 'user' && doer.scope !== undefined && isPublicOnly(doer.scope);
  if (publicOnly && owner.visibility === 'private') {
    return apiError(call, 403, 'token scope is limited to public packages');
  }
  const permission = packagePermission(gitea.directory, owner, doer, gitea.options.requireSignIn === true);
  if (!mayDo(permission, right, doer)) {
    return apiError(call, 403, 'user should have specific permission or be a site admin');
  }
  return then(owner);
}

function withImage<R extends Reply | Promise<Reply>>(
  call: RestCall,
  right: 'read' | 'write',
  then: (image: ContainerPackage, owner: Owner) => R,
): R | Reply {
  return withOwner<R | Reply>(call, right, (owner) => {
    const image = call.gitea.packages.get(owner.id, call.params['name'] ?? '');
    if (image === undefined) return apiError(call, 404, 'GetPackageByName: package does not exist');
    return then(image, owner);
  });
}

function withVersion<R extends Reply | Promise<Reply>>(
  call: RestCall,
  right: 'read' | 'write',
  then: (image: ContainerPackage, version: PackageVersion) => R,
): R | Reply {
  return withOwner<R | Reply>(call, right, (owner) => {
    const image = call.gitea.packages.get(owner.id, call.params['name'] ?? '');
    const version = image?.versions.get((call.params['version'] ?? '').toLowerCase());
    if (image === undefined || version === undefined) {
      return apiError(call, 404, 'GetVersionByNameAndVersion: package does not exist');
    }
    return then(image, version);
  });
}
