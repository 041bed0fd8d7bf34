import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { CredentialMachine } from '../../../src/core/credentials/credentialMachine.ts';
import type { FoundLogin } from '../../../src/core/credentials/login.ts';
import { teaLogins } from '../../../src/core/credentials/teaLogins.ts';
import { home, machine, read, shown } from './fakeMachine.ts';

const origin = 'https://gitea.test';
const folder = `${home}/.config/tea`;
const config = `logins:
    - name: work
      url: https://gitea.test
      default: true
      user: dev
      auth_method: oauth
`;
const before = Date.parse('2026-01-02T03:04:04Z');
const after = Date.parse('2026-01-02T03:04:06Z');

/** As go-authgate/sdk-go writes them: v0.14.0 with a keyring, any version without one, and v0.6.1 in the keyring. */
const masterKey = 'PEDqFYw2vtWuEtqmvJ6EpajoLAg8uZCsdDgvKTM32ts=';
const sealed =
  'v1:Ljb4QhFQ4dOe/tsiZJsbcxOEKwbWzLjhf4Sp4CbjaLc9PqBxD0o3eNaZbRIErwSMZWI1gYU9OAPcFVfTv+/jJ7LKCWda27GJzMeZQJljxGLeC+tujFl11+PAkAPNM1WgHD3gKrDYAhx5C4EVFtYiIbbq/VGuxuMkedKCWNqDfQ+Y2YW+vju/uChMX+JCbJEUPe4hWS4RhCaXSz1ck5Bg1l/HA/J6eQix47PPG/FsbG4=';
const token =
  '{"access_token":"marked-access-token","refresh_token":"marked-refresh-token","token_type":"","expires_at":"2026-01-02T03:04:05Z","client_id":"work"}';
const login = { username: 'dev', secret: 'marked-access-token', isToken: true };
const fileOf = (value: string): string => JSON.stringify({ data: { work: value } }, undefined, 2);

interface Kept {
  readonly files?: Record<string, string>;
  /** Of the service “tea-cli”, by account. */
  readonly keyring?: Record<string, string>;
  readonly platform?: NodeJS.Platform;
}

/** A keyring that answers as secret-tool and security do. */
function machineWith({ files = {}, keyring = {}, platform = 'linux' }: Kept): CredentialMachine {
  const configFolder = { linux: folder, darwin: `${home}/Library/Application Support/tea` }[platform as string];
  const at = configFolder ?? 'C:\\Users\\ada\\AppData\\Local\\tea';
  const separator = platform === 'win32' ? '\\' : '/';
  return machine({
    platform,
    files: Object.fromEntries(
      Object.entries({ 'config.yml': config, ...files }).map(([name, text]) => [`${at}${separator}${name}`, text]),
    ),
    runHelper: ({ command, args }) => {
      const [service, attribute, account = ''] =
        command === 'security' ? [args[2], 'username', args[4]] : [args[2], args[3], args[4]];
      const value = service === 'tea-cli' && attribute === 'username' ? keyring[account] : undefined;
      const stderr = command === 'security' ? 'security: The specified item could not be found in the keychain.' : '';
      return Promise.resolve(
        value === undefined
          ? { kind: 'ended', code: 1, stdout: '', stderr }
          : { kind: 'ended', code: 0, stdout: command === 'security' ? `${value}\n` : value, stderr: '' },
      );
    },
  });
}

async function loginOf(kept: Kept, now = before): Promise<FoundLogin> {
  const [found, ...others] = (await teaLogins(machineWith(kept), () => now)).logins;
  assert.ok(found !== undefined && others.length === 0);
  return found;
}

const inKeyring = 'tea (work) | dev | the keyring may ask to be unlocked';

suite('a login of tea whose token is not in config.yml', () => {
  test('is in credentials.json.enc, and its key in the keyring', async () => {
    const found = await loginOf({
      files: { 'credentials.json.enc': fileOf(sealed) },
      keyring: { __authgate_master_key__: masterKey },
    });
    assert.deepEqual(shown([found]), [inKeyring]);
    assert.deepEqual(await read(found, origin), login);
  });

  test('is in the keyring, under the name of the login', async () => {
    const found = await loginOf({ keyring: { work: token } });
    assert.deepEqual(shown([found]), [inKeyring]);
    assert.deepEqual(await read(found, origin), login);
  });

  test('is in the keyring of macOS, where Go’s library encodes it', async () => {
    const encoded = `go-keyring-base64:${Buffer.from(token).toString('base64')}`;
    assert.deepEqual(await read(await loginOf({ platform: 'darwin', keyring: { work: encoded } }), origin), login);
  });

  test('is in credentials.json where there is no keyring; no program is asked', async () => {
    const found = await loginOf({ files: { 'credentials.json': fileOf(token) } });
    assert.deepEqual(shown([found]), ['tea (work) | dev']);
    assert.deepEqual(await read(found, origin), login);
  });

  test('has expired: that is said with the command that renews it, at the list or once it was read', async () => {
    const expired = /The token of tea’s login “work” has expired\. “tea login oauth-refresh work” renews it\./;
    const listed = await loginOf({ files: { 'credentials.json': fileOf(token) } }, after);
    assert.match(listed.problem ?? '', expired);
    await assert.rejects(read(await loginOf({ keyring: { work: token } }, after), origin), expired);
    const endless = token.replace('2026-01-02T03:04:05Z', '0001-01-01T00:00:00Z');
    assert.deepEqual(await read(await loginOf({ keyring: { work: endless } }, after), origin), login);
  });

  test('cannot be read: with another key, a damaged entry or none, each says where it should be and shows nothing', async () => {
    const enc = { 'credentials.json.enc': fileOf(sealed) };
    for (const kept of [
      {},
      { files: enc },
      { files: enc, keyring: { __authgate_master_key__: Buffer.alloc(32).toString('base64') } },
      { files: enc, keyring: { __authgate_master_key__: 'marked' } },
      { files: { 'credentials.json.enc': fileOf('v2:marked') }, keyring: { __authgate_master_key__: masterKey } },
      { keyring: { work: 'marked' } },
      { keyring: { work: '{"access_token":""}' } },
    ] satisfies Kept[]) {
      await assert.rejects(read(await loginOf(kept), origin), (error: Error) => {
        assert.match(
          error.message,
          /“work” in the system keyring \(service “tea-cli”\), but it is not there or cannot be/,
        );
        assert.doesNotMatch(`${error.stack ?? ''}${String(error.cause)}`, /marked/);
        return true;
      });
    }
  });

  test('is out of reach on Windows, which says where it is', async () => {
    const found = await loginOf({ platform: 'win32' });
    assert.match(
      found.problem ?? '',
      /^tea keeps the token of its login “work” in the system keyring\. Windows has no/,
    );
  });
});
