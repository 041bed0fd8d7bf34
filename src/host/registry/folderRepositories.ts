import type { Connection } from '../connections/connection.ts';
import { gitRemotes } from '../connections/gitRemotes.ts';

/** The repositories of this server to which the remotes of the open folders lead, as `owner/name` in lower case. */
export async function folderRepositories({ host }: Pick<Connection, 'host'>): Promise<readonly string[]> {
  const names = (await gitRemotes()).map((url) => repositoryAt(url, host));
  return [...new Set(names.filter((name) => name !== undefined))];
}

/** The repository of a remote, if it is on this host: the port of ssh is another one than that of https. */
function repositoryAt(remote: string, host: string): string | undefined {
  const scp = /^(?:[^@/:]+@)?([^/:]+):(?!\/\/)(.+)$/.exec(remote);
  const url = scp === null ? remote : `ssh://${scp[1] ?? ''}/${scp[2] ?? ''}`;
  if (!URL.canParse(url) || !URL.canParse(`https://${host}`)) return undefined;
  const { hostname, pathname } = new URL(url);
  if (hostname.toLowerCase() !== new URL(`https://${host}`).hostname) return undefined;
  const [name, owner] = pathname
    .replace(/\/+$/, '')
    .replace(/\.git$/, '')
    .split('/')
    .reverse();
  if (name === undefined || owner === undefined || name === '' || owner === '') return undefined;
  return `${owner}/${name}`.toLowerCase();
}
