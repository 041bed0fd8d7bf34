import * as l10n from '@vscode/l10n';
import type { CredentialMachine } from './credentialMachine.ts';
import { joinList } from '../base/joinList.ts';
import { credentialSourceError } from './credentialSourceErrors.ts';
import type { FoundLogin, LoginScope, LoginSecret, SourceContents } from './login.ts';
import { readRegistryKey, wholeRegistry } from './registryKey.ts';

/**
 * `GITEA_TOKEN`, or `GITEA_USERNAME` with `GITEA_PASSWORD`, for the registry at `GITEA_SERVER_URL`. Gitea Actions set the
 * address (docs.gitea.com, Actions variables); the others are usual in scripts. A token needs no user name.
 */
export function environmentLogins({ env }: CredentialMachine): SourceContents {
  const value = (name: string): string | undefined => (env[name] === '' ? undefined : env[name]);
  const [username, password, token] = [value('GITEA_USERNAME'), value('GITEA_PASSWORD'), value('GITEA_TOKEN')];
  const url = value('GITEA_SERVER_URL');
  const scope: LoginScope = url === undefined ? 'anyRegistry' : { address: wholeRegistry(url) };
  const base = { source: 'environment', location: 'environment variables', scope } as const;
  const note =
    url === undefined
      ? l10n.t({
          message: 'GITEA_SERVER_URL does not say for which registry',
          comment: 'Beside the name of a login, which it describes',
        })
      : undefined;
  const logins: FoundLogin[] = [];
  if (token !== undefined) {
    const read = (): Promise<LoginSecret> => Promise.resolve({ username, secret: token, isToken: true });
    logins.push({ ...base, name: 'GITEA_TOKEN', username, isToken: true, note, read });
  }
  if (password !== undefined && username !== undefined) {
    const read = (): Promise<LoginSecret> => Promise.resolve({ username, secret: password });
    logins.push({ ...base, name: joinList(['GITEA_USERNAME', 'GITEA_PASSWORD']), username, note, read });
  }
  const missing = whatIsMissing({ username, password, token });
  if (missing !== undefined) {
    const read = (): Promise<never> => Promise.reject(credentialSourceError(missing));
    logins.push({
      ...base,
      name: l10n.t({ message: 'environment variables', comment: 'Where a login comes from. In “Use …”, and alone' }),
      username,
      problem: missing,
      read,
    });
  }
  if (url !== undefined && readRegistryKey(url) === undefined) {
    return { logins: [], problem: l10n.t('GITEA_SERVER_URL is not the address of a server.') };
  }
  return { logins };
}

function whatIsMissing(given: {
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly token: string | undefined;
}): string | undefined {
  if (given.token !== undefined) return undefined;
  if (given.password !== undefined && given.username === undefined) {
    return l10n.t('GITEA_PASSWORD is set, but GITEA_USERNAME is not.');
  }
  if (given.username !== undefined && given.password === undefined) {
    return l10n.t('GITEA_USERNAME is set, but neither GITEA_TOKEN nor GITEA_PASSWORD is.');
  }
  return undefined;
}
