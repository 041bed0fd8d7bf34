import { createDecipheriv } from 'node:crypto';
import * as l10n from '@vscode/l10n';
import * as v from 'valibot';
import { lenient, parseJson, readValue } from '../base/json.ts';
import { joinSentences } from '../base/joinSentences.ts';
import { pathsOf } from '../docker/endpoint/hostPaths.ts';
import type { CredentialMachine } from './credentialMachine.ts';
import { credentialSourceError } from './credentialSourceErrors.ts';
import { keyringEntries, keyringNote, keyringObstacle } from './keyringEntries.ts';
import type { FoundLogin } from './login.ts';
import { readConfigFile } from './readConfigFile.ts';

/** Of tea in the keyring (gitea.com/gitea/tea, modules/config/credstore.go). */
const service = 'tea-cli';
/** The account of the key of `credentials.json.enc` (go-authgate/sdk-go, credstore/encrypted_store.go). */
const masterKeyAccount = '__authgate_master_key__';

const store = v.object({ data: v.record(v.string(), v.string()) });
/** go-authgate/sdk-go, credstore/store.go `Token`. Go writes the zero time for “never”. */
const storedToken = v.object({ access_token: v.pipe(v.string(), v.nonEmpty()), expires_at: lenient(v.string()) });

/**
 * The token of a login by OAuth, which newer versions of tea keep outside of `config.yml` under the name of the login. In
 * `credentials.json.enc`, of which the key is in the keyring; in the keyring itself, as before sdk-go of June 2026; or in
 * `credentials.json`, on machines without a keyring. Each token is JSON.
 */
export async function teaToken(
  machine: CredentialMachine,
  folder: string,
  name: string,
  now: () => number,
): Promise<Pick<FoundLogin, 'read' | 'note' | 'problem'>> {
  const paths = pathsOf(machine);
  const [encrypted, plain] = await Promise.all(
    ['credentials.json.enc', 'credentials.json'].map((file) =>
      readConfigFile(machine, paths.join(folder, file), 'json'),
    ),
  );
  const sealed = readValue(store, encrypted?.value)?.data[name];
  const open = readValue(store, plain?.value)?.data[name];
  if (sealed === undefined && open !== undefined) {
    const token = readToken(open, name, now());
    return 'secret' in token ? { read: () => Promise.resolve(token) } : unusable(token.problem);
  }
  const obstacle = keyringObstacle(machine);
  if (obstacle !== undefined) {
    return unusable(joinSentences(l10n.t`tea keeps the token of its login “${name}” in the system keyring.`, obstacle));
  }
  return {
    note: keyringNote(),
    read: async (_wanted, options) => {
      const read = keyringEntries(machine, service, options);
      const value = sealed === undefined ? await read(name) : unseal(sealed, await read(masterKeyAccount));
      const token = value === undefined ? { problem: notThere(name) } : readToken(value, name, now());
      if ('secret' in token) return token;
      throw credentialSourceError(token.problem);
    },
  };
}

function unusable(problem: string): Pick<FoundLogin, 'read' | 'problem'> {
  return { problem, read: () => Promise.reject(credentialSourceError(problem)) };
}

function notThere(name: string): string {
  return l10n.t`tea keeps the token of its login “${name}” in the system keyring (service “${service}”), but it is not there or cannot be read. Sign in with tea again.`;
}

export function expiredTeaToken(name: string): string {
  return l10n.t`The token of tea’s login “${name}” has expired. “tea login oauth-refresh ${name}” renews it.`;
}

/** The user is known from `config.yml`. */
function readToken(
  text: string,
  name: string,
  now: number,
): { readonly username: undefined; readonly secret: string; readonly isToken: true } | { readonly problem: string } {
  const token = parseJson(storedToken, text);
  if (token === undefined) return { problem: notThere(name) };
  const expiry = Date.parse(token.expires_at ?? '');
  // The zero time of Go is before 1970.
  if (expiry > 0 && expiry <= now) return { problem: expiredTeaToken(name) };
  return { username: undefined, secret: token.access_token, isToken: true };
}

/** `v1:` and in base64 the nonce, what AES-256-GCM has encrypted, and its tag. Undefined if the key does not fit. */
function unseal(sealed: string, key: string | undefined): string | undefined {
  const bytes = Buffer.from(/^v1:(.*)$/.exec(sealed)?.[1] ?? '', 'base64');
  if (key === undefined || bytes.byteLength < 12 + 16) return undefined;
  try {
    const decipher = createDecipheriv('aes-256-gcm', Buffer.from(key, 'base64'), bytes.subarray(0, 12));
    decipher.setAuthTag(bytes.subarray(-16));
    return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]).toString('utf8');
  } catch {
    return undefined;
  }
}
