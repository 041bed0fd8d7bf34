import * as l10n from '@vscode/l10n';
import * as v from 'valibot';
import { lenient, listOf, readValue } from '../base/json.ts';
import { pathsOf } from '../docker/endpoint/hostPaths.ts';
import type { CredentialMachine } from './credentialMachine.ts';
import { credentialSourceError } from './credentialSourceErrors.ts';
import type { FoundLogin, SourceContents } from './login.ts';
import { readConfigFile } from './readConfigFile.ts';
import { wholeRegistry } from './registryKey.ts';
import { expiredTeaToken, teaToken } from './teaTokens.ts';

/** gitea.com/gitea/tea, modules/config/login.go `Login`. A token of OAuth has an expiry, in seconds since 1970. */
const loginRow = v.object({
  name: lenient(v.string()),
  url: v.string(),
  token: lenient(v.string()),
  user: lenient(v.string()),
  token_expiry: lenient(v.number()),
  auth_method: lenient(v.string()),
});
const config = v.object({ logins: listOf(loginRow) });

/**
 * The logins of Gitea's command line `tea`, from its `config.yml`: in the configuration folder of the XDG specification
 * (modules/config/config.go, by github.com/adrg/xdg), or in the older `~/.tea/tea.yml`.
 */
export async function teaLogins(machine: CredentialMachine, now: () => number = Date.now): Promise<SourceContents> {
  const paths = pathsOf(machine);
  const former = paths.join(machine.home, '.tea', 'tea.yml');
  for (const path of [paths.join(configFolder(machine), 'tea', 'config.yml'), former]) {
    const { value, problem } = await readConfigFile(machine, path, 'yaml');
    if (problem !== undefined) return { logins: [], problem };
    const rows = readValue(config, value)?.logins;
    if (rows !== undefined) {
      return { logins: await Promise.all(rows.map((row) => teaLogin(machine, row, path, now))) };
    }
  }
  return { logins: [] };
}

/** As adrg/xdg finds it. */
function configFolder(machine: CredentialMachine): string {
  const { env, home, platform } = machine;
  const paths = pathsOf(machine);
  const given = env['XDG_CONFIG_HOME'];
  if (given !== undefined && given !== '') return given;
  if (platform === 'darwin') return paths.join(home, 'Library', 'Application Support');
  if (platform === 'win32') return env['LOCALAPPDATA'] ?? paths.join(home, 'AppData', 'Local');
  return paths.join(home, '.config');
}

async function teaLogin(
  machine: CredentialMachine,
  row: v.InferOutput<typeof loginRow>,
  path: string,
  now: () => number,
): Promise<FoundLogin> {
  const { name = '', token: secret, user, token_expiry: expiry = 0 } = row;
  const username = user === '' ? undefined : user;
  const login = {
    source: 'tea',
    name: name === '' ? 'tea' : `tea (${name})`,
    location: path,
    scope: { address: wholeRegistry(row.url) },
    username,
  } as const;
  const fail = (problem: string): FoundLogin => ({
    ...login,
    problem,
    read: () => Promise.reject(credentialSourceError(problem)),
  });
  if ((secret === undefined || secret === '') && row.auth_method === 'oauth') {
    const { read, ...rest } = await teaToken(machine, pathsOf(machine).dirname(path), name, now);
    return { ...login, ...rest, read: async (...asked) => ({ ...(await read(...asked)), username }) };
  }
  if (secret === undefined || secret === '') return fail(l10n.t`The login “${name}” of tea has no token in ${path}.`);
  if (expiry > 0 && expiry * 1000 <= now()) {
    return fail(expiredTeaToken(name));
  }
  return { ...login, isToken: true, read: () => Promise.resolve({ username, secret, isToken: true }) };
}
