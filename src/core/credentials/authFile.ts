import * as l10n from '@vscode/l10n';
import * as v from 'valibot';
import { readValue } from '../base/json.ts';
import { asLogin } from './asLogin.ts';
import type { CredentialMachine } from './credentialMachine.ts';
import { credentialSourceError, identityToken } from './credentialSourceErrors.ts';
import { askDockerHelper } from './dockerHelper.ts';
import type { FoundLogin, LoginSource, SourceContents, WantedRegistry } from './login.ts';
import { readConfigFile } from './readConfigFile.ts';
import { readRegistryKey } from './registryKey.ts';

const textValue = v.fallback(v.string(), '');
const record = v.fallback(v.record(v.string(), v.unknown()), {});

/** A file of logins in the format of docker (docker/cli, cli/config/configfile/file.go) and podman (containers-auth.json(5)). */
export interface AuthFile {
  readonly source: LoginSource;
  /** `Docker (config.json)` */
  readonly name: string;
  /** `Docker` */
  readonly program: string;
  readonly path: string;
}

/** The logins of one file. Entries in a form that is not known are left out; they may be of a newer version. */
export async function readAuthFile(machine: CredentialMachine, file: AuthFile): Promise<SourceContents> {
  const { value, problem } = await readConfigFile(machine, file.path, 'json');
  const settings = lowerCaseKeys(value);
  const auths = Object.entries(readValue(record, settings['auths']) ?? {});
  const helpers = Object.entries(readValue(record, settings['credhelpers']) ?? {});
  const store = readValue(textValue, settings['credsstore']) ?? '';
  const helperOf = (key: string): string => {
    const own = helpers.find(([name]) => name.toLowerCase() === key.toLowerCase())?.[1];
    return typeof own === 'string' ? own : store;
  };
  const stored = auths.flatMap(([key, entry]) => storedLogin(file, key, lowerCaseKeys(entry)) ?? []);
  const known = [...new Set([...helpers.map(([key]) => key), ...auths.map(([key]) => key)])];
  const asked = known.flatMap((key) => {
    const helper = helperOf(key);
    return helper === '' ? [] : [helperLogin(machine, file, helper, key)];
  });
  // A store may have logins of which the file has no trace.
  const unlisted = store === '' ? [] : [helperLogin(machine, file, store, undefined)];
  return { logins: [...asked, ...stored, ...unlisted], problem };
}

/** Undefined for an empty entry: a helper has the login, or it was removed. */
function storedLogin(file: AuthFile, key: string, entry: Readonly<Record<string, unknown>>): FoundLogin | undefined {
  const text = (name: string): string => readValue(textValue, entry[name]) ?? '';
  const base = { source: file.source, name: file.name, location: file.path, scope: { address: key } } as const;
  const fail = (error: Error, username?: string): FoundLogin => ({
    ...base,
    username,
    problem: error.message,
    read: () => Promise.reject(error),
  });
  const pair = text('auth') === '' ? { username: text('username'), secret: text('password') } : decode(text('auth'));
  if (text('identitytoken') !== '' || pair?.username === '<token>') return fail(identityToken(file.program, key));
  if (pair === undefined) {
    return fail(
      credentialSourceError(l10n.t`The entry for ${key} in ${file.path} is not a user and a password in base64.`),
    );
  }
  const { username, secret } = pair;
  if (username === '' && secret === '') return undefined;
  const login = asLogin(username, secret);
  if (login.isToken !== true && (username === '' || secret === '')) {
    const problem =
      username === ''
        ? l10n.t`The entry for ${key} in ${file.path} has no user name.`
        : l10n.t`The entry for ${key} in ${file.path} has no password.`;
    return fail(credentialSourceError(problem), username);
  }
  const isToken = login.isToken === true;
  return { ...base, username: login.username, isToken, read: () => Promise.resolve(login) };
}

/** `user:password` in base64. Docker itself removes NUL characters from the end (file.go `decodeAuth`). */
function decode(auth: string): { readonly username: string; readonly secret: string } | undefined {
  const bare = auth.replace(/\s/g, '');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(bare)) return undefined;
  const text = Buffer.from(bare, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 0) return undefined;
  // eslint-disable-next-line no-control-regex -- the NUL characters are what is removed
  return { username: text.slice(0, colon), secret: text.slice(colon + 1).replace(/\u0000+$/, '') };
}

function helperLogin(machine: CredentialMachine, file: AuthFile, helper: string, key: string | undefined): FoundLogin {
  return {
    source: file.source,
    name: l10n.t({
      message: '{0} (credential helper {1})',
      args: [file.program, helper],
      comment: '{0}: a program such as Docker. Where a login comes from. In “Use the login of …”, and alone',
    }),
    location: `docker-credential-${helper}, named in ${file.path}`,
    scope: key === undefined ? 'anyRegistry' : { address: key },
    note: l10n.t({
      message: 'asks {0}',
      args: [`docker-credential-${helper}`],
      comment: 'Beside the name of a login, which it describes',
    }),
    read: (wanted, options) => askDockerHelper(machine, { helper, servers: serverNames(key, wanted) }, options),
  };
}

/** Docker asks by the key of its file, which is the host as the person typed it; other tools put the scheme before it. */
function serverNames(key: string | undefined, { origin }: WantedRegistry): readonly string[] {
  const { host } = new URL(origin);
  if (key !== undefined) return [...new Set([key, readRegistryKey(key)?.host ?? key])];
  // What is there for https is not given to http.
  return [host, origin];
}

/** Go reads the names of members in any case: an old Docker wrote `credSstore`. */
function lowerCaseKeys(value: unknown): Readonly<Record<string, unknown>> {
  const members = Object.entries(readValue(record, value) ?? {});
  return Object.fromEntries(members.map(([name, member]) => [name.toLowerCase(), member]));
}
