import { isAccessToken } from './pastedSecret.ts';

/** What was typed as the address of a registry. */
export interface TypedAddress {
  readonly address: string;
  /** The user name before its host: it need not be asked for. */
  readonly username?: string;
}

/** `https://dev@gitea.example.com`, `dev@gitea.example.com:3000`. Not `git@host:owner/name`, which is git's own way to write a remote. */
const withUser = /^(https?:\/\/)?([^\s@/:\\?#]+)@((?:[^\s@/:\\]+|\[[^\]\s]+\])(?::\d+)?(?:\/\S*)?)$/i;

/** Separates a user name from the address. An address with a password or a token in it stays as it is, and is refused. */
export function readTypedAddress(text: string): TypedAddress {
  const [, scheme = '', username = '', rest = ''] = withUser.exec(text.trim()) ?? [];
  // Without a scheme, a path after a port is one of scp and git.
  if (rest === '' || (scheme === '' && /:\d+\/./.test(rest))) return { address: text };
  const address = `${scheme}${rest}`;
  // The user of git over ssh is no user of the registry.
  if (username === 'git') return { address };
  const name = decoded(username);
  return holdsSecret(name) ? { address: text } : { address, username: name };
}

/** Git's remotes may have a token in place of the user. A user is shown and stored openly. */
function holdsSecret(username: string): boolean {
  return isAccessToken(username.toLowerCase()) || username.includes(':');
}

function decoded(username: string): string {
  try {
    return decodeURIComponent(username);
  } catch {
    return username;
  }
}
