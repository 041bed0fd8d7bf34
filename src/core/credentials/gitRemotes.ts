import { pathsOf } from '../docker/endpoint/hostPaths.ts';
import type { CredentialMachine } from './credentialMachine.ts';

/**
 * The addresses of a folder's git remotes, from git's own file: `config` in `.git` of the folder or of one above it. In a
 * worktree `.git` is a file that names a folder, which names the common one (man gitrepository-layout).
 */
export async function readGitRemotes(machine: CredentialMachine, folder: string): Promise<readonly string[]> {
  const paths = pathsOf(machine);
  for (let current = folder, depth = 0; depth < 20; depth++) {
    const config = await readText(machine, paths.join(current, '.git', 'config'));
    const text = config ?? (await worktreeConfig(machine, current));
    if (text !== undefined) return remoteUrls(text);
    const parent = paths.dirname(current);
    if (parent === current) break;
    current = parent;
  }
  return [];
}

async function worktreeConfig(machine: CredentialMachine, folder: string): Promise<string | undefined> {
  const paths = pathsOf(machine);
  const link = /^gitdir:\s*(.+?)\s*$/m.exec((await readText(machine, paths.resolve(folder, '.git'))) ?? '')?.[1];
  if (link === undefined) return undefined;
  const own = paths.resolve(folder, link);
  if (isOtherMachine(machine, folder, own)) return undefined;
  const common = paths.resolve(own, (await readText(machine, paths.resolve(own, 'commondir')))?.trim() ?? '.');
  return isOtherMachine(machine, folder, common) ? undefined : await readText(machine, paths.resolve(common, 'config'));
}

/** To open a file of another machine, Windows signs in there: a folder that is not trusted must not bring that about. */
function isOtherMachine(machine: CredentialMachine, folder: string, path: string): boolean {
  const paths = pathsOf(machine);
  const { root } = paths.parse(path);
  return root.startsWith('\\\\') && root.toLowerCase() !== paths.parse(folder).root.toLowerCase();
}

/** Undefined for a folder, and for what cannot be read: a suggestion less is no fault. */
async function readText(machine: CredentialMachine, path: string): Promise<string | undefined> {
  try {
    return (await machine.readFile(path))?.toString('utf8');
  } catch {
    return undefined;
  }
}

/** The `url` of each `[remote "…"]` (man git-config, “Syntax”). */
function remoteUrls(config: string): readonly string[] {
  const urls: string[] = [];
  let isRemote = false;
  for (const line of config.split(/\r?\n/)) {
    const section = /^\s*\[\s*([^\]"]*)/.exec(line)?.[1];
    if (section !== undefined) isRemote = section.trim().toLowerCase() === 'remote';
    const url = /^\s*url\s*=\s*"?([^"]+?)"?\s*$/i.exec(line)?.[1];
    if (isRemote && url !== undefined) urls.push(url);
  }
  return urls;
}

/**
 * The address of the server that a remote is on: that of an http remote without user, owner and repository; for ssh, in
 * either form, https at the same host. Undefined for a path of this machine.
 */
export function remoteServer(remote: string): string | undefined {
  if (/^https?:\/\//i.test(remote)) {
    if (!URL.canParse(remote)) return undefined;
    const { origin, pathname } = new URL(remote);
    return origin + pathname.replace(/\/+$/, '').split('/').slice(0, -2).join('/');
  }
  const host =
    /^(?:git\+)?ssh:\/\/(?:[^@/]*@)?(\[[^\]]+\]|[^:/?#]+)/i.exec(remote)?.[1] ??
    // `user@host:path`; one letter before the colon is a drive of Windows
    (/^[a-z]+:\/\//i.test(remote) ? undefined : /^(?:[^@/:]+@)?([A-Za-z0-9.-]{2,}):(?!\\)/.exec(remote)?.[1]);
  return host !== undefined && URL.canParse(`https://${host}`) ? `https://${host.toLowerCase()}` : undefined;
}
