import { authenticateRegistry, type Authentication } from '../auth.ts';
import type { Gitea } from '../gitea.ts';
import type { Exchange } from '../http/exchange.ts';
import { redirectToOwner } from '../http/redirectToOwner.ts';
import { pageNotFound, textReply, type Reply } from '../http/reply.ts';
import { mayDo, packagePermission, type Doer } from '../model/access.ts';
import type { Owner } from '../model/directory.ts';
import { usedBytes } from '../model/quota.ts';
import { isPublicOnly, scopeGrants } from '../model/scopes.ts';
import { deleteBlob, readBlob } from './blobRoutes.ts';
import type { ImageCall } from './call.ts';
import { challenge, credentialsRefused } from './challenge.ts';
import { accessRefused, registryError, registryReply } from './errors.ts';
import { listCatalog, listTags } from './listRoutes.ts';
import { deleteManifest, putManifest, readManifest } from './manifestRoutes.ts';
import { tokenRoute } from './tokenRoute.ts';
import { deleteUpload, patchUpload, putUpload, startUpload, uploadStatus } from './uploadRoutes.ts';

interface Route {
  readonly methods: readonly string[];
  /** Of what follows the owner; the groups are the image and, where there is one, the reference. */
  readonly path: RegExp;
  readonly right: 'read' | 'write';
  readonly handle: (call: ImageCall) => Reply | Promise<Reply>;
}

const uploads = /^(?:\/(?<image>.*))?\/blobs\/uploads$/;
const upload = /^(?:\/(?<image>.*))?\/blobs\/uploads\/(?<reference>[-.=\w]+)$/;
const blob = /^(?:\/(?<image>.*))?\/blobs\/(?<reference>[^/]+)$/;
const manifest = /^(?:\/(?<image>.*))?\/manifests\/(?<reference>[^/]+)$/;
const tags = /^(?:\/(?<image>.*))?\/tags\/list$/;

const routes: readonly Route[] = [
  { methods: ['POST'], path: uploads, right: 'write', handle: startUpload },
  { methods: ['GET'], path: upload, right: 'write', handle: uploadStatus },
  { methods: ['PATCH'], path: upload, right: 'write', handle: patchUpload },
  { methods: ['PUT'], path: upload, right: 'write', handle: putUpload },
  { methods: ['DELETE'], path: upload, right: 'write', handle: deleteUpload },
  { methods: ['HEAD', 'GET'], path: blob, right: 'read', handle: readBlob },
  { methods: ['DELETE'], path: blob, right: 'write', handle: deleteBlob },
  { methods: ['PUT'], path: manifest, right: 'write', handle: putManifest },
  { methods: ['HEAD', 'GET'], path: manifest, right: 'read', handle: readManifest },
  { methods: ['DELETE'], path: manifest, right: 'write', handle: deleteManifest },
  { methods: ['GET'], path: tags, right: 'read', handle: listTags },
];

/** Lower case, one separator at a time: `a__b` and `a--b` are refused. */
const imageName = /^[a-z0-9]+([._-][a-z0-9]+)*(\/[a-z0-9]+([._-][a-z0-9]+)*)*$/;

/** The registry, in Gitea's order of checks: doer, owner, read access, route, write access, name. */
export async function handleRegistry(gitea: Gitea, exchange: Exchange): Promise<Reply> {
  if (gitea.options.packages === false) return notFound();
  const [ownerName, rest] = splitPath(exchange.path);
  const owner = gitea.directory.owner(ownerName);
  const found = authenticateRegistry(gitea, exchange);
  if (found.kind === 'refused' && gitea.quirks.authFailure !== 'ghost') {
    return credentialsRefused(gitea, exchange, owner);
  }
  const who: Doer = found.kind === 'refused' ? { kind: 'nobody' } : found;
  if (exchange.path === '/v2/token') return tokenRoute(gitea, exchange, who);
  if (mustAuthenticate(gitea, who)) return challenge(gitea, exchange, owner);

  if (exchange.path === '/v2') return exchange.method === 'GET' ? registryReply(200) : pageNotFound();
  if (exchange.path === '/v2/_catalog') return listCatalog(gitea, exchange, who);
  if (owner === undefined) {
    const renamed = gitea.directory.formerOwner(ownerName);
    return renamed === undefined ? notFound() : redirectToOwner(gitea, exchange, ownerName, renamed, true);
  }
  return handleImage({ gitea, exchange, doer: who, owner }, rest);
}

async function handleImage(base: Omit<ImageCall, 'image' | 'reference'>, rest: string): Promise<Reply> {
  const { gitea, exchange, doer, owner } = base;
  const unreadable = refusal(gitea, owner, doer, 'read');
  if (unreadable !== undefined) return unreadable;
  for (const route of routes) {
    const groups = route.methods.includes(exchange.method) ? route.path.exec(rest)?.groups : undefined;
    if (groups === undefined || !isRouted(gitea, route)) continue;
    const refused = refusal(gitea, owner, doer, route.right) ?? quotaExceeded(gitea, owner, exchange.method);
    if (refused !== undefined) return refused;
    const { image = '', reference = '' } = groups;
    return imageName.test(image) ? route.handle({ ...base, image, reference }) : registryError('NAME_INVALID');
  }
  return pageNotFound();
}

function isRouted(gitea: Gitea, route: Route): boolean {
  return gitea.quirks.uploadStatus || (route.handle !== uploadStatus && route.handle !== deleteUpload);
}

function mustAuthenticate(gitea: Gitea, who: Exclude<Authentication, { kind: 'refused' }>): boolean {
  return who.kind === 'nobody' || (who.kind === 'ghost' && gitea.options.requireSignIn === true);
}

/** Undefined: the doer has the right, and their token the scope for it. */
function refusal(gitea: Gitea, owner: Owner, doer: Doer, right: 'read' | 'write'): Reply | undefined {
  const scope = doer.kind === 'user' && gitea.quirks.scopesEnforced ? doer.scope : undefined;
  if (scope !== undefined) {
    if (!scopeGrants(scope, `${right}:package`)) return accessRefused();
    if (gitea.quirks.publicOnly && isPublicOnly(scope) && owner.visibility === 'private')
      return textReply(403, 'reqToken');
  }
  const permission = packagePermission(gitea.directory, owner, doer, gitea.options.requireSignIn === true);
  return mayDo(permission, right, doer) ? undefined : accessRefused();
}

/** Forgejo's soft quota: if the owner has too much, every request is refused. */
function quotaExceeded(gitea: Gitea, owner: Owner, method: string): Reply | undefined {
  const limit = gitea.quirks.forgejo ? gitea.limits.softQuota : undefined;
  if (limit === undefined || !['POST', 'PATCH', 'PUT'].includes(method)) return undefined;
  return usedBytes(gitea.packages, owner.id) > limit ? textReply(413, 'enforcePackagesQuota') : undefined;
}

/** No such owner; or, where packages are switched off, nothing at /v2 at all (routers/init.go). */
function notFound(): Reply {
  return {
    status: 404,
    headers: { 'Content-Type': 'text/plain;charset=utf-8', 'X-Content-Type-Options': 'nosniff' },
    body: 'Not found.\n',
  };
}

/** `/v2/<owner>/<rest>` → owner and `/<rest>`, decoded. */
function splitPath(path: string): [owner: string, rest: string] {
  const [, owner = '', rest = ''] = /^\/v2\/([^/]+)(.*)$/.exec(path) ?? [];
  return [decode(owner), decode(rest)];
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
