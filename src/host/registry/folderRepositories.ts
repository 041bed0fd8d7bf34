import type { Connection } from '../connections/connection.ts';
import { gitRemotes } from '../connections/gitRemotes.ts';

type Server = Pick<Connection, 'origin' | 'webRoot'>;

/** The repositories of this server to which the remotes of the open folders lead, as `owner/name` in lower case. */
export async function folderRepositories(server: Server): Promise<readonly string[]> {
  const names = (await gitRemotes()).map((url) => repositoryAt(url, server));
  return [...new Set(names.filter((name) => name !== undefined))];
}

/**
 * The repository of a remote, if it is on this server. The server has the address of its registry and that of its web pages,
 * which may be below a path of the same host. By ssh only the host must be that of one of them: sshd has a port of its own.
 */
function repositoryAt(remote: string, { origin, webRoot }: Server): string | undefined {
  const scp = /^(?:[^@/:]+@)?([^/:]+):(?!\/\/)(.+)$/.exec(remote);
  const text = scp === null ? remote : `ssh://${scp[1] ?? ''}/${scp[2] ?? ''}`;
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  const path = url.pathname.replace(/\/+$/, '');
  const roots = [webRoot, origin].filter((root) => URL.canParse(root)).map((root) => new URL(root));
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    const isHere = roots.some(({ hostname }) => hostname === url.hostname.toLowerCase());
    return isHere ? ownerAndName(path.split('/').slice(-2)) : undefined;
  }
  // http and https of one server have the same port here: 80 and 443 are left out of the host.
  const root = roots.find(({ host }) => host === url.host);
  if (root === undefined || !path.startsWith(folderOf(root.pathname))) return undefined;
  return ownerAndName(path.slice(folderOf(root.pathname).length).split('/'));
}

function folderOf(path: string): string {
  return `${path.replace(/\/+$/, '')}/`;
}

function ownerAndName([owner = '', file = '', ...others]: readonly string[]): string | undefined {
  const name = file.replace(/\.git$/, '');
  return owner === '' || name === '' || others.length > 0 ? undefined : `${owner}/${name}`.toLowerCase();
}
