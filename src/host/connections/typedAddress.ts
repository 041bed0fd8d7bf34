/** What was typed as the address of a registry. */
export interface TypedAddress {
  readonly address: string;
  /** The user name before its host: it need not be asked for. */
  readonly username?: string;
}

/** `https://dev@gitea.example.com`, `dev@gitea.example.com:3000`. Not `git@host:owner/name`, which is git's own way to write a remote. */
const withUser = /^(https?:\/\/)?([^\s@/:\\]+)@((?:[^\s@/:\\]+|\[[^\]\s]+\])(?::\d+)?(?:\/\S*)?)$/i;

/** Separates a user name from the address. An address with a password in it stays as it is, and is refused. */
export function readTypedAddress(text: string): TypedAddress {
  const [, scheme = '', username = '', rest = ''] = withUser.exec(text.trim()) ?? [];
  // Without a scheme, a path after a port is one of scp and git.
  if (rest === '' || (scheme === '' && /:\d+\/./.test(rest))) return { address: text };
  const address = `${scheme}${rest}`;
  // The user of git over ssh is no user of the registry.
  return username === 'git' ? { address } : { address, username: decoded(username) };
}

function decoded(username: string): string {
  try {
    return decodeURIComponent(username);
  } catch {
    return username;
  }
}
