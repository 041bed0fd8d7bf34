import * as l10n from '@vscode/l10n';
import * as v from 'valibot';
import { lenient, readValue } from '../base/json.ts';
import { pathsOf } from '../docker/endpoint/hostPaths.ts';
import type { CredentialMachine } from './credentialMachine.ts';
import { credentialSourceError } from './credentialSourceErrors.ts';
import type { FoundLogin, LoginScope, SourceContents } from './login.ts';
import { readConfigFile } from './readConfigFile.ts';
import { wholeRegistry } from './registryKey.ts';

const registryRow = v.object({
  username: lenient(v.string()),
  password: lenient(v.string()),
  url: lenient(v.string()),
});
const config = v.object({
  registries: lenient(v.object({ gitea: lenient(registryRow), default: lenient(registryRow) })),
});

export function idpbuilderConfigPath(machine: CredentialMachine): string {
  return pathsOf(machine).join(machine.home, '.idpbuilder', 'config');
}

/**
 * `~/.idpbuilder/config`, JSON or YAML: `registries.gitea` and `registries.default`, each with `username`, `password` and
 * `url`. Without a `url`, it is the Gitea of a local cluster.
 */
export async function idpbuilderLogins(machine: CredentialMachine): Promise<SourceContents> {
  const path = idpbuilderConfigPath(machine);
  const { value, problem } = await readConfigFile(machine, path, 'yaml');
  const registries = readValue(config, value)?.registries;
  const rows = [
    { key: 'gitea', row: registries?.gitea },
    { key: 'default', row: registries?.default },
  ];
  const logins = rows.flatMap(({ key, row }): FoundLogin[] =>
    row === undefined ? [] : [idpbuilderLogin(`registries.${key}`, row, path)],
  );
  return { logins, problem };
}

function idpbuilderLogin(key: string, row: v.InferOutput<typeof registryRow>, path: string): FoundLogin {
  const { username, password: secret, url } = row;
  const scope: LoginScope = url === undefined || url === '' ? 'localRegistry' : { address: wholeRegistry(url) };
  const login = { source: 'idpbuilder', name: 'idpbuilder', location: path, scope, username } as const;
  if (username !== undefined && username !== '' && secret !== undefined && secret !== '') {
    return { ...login, read: () => Promise.resolve({ username, secret }) };
  }
  const problem = l10n.t`${path} has no complete login in ${key}: username and password are both needed.`;
  return { ...login, problem, read: () => Promise.reject(credentialSourceError(problem)) };
}
