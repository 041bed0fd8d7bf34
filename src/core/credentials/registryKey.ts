import * as l10n from '@vscode/l10n';
import type { FoundLogin, WantedRegistry } from './login.ts';

/** An address as files of logins have it, in its parts. */
export interface RegistryKey {
  readonly scheme: 'http' | 'https' | undefined;
  /** `h` or `h:3000`. */
  readonly host: string;
  /** `team/app`; empty for the whole registry. */
  readonly path: string;
}

/**
 * Reads a key of docker's and podman's files: `h`, `h:3000`, `https://h/v1/`, `h/team` (docker/cli, cli/config/credentials
 * `ConvertToHostname`; containers/image, man containers-auth.json). Undefined if it is no address.
 */
export function readRegistryKey(key: string): RegistryKey | undefined {
  const [, scheme, rest = ''] = /^(?:(https?):\/\/)?(.*)$/is.exec(key.trim()) ?? [];
  const slash = rest.indexOf('/');
  const host = slash < 0 ? rest : rest.slice(0, slash);
  const path = slash < 0 ? '' : rest.slice(slash + 1).replace(/\/+$/, '');
  if (host === '' || /[@\s\\?#]/.test(host) || !URL.canParse(`https://${host}`)) return undefined;
  return {
    scheme: scheme?.toLowerCase() as RegistryKey['scheme'],
    host: host.toLowerCase(),
    path: /^v[12]$/i.test(path) ? '' : path,
  };
}

/** An address of a whole server, `https://h/gitea` → `https://h`: there is one registry at a host, at its root. */
export function wholeRegistry(address: string): string {
  const key = readRegistryKey(address);
  if (key === undefined) return address;
  return key.scheme === undefined ? key.host : `${key.scheme}://${key.host}`;
}

/** True for exactly this host and port; a default port may be left out. What is for https is not given to http. */
function isSameHost(key: RegistryKey, origin: string): boolean {
  const { protocol, host } = new URL(origin);
  if (key.scheme === 'https' && protocol === 'http:') return false;
  const url = `${key.scheme ?? protocol.slice(0, -1)}://${key.host}`;
  return URL.canParse(url) && hostWithPort(new URL(url)) === hostWithPort(new URL(`${protocol}//${host}`));
}

function hostWithPort({ protocol, hostname, port }: URL): string {
  return `${hostname}:${port === '' ? (protocol === 'http:' ? '80' : '443') : port}`;
}

/**
 * The logins for a registry. Those for its own host come before those that name none; for a repository, those for the
 * longest part of its path first; without one, those for the whole registry first.
 */
export function loginsFor(logins: readonly FoundLogin[], wanted: WantedRegistry): readonly FoundLogin[] {
  const ranked = logins.flatMap((login): { readonly login: FoundLogin; readonly rank: number }[] => {
    if (login.scope === 'anyRegistry') return [{ login, rank: 1e6 }];
    if (login.scope === 'localRegistry') return isLocalRegistry(wanted.origin) ? [{ login, rank: 1e6 }] : [];
    const key = readRegistryKey(login.scope.address);
    if (key === undefined || !isSameHost(key, wanted.origin) || !hasRepository(key.path, wanted.repository)) return [];
    const note =
      key.path === ''
        ? login.note
        : l10n.t({
            message: 'for {0}',
            args: [`${key.host}/${key.path}`],
            comment: 'Beside the name of a login. {0}: a part of a registry, such as gitea.example.com/team',
          });
    const rank = wanted.repository === undefined ? key.path.length : -key.path.length;
    return [{ login: { ...login, note }, rank }];
  });
  return ranked.sort((one, other) => one.rank - other.rank).map(({ login }) => login);
}

function hasRepository(path: string, repository: string | undefined): boolean {
  return path === '' || repository === undefined || repository === path || repository.startsWith(`${path}/`);
}

/** A host name or an address of this machine; `localtest.me` and all names below it lead to 127.0.0.1. */
export function isLocalRegistry(origin: string): boolean {
  const { hostname } = new URL(origin);
  return /^(?:127(?:\.\d+){3}|\[::1\]|(?:.+\.)?localhost|(?:.+\.)?localtest\.me)$/.test(hostname);
}
