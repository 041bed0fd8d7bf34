import { posix } from 'node:path';
import type { Gitea } from '../gitea.ts';
import type { Owner } from '../model/directory.ts';
import type { Exchange } from './exchange.ts';
import { textReply, type Reply } from './reply.ts';

/**
 * 307 to the new name of an owner (services/context/context_response.go RedirectToUser): it replaces the first
 * occurrence of the former name in the path, and normalizes path and query as one path.
 */
export function redirectToOwner(
  gitea: Gitea,
  exchange: Exchange,
  former: string,
  owner: Owner,
  signedIn: boolean,
): Reply {
  if (owner.visibility !== 'public' && !signedIn) return textReply(404, 'user does not exist');
  // A proxy removes the sub-path from requests.
  const { subPath = '' } = gitea.options;
  const seen = exchange.path.startsWith(`${subPath}/`) ? exchange.path.slice(subPath.length) : exchange.path;
  const path = seen.replace(encodeURIComponent(former), () => encodeURIComponent(owner.name));
  const query = exchange.rawQuery === '' ? '' : `?${exchange.rawQuery}`;
  const location = posix.join('/', subPath, path + query);
  if (exchange.method !== 'GET' && exchange.method !== 'HEAD') return { status: 307, headers: { Location: location } };
  const link = location.replaceAll('&', '&amp;');
  return {
    status: 307,
    headers: { 'Content-Type': 'text/html; charset=utf-8', Location: location },
    body: `<a href="${link}">Temporary Redirect</a>.\n\n`,
  };
}
