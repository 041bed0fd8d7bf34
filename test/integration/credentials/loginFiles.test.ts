import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';

import { thisMachine, type CredentialMachine } from '../../../src/core/credentials/credentialMachine.ts';
import { loginsOf } from '../../../src/core/credentials/findLogins.ts';
import type { LoginSource } from '../../../src/core/credentials/login.ts';
import { startFakeGitea, type FakeGitea } from '../../fakeGitea/fakeGitea.ts';
import { startPrivateEngine, type Engine } from '../../tools/engine.ts';
import { provision } from '../../tools/provision.ts';
import { run } from '../../tools/run.ts';
import { makeScratch, type Scratch } from '../../tools/scratch.ts';
import { clientFor, dev, never } from '../../unit/gitea/testClient.ts';

/** Logins as the real programs write them on this machine, read by our code and accepted by the registry. */
suite('a login that was made by', { timeout: 120_000 }, () => {
  let engine: Engine;
  let gitea: FakeGitea;
  let scratch: Scratch;

  before(async () => {
    await provision(['engine', 'podman']);
    [engine, gitea, scratch] = await Promise.all([startPrivateEngine(), startFakeGitea(), makeScratch('logins')]);
  });

  after(async () => {
    await Promise.all([engine.stop(), gitea.close()]);
    await scratch.remove();
  });

  /** This machine, with nothing in its home but what `env` names. */
  function machineWith(env: Record<string, string>): CredentialMachine {
    return { ...thisMachine(), env, home: scratch.path };
  }

  async function signsIn(on: CredentialMachine, source: LoginSource, user: string | undefined): Promise<void> {
    const { logins, problems } = await loginsOf(on, source, { origin: gitea.origin });
    const [login, ...others] = logins;
    assert.deepEqual([login?.username, login?.problem, others, problems], [user, undefined, [], []]);
    const secret = await login?.read({ origin: gitea.origin }, { signal: never });
    assert.deepEqual(secret, dev);
    const client = clientFor(gitea.url, { credential: dev });
    try {
      assert.equal((await client.checkSignIn({ signal: never })).username, dev.username);
    } finally {
      await client.close();
    }
  }

  test('“docker login” is found in its config.json', async () => {
    const folder = join(scratch.path, 'docker');
    const login = ['--config', folder, 'login', '--username', dev.username, '--password-stdin', gitea.host];
    await run('docker', login, { env: { DOCKER_HOST: engine.host }, input: dev.secret });
    await signsIn(machineWith({ DOCKER_CONFIG: folder }), 'docker', dev.username);
    // It is for its own port alone.
    const { logins } = await loginsOf(machineWith({ DOCKER_CONFIG: folder }), 'docker', {
      origin: 'http://127.0.0.1:1',
    });
    assert.deepEqual(logins, []);
  });

  test('“docker logout” is found no more', async () => {
    const folder = join(scratch.path, 'docker');
    await run('docker', ['--config', folder, 'logout', gitea.host], { env: { DOCKER_HOST: engine.host } });
    const { logins, problems } = await loginsOf(machineWith({ DOCKER_CONFIG: folder }), 'docker', {
      origin: gitea.origin,
    });
    assert.deepEqual([logins, problems], [[], []]);
  });

  test('“podman login” is found in its auth.json', async () => {
    const file = join(scratch.path, 'auth.json');
    const login = ['login', '--authfile', file, '--tls-verify=false', '--username', dev.username, '--password-stdin'];
    await run('podman', [...login, gitea.host], { input: dev.secret });
    await signsIn(machineWith({ REGISTRY_AUTH_FILE: file }), 'podman', dev.username);
  });

  test('git’s own credential store is found by git', async (t) => {
    const [store, settings] = [join(scratch.path, 'git-credentials'), join(scratch.path, 'gitconfig')];
    const { protocol, host } = new URL(gitea.origin);
    const entry = `protocol=${protocol.slice(0, -1)}\nhost=${host}\nusername=${dev.username}\npassword=${dev.secret}\n`;
    await run('git', ['credential-store', '--file', store, 'store'], { input: entry });
    await writeFile(settings, `[credential]\n\thelper = store --file ${store}\n`);
    // Our helper process has this process's environment.
    for (const [name, value] of Object.entries({ GIT_CONFIG_GLOBAL: settings, GIT_CONFIG_SYSTEM: '/dev/null' })) {
      const former = process.env[name];
      process.env[name] = value;
      t.after(() => {
        if (former === undefined) Reflect.deleteProperty(process.env, name);
        else process.env[name] = former;
      });
    }
    await signsIn(machineWith({}), 'git', undefined);
  });
});
