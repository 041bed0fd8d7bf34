import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { CredentialMachine } from '../../../src/core/credentials/credentialMachine.ts';
import { findLogins, loginsOf } from '../../../src/core/credentials/findLogins.ts';
import type { FoundLogin } from '../../../src/core/credentials/login.ts';
import { basic, home, machine, options, read, shown } from './fakeMachine.ts';

const dockerFile = `${home}/.docker/config.json`;
const podmanFile = `${home}/.config/containers/auth.json`;
const password = 'pässword: with everything';

function docker(settings: unknown): CredentialMachine {
  return machine({ files: { [dockerFile]: JSON.stringify(settings) } });
}

async function find(on: CredentialMachine, origin: string, repository?: string): Promise<readonly FoundLogin[]> {
  return (await findLogins(on, { origin, repository }, options)).logins;
}

suite('a login of docker', () => {
  test('is read in both of its forms, with any password', async () => {
    for (const entry of [{ auth: basic('dev', password) }, { username: 'dev', password }]) {
      const [login, ...others] = await find(docker({ auths: { 'h:3000': entry } }), 'https://h:3000');
      assert.deepEqual(others, []);
      assert.equal(login?.name, 'Docker (config.json)');
      assert.equal(login.username, 'dev');
      assert.deepEqual(await read(login, 'https://h:3000'), { username: 'dev', secret: password });
    }
  });

  test('is for exactly its host and port, whatever the key looks like', async () => {
    const auths = Object.fromEntries(
      ['gitea.co', 'gitea.com', 'https://gitea.com:3000/v1/', 'gitea.com:8443/v2/', 'xgitea.com'].map((key) => [
        key,
        { username: key, password: 'secret' },
      ]),
    );
    const on = docker({ auths });
    const users = async (origin: string): Promise<readonly (string | undefined)[]> =>
      (await find(on, origin)).map(({ username }) => username);
    assert.deepEqual(await users('https://gitea.co'), ['gitea.co']);
    assert.deepEqual(await users('https://gitea.com'), ['gitea.com']);
    assert.deepEqual(await users('http://gitea.com'), ['gitea.com']);
    assert.deepEqual(await users('https://gitea.com:8443'), ['gitea.com:8443/v2/']);
    assert.deepEqual(await users('https://gitea.com:3001'), []);
    assert.deepEqual(await users('https://gitea.c'), []);
    // What was given for https is not sent in the clear.
    assert.deepEqual(await users('https://gitea.com:3000'), ['https://gitea.com:3000/v1/']);
    assert.deepEqual(await users('http://gitea.com:3000'), []);
  });

  test('has the default port or leaves it out', async () => {
    const on = docker({
      auths: { 'a.test:443': { auth: basic('a', 's') }, 'http://b.test': { auth: basic('b', 's') } },
    });
    assert.equal((await find(on, 'https://a.test')).length, 1);
    assert.equal((await find(on, 'http://b.test')).length, 1);
    assert.equal((await find(on, 'http://a.test')).length, 0);
  });

  test('that is an identity token is shown as of no use, and never given', async () => {
    const entries = [
      { auth: basic('dev', 'x'), identitytoken: 'marked-identity-token' },
      { identitytoken: 'marked-identity-token' },
      { auth: basic('<token>', 'marked-identity-token') },
    ];
    for (const entry of entries) {
      const [login] = await find(docker({ auths: { h: entry } }), 'https://h');
      assert.match(login?.problem ?? '', /identity token .* no use/);
      await assert.rejects(read(login, 'https://h'), (error: Error) => {
        assert.ok(!JSON.stringify([error.message, error.stack]).includes('marked'));
        return true;
      });
    }
  });

  test('that is half there, or no base64, says so without quoting it', async () => {
    const odd = {
      'a.test': { auth: basic('dev', '') },
      'b.test': { username: '', password: 'marked-secret' },
      'c.test': { auth: 'marked secret!' },
      'd.test': { auth: Buffer.from('marked-no-colon').toString('base64') },
    };
    const messages: string[] = [];
    for (const host of Object.keys(odd)) {
      const [login] = await find(docker({ auths: odd }), `https://${host}`);
      messages.push(login?.problem ?? 'none');
    }
    assert.match(messages[0] ?? '', /for a\.test in .*config\.json has no password/);
    assert.match(messages[1] ?? '', /has no user name/);
    assert.match(messages[2] ?? '', /not a user and a password in base64/);
    assert.match(messages[3] ?? '', /not a user and a password in base64/);
    assert.doesNotMatch(messages.join(), /marked/);
  });

  test('is none in an empty entry, in a file without any, of other types, or that is damaged', async () => {
    for (const settings of [{}, { auths: {} }, { auths: { h: {} } }, { auths: null }, { auths: { h: 7 } }, [], 7]) {
      assert.deepEqual(await find(docker(settings), 'https://h'), [], JSON.stringify(settings));
    }
    const damaged = machine({ files: { [dockerFile]: '{"auths": {"h": {"auth": "marked-secret"' } });
    const found = await loginsOf(damaged, 'docker', { origin: 'https://h' });
    assert.deepEqual(found, { logins: [], problems: [`${dockerFile} is not valid JSON.`] });
    const denied = machine({
      files: { [dockerFile]: Object.assign(new Error('EACCES: marked'), { code: 'EACCES' }) },
    });
    assert.deepEqual((await loginsOf(denied, 'docker', { origin: 'https://h' })).problems, [
      `${dockerFile} cannot be read (EACCES).`,
    ]);
  });

  test('is read where DOCKER_CONFIG says, in the folder of snap, and with a byte order mark', async () => {
    const settings = (user: string): string => JSON.stringify({ auths: { h: { auth: basic(user, 's') } } });
    const on = machine({
      env: { DOCKER_CONFIG: '/etc/mine' },
      files: {
        [dockerFile]: settings('not this'),
        '/etc/mine/config.json': `\uFEFF${settings('mine')}`,
        [`${home}/snap/docker/current/.docker/config.json`]: settings('snap'),
      },
    });
    assert.deepEqual(shown(await find(on, 'https://h')), [
      'Docker (config.json) | mine',
      'Docker from snap (config.json) | snap',
    ]);
    const windows = machine({
      platform: 'win32',
      files: { 'C:\\Users\\ada\\.docker\\config.json': Buffer.from(`\uFEFF${settings('ada')}`, 'utf16le') },
    });
    assert.deepEqual(shown(await find(windows, 'https://h')), ['Docker (config.json) | ada']);
  });
});

suite('a credential store of docker', () => {
  for (const [what, settings] of Object.entries({
    'with an empty entry': { auths: { h: {} }, credsStore: 'desktop' },
    'in a file with nothing else': { credsStore: 'desktop' },
    'as an old Docker misspelt it': { auths: { h: {} }, credSstore: 'desktop' },
  })) {
    test(`is offered once, ${what}, and nothing is asked of it before it is chosen`, async () => {
      let runs = 0;
      const on = {
        ...docker(settings),
        runHelper: ({ command }: { readonly command: string }) => {
          if (command.startsWith('docker-credential-')) runs++;
          return Promise.resolve({ kind: 'notFound' } as const);
        },
      };
      assert.deepEqual(shown(await find(on, 'https://h')), [
        'Docker (credential helper desktop) | asks docker-credential-desktop',
      ]);
      assert.equal(runs, 0);
    });
  }

  test('of one registry comes before the one of all, and before what the file has', async () => {
    const on = docker({
      auths: { h: { auth: basic('old', 's') } },
      credsStore: 'all',
      credHelpers: { h: 'own', other: 'third' },
    });
    assert.deepEqual(shown(await find(on, 'https://h')), [
      'Docker (credential helper own) | asks docker-credential-own',
      'Docker (config.json) | old',
      'Docker (credential helper all) | asks docker-credential-all',
    ]);
  });
});

test('a token in place of the user is a token, and not shown as a user', async () => {
  const token = 'feed'.repeat(10);
  const asToken = { username: undefined, secret: token, isToken: true };
  for (const secret of ['x-oauth-basic', '']) {
    const inFile = docker({ auths: { h: { auth: basic(token, secret) } } });
    const ofHelper: CredentialMachine = {
      ...docker({ auths: { h: {} }, credsStore: 'desktop' }),
      runHelper: ({ command }) => {
        const stdout = command === 'git' ? '' : JSON.stringify({ Username: token, Secret: secret });
        return Promise.resolve({ kind: 'ended', code: 0, stdout, stderr: '' });
      },
    };
    for (const on of [inFile, ofHelper]) {
      const logins = await find(on, 'https://h');
      assert.doesNotMatch(shown(logins).join(), /feed/);
      assert.deepEqual(await read(logins[0], 'https://h'), asToken);
    }
    const stdout = `protocol=https\nhost=h\nusername=${token}\npassword=${secret}\n`;
    const ofGit = machine({ runHelper: () => Promise.resolve({ kind: 'ended', code: 0, stdout, stderr: '' }) });
    assert.deepEqual(
      await read((await loginsOf(ofGit, 'git', { origin: 'https://h' })).logins[0], 'https://h'),
      asToken,
    );
  }
});

test('a store is asked by the host and by the address with its scheme: for http not for what it has for https', async () => {
  for (const origin of ['http://h:3000', 'https://h:3000']) {
    const asked: string[] = [];
    const on: CredentialMachine = {
      ...docker({ credsStore: 'desktop' }),
      runHelper: ({ command, input }) => {
        if (command !== 'git') asked.push(input);
        return Promise.resolve({ kind: 'ended', code: 1, stdout: 'credentials not found', stderr: '' });
      },
    };
    await assert.rejects(read((await find(on, origin))[0], origin), /has no login/);
    assert.deepEqual(asked, ['h:3000', origin]);
  }
});

suite('logins of podman', () => {
  const auths = {
    h: { auth: basic('whole', 's') },
    'h/team': { auth: basic('team', 's') },
    'h/team/app': { auth: basic('app', 's') },
    'h:3000': { auth: basic('port', 's') },
    'gitea.co': { auth: basic('short', 's') },
  };
  const on = machine({ files: { [podmanFile]: JSON.stringify({ auths }) } });
  const users = async (origin: string, repository?: string): Promise<readonly (string | undefined)[]> =>
    (await find(on, origin, repository)).map(({ username }) => username);

  test('are for the longest part of the path, by whole names', async () => {
    assert.deepEqual(await users('https://h', 'team/app'), ['app', 'team', 'whole']);
    assert.deepEqual(await users('https://h', 'team/app2'), ['team', 'whole']);
    assert.deepEqual(await users('https://h', 'teamwork/app'), ['whole']);
    assert.deepEqual(await users('https://h:3000', 'team/app'), ['port']);
    assert.deepEqual(await users('https://gitea.com'), []);
  });

  test('are offered with their path at a sign-in, those for the whole registry first', async () => {
    assert.deepEqual(shown(await find(on, 'https://h')), [
      'Podman (auth.json) | whole',
      'Podman (auth.json) | team | for h/team',
      'Podman (auth.json) | app | for h/team/app',
    ]);
  });

  test('are in the file of the session first, in the one that stays, or in the named one alone', async () => {
    const file = (user: string): string => JSON.stringify({ auths: { h: { auth: basic(user, 's') } } });
    const files = {
      [podmanFile]: file('stays'),
      '/run/user/1000/containers/auth.json': file('session'),
      '/run/containers/1000/auth.json': file('no session folder'),
      '/mine.json': file('mine'),
    };
    const names = async (env: Record<string, string>): Promise<readonly (string | undefined)[]> =>
      (await find(machine({ env, files }), 'https://h')).map(({ username }) => username);
    assert.deepEqual(await names({ XDG_RUNTIME_DIR: '/run/user/1000' }), ['session', 'stays']);
    assert.deepEqual(await names({}), ['no session folder', 'stays']);
    assert.deepEqual(await names({ REGISTRY_AUTH_FILE: '/mine.json' }), ['mine']);
    const mac = machine({ platform: 'darwin', env: { XDG_RUNTIME_DIR: '/run/user/1000' }, files });
    assert.deepEqual(
      (await find(mac, 'https://h')).map(({ username }) => username),
      ['stays'],
    );
  });
});
