import type { FoundLogin } from './login.ts';
import { readRegistryKey } from './registryKey.ts';

/**
 * The users of the logins that a source has for the same registry as its first one; empty for a login without a user.
 * Podman's logins for a part of the registry do not count beside one for the whole. Of docker and podman, a helper program or
 * a token that comes first is what the program itself takes, whatever else is in the file.
 */
export function usersOf(logins: readonly FoundLogin[]): readonly string[] {
  const [first] = logins;
  if (first === undefined) return [];
  const isDecided = (first.source === 'docker' || first.source === 'podman') && first.username === undefined;
  if (isDecided && first.problem === undefined) return [''];
  const users = logins.filter((login) => partOf(login) === partOf(first)).map(({ username = '' }) => username);
  // Gitea takes a user name in any case.
  return users.filter((user, index) => users.findIndex((one) => one.toLowerCase() === user.toLowerCase()) === index);
}

function partOf({ scope }: FoundLogin): string {
  return typeof scope === 'string' ? scope : (readRegistryKey(scope.address)?.path ?? '');
}
