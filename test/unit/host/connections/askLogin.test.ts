import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { basic, home } from '../../credentials/fakeMachine.ts';
import { inputAsking, said, useFakeVscode } from '../support/fakeVscode.ts';
import { dev } from '../support/hostFakes.ts';
import { loginsOn } from '../support/loginsOn.ts';
import { choose, dockerFile, labels, pressInRow, rig, rowButtons, teaFile } from '../support/signInRig.ts';

useFakeVscode();
const { askSignIn } = await import('../../../../src/host/connections/askSignIn.ts');
const { describeSignIn } = await import('../../../../src/host/connections/describeSignIn.ts');
const { signInCommand } = await import('../../../../src/host/commands/signIn.ts');

const login = /How do you want to sign in/;

suite('a login of this machine', () => {
  test('is offered by the name of its source with its user, and signs in', async (t) => {
    let token = '';
    const { open, store, gitea, log } = await rig(t, (gitea) => {
      token = gitea.createToken('dev', ['write:package', 'read:user', 'read:organization', 'read:repository']);
      return { files: teaFile(gitea.url, token) };
    });
    const signedIn = open();
    (await inputAsking(/Address/)).enter();
    const list = await inputAsking(login);
    assert.deepEqual(labels(list), [
      '$(key) Use the login of tea (mine) — dev',
      '$(edit) Enter user name and token or password',
    ]);
    list.enter();
    const done = (await signedIn) ?? assert.fail('not signed in');
    assert.equal(describeSignIn(done), `Signed in to ${gitea.host} as dev with the login of tea (mine).`);
    assert.deepEqual(await store.credential(gitea.origin), { username: 'dev', secret: token });
    assert.match(log.join('\n'), /Signed in to \S+ as dev with the login of tea \(mine\) \(.*config\.yml\)/);
    assert.ok(!log.join('\n').includes(token));
  });

  test('that the registry refuses says so, stores nothing, and the others are still there', async (t) => {
    const { open, store, gitea, log } = await rig(t, (gitea) => ({
      files: {
        ...dockerFile({ [gitea.host]: { auth: basic('dev', 'marked-old-password') } }),
        ...teaFile(gitea.url, gitea.createToken('dev', ['write:package'])),
      },
    }));
    const signedIn = open();
    (await inputAsking(/Address/)).enter();
    await choose(login, /Docker/);
    const list = await inputAsking(login);
    while (!labels(list)[0]?.startsWith('$(error)')) await new Promise(setImmediate);
    assert.match(
      labels(list)[0] ?? '',
      /^\$\(error\) The login of Docker \(config\.json\) did not work — .* does not accept this user name and password/,
    );
    assert.equal(await store.credential(gitea.origin), undefined);
    assert.deepEqual(store.list(), []);
    await choose(login, /tea/);
    const done = (await signedIn) ?? assert.fail('not signed in');
    assert.match(
      describeSignIn(done),
      /with the login of tea \(mine\)\. The token lacks the scopes read:user and read:repository: your own name/,
    );
    assert.match(log.join('\n'), /login of Docker \(config\.json\) did not work \(.*config\.json\): /);
    assert.doesNotMatch(log.join('\n'), /marked/);
  });

  test('may be used until the window closes: nothing is stored then', async (t) => {
    const { open, store, gitea, secrets } = await rig(t, (gitea) => ({
      files: dockerFile({ [gitea.host]: { auth: basic(dev.username, dev.secret) } }),
    }));
    const signedIn = open();
    (await inputAsking(/Address/)).enter();
    const list = await inputAsking(login);
    assert.deepEqual(rowButtons(list), [
      { iconPath: { id: 'lock' }, tooltip: 'Choose What Is Stored of a Password…' },
      { iconPath: { id: 'watch' }, tooltip: 'Use for This Session Only' },
    ]);
    pressInRow(list, 'Use for This Session Only');
    assert.match(describeSignIn((await signedIn) ?? assert.fail()), /until this window closes, and not stored/);
    assert.deepEqual(await secrets.keys(), []);
    assert.deepEqual(await store.credential(gitea.origin), dev);
    assert.equal(store.find(gitea.origin)?.username, 'dev');
  });

  test('that is of no use says why, and the person types the rest', async (t) => {
    const { open, gitea } = await rig(t, (gitea) => ({
      env: { GITEA_SERVER_URL: gitea.url, GITEA_USERNAME: 'dev' },
      files: dockerFile({ [gitea.host]: { identitytoken: 'marked-token' } }),
    }));
    const signedIn = open();
    (await inputAsking(/Address/)).enter();
    const list = await inputAsking(login);
    assert.match(labels(list)[0] ?? '', /^\$\(warning\) Use environment variables — dev · GITEA_USERNAME is set, but/);
    assert.match(
      labels(list)[1] ?? '',
      /^\$\(warning\) Use the login of Docker \(config\.json\) — Docker has an identity token/,
    );
    await choose(login, /Docker/);
    while (!labels(list)[0]?.startsWith('$(error)')) await new Promise(setImmediate);
    assert.match(labels(list)[0] ?? '', /identity token for .* no use there/);
    await choose(login, /Enter user name/);
    const user = await inputAsking(/User name/);
    assert.equal(user.value, 'dev');
    user.enter();
    const secret = await inputAsking(
      /or a token \(scopes write:package, read:user, read:organization and read:repository\)/,
    );
    secret.type(gitea.createToken('dev', ['all']));
    secret.enter();
    assert.equal((await signedIn)?.source, undefined);
  });

  test('of another host is not offered, nor one whose name begins like it', async (t) => {
    const { open } = await rig(t, (gitea) => ({
      files: dockerFile({
        [`${gitea.host}0`]: { auth: basic('a', 'b') },
        [gitea.host.slice(0, -1)]: { auth: basic('a', 'b') },
      }),
    }));
    const left = open();
    (await inputAsking(/Address/)).enter();
    const user = await inputAsking(/User name/);
    assert.equal(user['step'], 2);
    user.leave();
    assert.equal(await left, undefined);
  });
});

suite('addresses', () => {
  test('that the machine names are offered first, with their source; the chosen one goes on', async (t) => {
    const { dependencies, gitea } = await rig(t, (gitea) => ({ env: { GITEA_SERVER_URL: gitea.url } }));
    const logins = { ...loginsOn({ env: { GITEA_SERVER_URL: gitea.url } }, ['git@code.test:a/b.git']) };
    await dependencies.store.save(
      {
        origin: 'https://saved.test',
        host: 'saved.test',
        webRoot: 'https://saved.test',
        kind: 'gitea',
        username: 'a',
        trust: {},
      },
      dev,
    );
    const left = askSignIn({ ...dependencies, logins }, {});
    const list = await inputAsking(/Address/);
    assert.deepEqual(labels(list), [
      '$(server) https://code.test — git remote',
      `$(server) ${gitea.url} — GITEA_SERVER_URL`,
      '$(edit) Another address…',
    ]);
    // Plain http is asked about in a dialog, which nobody confirms here: then the address can be corrected.
    list.take(list.items[1]);
    const box = await inputAsking(/Address/);
    while (box.element !== 'input') await new Promise(setImmediate);
    assert.equal(box.value, gitea.url);
    assert.match(await said(box), /Nothing was sent there/);
    box.leave();
    assert.equal(await left, undefined);
  });

  test('may be typed into the list, or in the next step', async (t) => {
    const { dependencies, gitea } = await rig(t, () => ({ env: { GITEA_SERVER_URL: 'https://a.test' } }));
    const left = askSignIn(dependencies, {});
    const list = await inputAsking(/Address/);
    list.type('not an address');
    assert.match(list.shownRows()[0]?.label ?? '', /^\$\(error\) .*space/);
    list.type(`127.0.0.1:${new URL(gitea.url).port}`);
    assert.match(list.shownRows()[0]?.description ?? '', /as typed/);
    list.type('');
    list.take(list.items.at(-1));
    const box = await inputAsking(/Address/);
    assert.equal(box.value, '');
    box.leave();
    assert.equal(await left, undefined);
  });
});

suite('the command with a source', () => {
  const allowHttp = true;

  test('signs in without a question, checks first, and says which one it was', async (t) => {
    let token = '';
    const { dependencies, store, gitea, log } = await rig(t, (gitea) => {
      token = gitea.createToken('dev', ['write:package']);
      return {
        env: { GITEA_SERVER_URL: gitea.url, GITEA_TOKEN: token },
        files: {
          ...teaFile(gitea.url, token),
          ...dockerFile({ [gitea.host]: { auth: basic(dev.username, dev.secret) } }),
        },
      };
    });
    for (const source of ['environment', 'docker', 'tea'] as const) {
      const result = await signInCommand(dependencies, { url: gitea.url, source, allowHttp });
      assert.deepEqual({ ...result, username: undefined }, { origin: gitea.origin, username: undefined, source });
      assert.equal((await store.credential(gitea.origin))?.secret, source === 'docker' ? dev.secret : token);
    }
    assert.match(log.join('\n'), /with the login of GITEA_TOKEN/);
  });

  test('rejects if the source has none, one of another user, or a wrong one; nothing is stored', async (t) => {
    const { dependencies, store, gitea } = await rig(t, (gitea) => ({
      files: {
        ...dockerFile({ [gitea.host]: { auth: basic('dev', 'marked-wrong') } }),
        [`${home}/.idpbuilder/config`]: '{ broken',
      },
    }));
    const rejects = async (args: Record<string, unknown>, code: string, pattern: RegExp): Promise<void> => {
      await assert.rejects(signInCommand(dependencies, { url: gitea.url, allowHttp, ...args }), (error: Error) => {
        assert.equal((error as Error & { code?: string }).code, code);
        assert.match(error.message, pattern);
        assert.doesNotMatch(error.message, /marked/);
        return true;
      });
    };
    await rejects({ source: 'tea' }, 'credentialSourceFailed', /^tea has no login for 127\.0\.0\.1:\d+\.$/);
    await rejects(
      { source: 'idpbuilder' },
      'credentialSourceFailed',
      /idpbuilder has no login for .*config is not valid YAML/,
    );
    await rejects(
      { source: 'docker', username: 'ada' },
      'credentialSourceFailed',
      /Docker has no login of the user “ada”/,
    );
    await rejects({ source: 'docker' }, 'credentialsRejected', /does not accept/);
    await rejects({ source: 'docker', secret: 'x' }, 'argumentInvalid', /exclude each other/);
    await rejects({ source: 'pass' }, 'argumentInvalid', /“source” to be one of environment, idpbuilder, docker/);
    assert.deepEqual(store.list(), []);
  });

  test('rejects logins of several users of one source with their names, unless the user is given', async (t) => {
    const tokens: string[] = [];
    const { dependencies, store, gitea } = await rig(t, (gitea) => {
      tokens.push(gitea.createToken('dev', ['write:package']), gitea.createToken('dev', ['write:package']));
      const rows = ['dev', 'ada'].map(
        (user, index) =>
          `  - name: t${user}\n    url: ${gitea.url}\n    user: ${user}\n    token: ${tokens[index] ?? ''}`,
      );
      return {
        files: {
          [`${home}/.config/tea/config.yml`]: `logins:\n${rows.join('\n')}\n`,
          ...dockerFile({
            [gitea.host]: { username: 'dev', password: dev.secret },
            [`http://${gitea.host}/v1/`]: { username: '', password: 'marked' },
          }),
        },
      };
    });
    const ask = (args: Record<string, unknown>) =>
      signInCommand(dependencies, { url: gitea.url, allowHttp, source: 'tea', ...args });
    await assert.rejects(ask({}), {
      code: 'credentialSourceFailed',
      message: `tea has logins of several users for ${gitea.host}: “dev” and “ada”. Say which one by “username”.`,
    });
    await assert.rejects(ask({ source: 'docker' }), (error: Error) => {
      assert.match(
        error.message,
        /^Docker has logins of several users for .*: “dev” and one without a user\. Say which/,
      );
      assert.match(error.message, /The entry for http:.* in .*config\.json has no user name\.$/);
      assert.doesNotMatch(error.message, /marked/);
      return true;
    });
    assert.deepEqual(store.list(), []);
    await ask({ username: 'ada' });
    assert.equal((await store.credential(gitea.origin))?.secret, tokens[1]);
    await ask({ source: 'docker', username: 'dev' });
    assert.deepEqual(await store.credential(gitea.origin), dev);
  });

  test('may keep it for the session alone', async (t) => {
    const { dependencies, store, gitea, secrets } = await rig(t, (gitea) => ({
      files: dockerFile({ [gitea.host]: { auth: basic(dev.username, dev.secret) } }),
    }));
    for (const login of [{ source: 'docker' }, { ...dev }]) {
      await signInCommand(dependencies, { url: gitea.url, ...login, sessionOnly: true, allowHttp });
      assert.deepEqual(await store.credential(gitea.origin), dev);
      assert.deepEqual(await secrets.keys(), []);
      await store.remove(gitea.origin);
    }
    await assert.rejects(signInCommand(dependencies, { url: gitea.url, sessionOnly: true, allowHttp }), {
      code: 'argumentInvalid',
    });
  });
});
