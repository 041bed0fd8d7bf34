import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { findLogins, loginsOf } from '../../../src/core/credentials/findLogins.ts';
import type { FoundLogin, LoginSource } from '../../../src/core/credentials/login.ts';
import { teaLogins } from '../../../src/core/credentials/teaLogins.ts';
import { home, machine, options, read, shown } from './fakeMachine.ts';

const anywhere = { origin: 'https://gitea.test' };

async function find(
  description: Parameters<typeof machine>[0],
  source: LoginSource,
  origin = anywhere.origin,
): Promise<readonly FoundLogin[]> {
  return (await loginsOf(machine(description), source, { origin })).logins;
}

suite('a login of the environment', () => {
  const server = { GITEA_SERVER_URL: 'https://gitea.test/' };

  test('is a token with or without a user, or a user with a password, each by itself', async () => {
    const env = { ...server, GITEA_USERNAME: 'dev', GITEA_PASSWORD: 'pass: word', GITEA_TOKEN: 'token' };
    const logins = await find({ env }, 'environment');
    assert.deepEqual(shown(logins), ['GITEA_TOKEN | dev', 'GITEA_USERNAME and GITEA_PASSWORD | dev']);
    assert.deepEqual(await read(logins[0], anywhere.origin), { username: 'dev', secret: 'token', isToken: true });
    assert.deepEqual(await read(logins[1], anywhere.origin), { username: 'dev', secret: 'pass: word' });
    const [alone] = await find({ env: { ...server, GITEA_TOKEN: 'token' } }, 'environment');
    assert.deepEqual(await read(alone, anywhere.origin), { username: undefined, secret: 'token', isToken: true });
  });

  test('is for the server that it names alone; where it names none, that is said', async () => {
    const env = { ...server, GITEA_TOKEN: 'token' };
    assert.equal((await find({ env }, 'environment', 'https://gitea.test:3000')).length, 0);
    assert.equal((await find({ env }, 'environment', 'https://gitea.tests')).length, 0);
    const unnamed = await find({ env: { GITEA_TOKEN: 'token', GITEA_SERVER_URL: '' } }, 'environment');
    assert.deepEqual(shown(unnamed), ['GITEA_TOKEN | GITEA_SERVER_URL does not say for which registry']);
    const sub = { GITEA_SERVER_URL: 'https://gitea.test/git/', GITEA_TOKEN: 'token' };
    assert.equal((await find({ env: sub }, 'environment')).length, 1);
    const wrong = await loginsOf(
      machine({ env: { GITEA_SERVER_URL: 'https://a b', GITEA_TOKEN: 't' } }),
      'environment',
      anywhere,
    );
    assert.deepEqual(wrong, { logins: [], problems: ['GITEA_SERVER_URL is not the address of a server.'] });
  });

  test('that is half given says what is missing, and is never completed by another source', async () => {
    const half = { ...server, GITEA_USERNAME: 'dev', GITEA_PASSWORD: '' };
    const files = {
      [`${home}/.idpbuilder/config`]: JSON.stringify({
        registries: { gitea: { url: 'https://gitea.test', username: 'admin', password: 'admin-secret' } },
      }),
    };
    const { logins } = await findLogins(machine({ env: half, files }), anywhere, options);
    assert.deepEqual(shown(logins), [
      'environment variables | dev | GITEA_USERNAME is set, but neither GITEA_TOKEN nor GITEA_PASSWORD is.',
      'idpbuilder | admin',
    ]);
    await assert.rejects(read(logins[0], anywhere.origin), /neither GITEA_TOKEN nor GITEA_PASSWORD/);
    assert.deepEqual(await read(logins[1], anywhere.origin), { username: 'admin', secret: 'admin-secret' });
    const nameless = await find({ env: { ...server, GITEA_PASSWORD: 'marked' } }, 'environment');
    assert.deepEqual(shown(nameless), ['environment variables | GITEA_PASSWORD is set, but GITEA_USERNAME is not.']);
  });
});

suite('a login of idpbuilder', () => {
  const path = `${home}/.idpbuilder/config`;

  test('is read from JSON and from YAML, first the one for gitea', async () => {
    const json = JSON.stringify({
      registries: {
        default: { username: 'someone', password: 'b', url: 'https://gitea.test' },
        gitea: { username: 'giteaAdmin', password: 'a', url: 'https://gitea.test:443/' },
      },
    });
    const yaml = [
      '# written by hand',
      'registries:',
      '  gitea:',
      '    username: giteaAdmin',
      '    password: a',
      '    url: https://gitea.test',
      '  default: { username: someone, password: b, url: "gitea.test" }',
    ].join('\n');
    for (const text of [json, yaml]) {
      const logins = await find({ files: { [path]: text } }, 'idpbuilder');
      assert.deepEqual(shown(logins), ['idpbuilder | giteaAdmin', 'idpbuilder | someone']);
      assert.deepEqual(await read(logins[0], anywhere.origin), { username: 'giteaAdmin', secret: 'a' });
    }
  });

  test('without an address is for registries of this machine alone', async () => {
    const files = { [path]: 'registries:\n  gitea:\n    username: giteaAdmin\n    password: a\n' };
    for (const origin of [
      'https://gitea.cnoe.localtest.me:8443',
      'https://cnoe.localtest.me:8443',
      'http://localhost:3000',
      'http://127.0.0.1:3000',
    ]) {
      assert.equal((await find({ files }, 'idpbuilder', origin)).length, 1, origin);
    }
    for (const origin of ['https://gitea.test', 'https://notlocalhost', 'https://localtest.me.evil.test']) {
      assert.equal((await find({ files }, 'idpbuilder', origin)).length, 0, origin);
    }
  });

  test('that is incomplete or damaged says so, and shows nothing of it', async () => {
    const half = { [path]: 'registries: { gitea: { username: a, url: "https://gitea.test" } }' };
    const [login] = await find({ files: half }, 'idpbuilder');
    assert.match(login?.problem ?? '', /no complete login in registries\.gitea/);
    const damaged = await loginsOf(
      machine({ files: { [path]: 'registries:\n  gitea: [\n password: "marked-secret' } }),
      'idpbuilder',
      anywhere,
    );
    assert.deepEqual(damaged, { logins: [], problems: [`${path} is not valid YAML.`] });
  });
});

suite('a login of tea', () => {
  /** As `tea login add` writes it (tea 0.11). */
  const config = `logins:
    - name: gitea.test
      url: https://gitea.test
      token: 0123456789abcdef0123456789abcdef01234567
      default: true
      ssh_host: gitea.test
      ssh_key: ""
      insecure: false
      ssh_certificate_principal: ""
      ssh_agent: false
      ssh_key_agent_pub: ""
      version_check: true
      user: dev
      created: 1760000000
    - name: sub
      url: http://127.0.0.1:3000/gitea
      token: fedcba9876543210fedcba9876543210fedcba98
      user: admin
    - name: keyed
      url: https://keyed.test
      token: ""
      ssh_key: /home/ada/.ssh/id_ed25519
      user: ada
    - name: oauth
      url: https://oauth.test
      token: marked-access-token
      refresh_token: marked-refresh-token
      token_expiry: 1760000000
      user: ada
preferences:
    editor: false
    flag_defaults:
        remote: ""
`;
  const path = `${home}/.config/tea/config.yml`;

  test('is its token, with its user and name', async () => {
    const logins = await find({ files: { [path]: config } }, 'tea');
    assert.deepEqual(shown(logins), ['tea (gitea.test) | dev']);
    const secret = '0123456789abcdef0123456789abcdef01234567';
    assert.deepEqual(await read(logins[0], anywhere.origin), { username: 'dev', secret, isToken: true });
    assert.deepEqual(shown(await find({ files: { [path]: config } }, 'tea', 'http://127.0.0.1:3000')), [
      'tea (sub) | admin',
    ]);
  });

  test('by an SSH key, or that has expired, is of no use, and says why', async () => {
    const [keyed] = await find({ files: { [path]: config } }, 'tea', 'https://keyed.test');
    assert.match(keyed?.problem ?? '', /“keyed” of tea has no token/);
    const expiry = 1_760_000_000_000;
    const at = async (now: number): Promise<string | undefined> =>
      (await teaLogins(machine({ files: { [path]: config } }), () => now)).logins.at(-1)?.problem;
    assert.match((await at(expiry)) ?? '', /has expired\. “tea login oauth-refresh oauth” renews it/);
    assert.equal(await at(expiry - 1), undefined);
  });

  test('is looked for where tea keeps it on each system, and where it kept it before', async () => {
    const files: readonly [NodeJS.Platform, Record<string, string>, string][] = [
      ['linux', { XDG_CONFIG_HOME: '/conf' }, '/conf/tea/config.yml'],
      ['linux', {}, `${home}/.tea/tea.yml`],
      ['darwin', {}, `${home}/Library/Application Support/tea/config.yml`],
      ['win32', { LOCALAPPDATA: 'C:\\Local' }, 'C:\\Local\\tea\\config.yml'],
    ];
    for (const [platform, env, file] of files) {
      assert.equal((await find({ platform, env, files: { [file]: config } }, 'tea')).length, 1, file);
    }
  });
});

test('sources with different logins for one registry are all offered, each with its own user', async () => {
  const files = {
    [`${home}/.config/tea/config.yml`]: 'logins: [{ name: t, url: "https://gitea.test", token: a, user: teaUser }]',
    [`${home}/.docker/config.json`]: JSON.stringify({
      auths: { 'gitea.test': { username: 'dockerUser', password: 'b' } },
    }),
  };
  const env = { GITEA_SERVER_URL: 'https://gitea.test', GITEA_USERNAME: 'envUser', GITEA_PASSWORD: 'c' };
  const { logins } = await findLogins(machine({ files, env }), anywhere, options);
  assert.deepEqual(await Promise.all(logins.map((login) => read(login, anywhere.origin))), [
    { username: 'envUser', secret: 'c' },
    { username: 'dockerUser', secret: 'b' },
    { username: 'teaUser', secret: 'a', isToken: true },
  ]);
});
