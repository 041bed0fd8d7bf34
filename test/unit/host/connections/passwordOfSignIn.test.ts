import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { totp } from '../../../fakeGitea/model/totp.ts';
import { basic } from '../../credentials/fakeMachine.ts';
import {
  inputAsking,
  said,
  saidUnlessAsked,
  takeShown,
  useFakeVscode,
  type QuickInput,
} from '../support/fakeVscode.ts';
import { dev } from '../support/hostFakes.ts';
import { choose, dockerFile, labels, pressInRow, rig, teaFile } from '../support/signInRig.ts';

useFakeVscode();
const { askSignIn } = await import('../../../../src/host/connections/askSignIn.ts');
const { describeSignIn } = await import('../../../../src/host/connections/describeSignIn.ts');

const login = /How do you want to sign in/;

suite('a password', () => {
  const kept = /What should be stored/;

  test('of this machine is replaced by a token without a question, and its row says so before', async (t) => {
    const { open, store, gitea, secrets, log } = await rig(t, (gitea) => ({
      files: {
        ...dockerFile({ [gitea.host]: { auth: basic(dev.username, dev.secret) } }),
        ...teaFile(gitea.url, 'f'.repeat(40), 'ada'),
      },
    }));
    const signedIn = open();
    (await inputAsking(/Address/)).enter();
    const list = await inputAsking(login);
    assert.deepEqual(labels(list).slice(0, 2), [
      '$(key) Use the login of Docker (config.json) — dev — Gitea and Forgejo make a token with a password; only the token is stored',
      '$(key) Use the login of tea (mine) — ada',
    ]);
    list.enter();
    const text = describeSignIn((await signedIn) ?? assert.fail());
    const [token] = gitea.directory.tokensOf(gitea.directory.user('dev').id);
    assert.match(
      text,
      /^Signed in to \S+ as dev with the login of Docker \(config\.json\)\. The token “Tea Chest on .*” was/,
    );
    assert.match(
      log.join('\n'),
      /Signed in to \S+ as dev with the login of Docker \(config\.json\) \(.*config\.json\)/,
    );
    assert.ok(log.join('\n').includes(`has made the token “${token?.name ?? ''}”`));
    assert.deepEqual(await store.credential(gitea.origin), { username: 'dev', secret: token?.value });
    const stored = await Promise.all((await secrets.keys()).map((key) => secrets.get(key)));
    assert.ok(!stored.join().includes(dev.secret));
  });

  test('of this machine in whose place no token can be made is not stored without a question, which says why', async (t) => {
    const { open, store, gitea, secrets } = await rig(t, (gitea) => ({
      files: dockerFile({ [gitea.host]: { auth: basic(dev.username, dev.secret) } }),
    }));
    gitea.faults.add({
      method: 'POST',
      path: /\/tokens$/,
      action: { kind: 'answer', reply: { status: 403, body: '{}' } },
    });
    const signedIn = open();
    (await inputAsking(/Address/)).enter();
    await choose(login, /Docker/);
    const list = await inputAsking(kept);
    assert.match(labels(list)[0] ?? '', /^\$\(error\) /);
    assert.deepEqual(await secrets.keys(), []);
    list.take(list.items.find(({ label }) => label.includes('The password')));
    assert.equal((await signedIn)?.source, 'Docker (config.json)');
    assert.deepEqual(await store.credential(gitea.origin), dev);
  });

  test('is replaced by a token if the person agrees, and only the token is stored', async (t) => {
    const { open, store, gitea, secrets } = await rig(t, (gitea) => ({
      files: dockerFile({ [gitea.host]: { auth: basic(dev.username, dev.secret) } }),
    }));
    const signedIn = open();
    (await inputAsking(/Address/)).enter();
    pressInRow(await inputAsking(login), 'Choose What Is Stored of a Password…');
    const list = await inputAsking(kept);
    assert.deepEqual(labels(list), [
      `$(key) A token made now for this machine, not the password — It can be deleted in the settings of ${gitea.host} at any time. Its scopes: write:package, read:user, read:organization and read:repository`,
      '$(lock) The password',
      '$(watch) Nothing: keep the password until this window closes',
    ]);
    list.enter();
    const text = describeSignIn((await signedIn) ?? assert.fail());
    const [token] = gitea.directory.tokensOf(gitea.directory.user('dev').id);
    assert.match(token?.name ?? '', /^Tea Chest on .+, \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}$/);
    assert.match(
      text,
      /with the login of Docker \(config\.json\)\. The token “Tea Chest on .*” was made and stored, the password was not\.$/,
    );
    assert.deepEqual(await store.credential(gitea.origin), { username: 'dev', secret: token?.value });
    const stored = await Promise.all((await secrets.keys()).map((key) => secrets.get(key)));
    assert.ok(!stored.join().includes(dev.secret));
  });

  /** The button that asks what is stored of the password. */
  function pressLock(box: QuickInput): void {
    const buttons = box.buttons as readonly { readonly tooltip?: string }[];
    box.handlers.get('onDidTriggerButton')?.(buttons.find(({ tooltip }) => tooltip?.includes('What Is Stored')));
  }

  test('that is typed is replaced by a token without a question', async (t) => {
    const { open, store, gitea, secrets } = await rig(t, () => ({}));
    const signedIn = open({ username: 'dev' });
    (await inputAsking(/Address/)).enter();
    (await inputAsking(/User name/)).enter();
    const box = await inputAsking(/Gitea and Forgejo make a token with a password; only the token is stored/);
    box.type(dev.secret);
    box.enter();
    assert.match(describeSignIn((await signedIn) ?? assert.fail()), /was made and stored, the password was not\.$/);
    const [token] = gitea.directory.tokensOf(gitea.directory.user('dev').id);
    assert.deepEqual(await store.credential(gitea.origin), { username: 'dev', secret: token?.value });
    const stored = await Promise.all((await secrets.keys()).map((key) => secrets.get(key)));
    assert.ok(!stored.join().includes(dev.secret));
  });

  test('in whose place no token can be made is not stored without a question, which says why', async (t) => {
    const { open, store, gitea, secrets } = await rig(t, () => ({}));
    gitea.faults.add({
      method: 'POST',
      path: /\/tokens$/,
      action: { kind: 'answer', reply: { status: 403, body: '{}' } },
    });
    const signedIn = open({ username: 'dev' });
    (await inputAsking(/Address/)).enter();
    (await inputAsking(/User name/)).enter();
    const box = await inputAsking(/or a token/);
    box.type(dev.secret);
    box.enter();
    const list = await inputAsking(kept);
    assert.match(labels(list)[0] ?? '', /^\$\(error\) /);
    assert.deepEqual(await secrets.keys(), []);
    list.take(list.items.find(({ label }) => label.includes('The password')));
    await signedIn;
    assert.deepEqual(await store.credential(gitea.origin), dev);
  });

  test('whose token is made and then fails is not stored, and the token is named, so that it can be deleted', async (t) => {
    const { open, store, gitea, secrets, log } = await rig(t, () => ({}));
    const signedIn = open({ username: 'dev' });
    (await inputAsking(/Address/)).enter();
    (await inputAsking(/User name/)).enter();
    const box = await inputAsking(/or a token/);
    box.type(dev.secret);
    pressLock(box);
    const list = await inputAsking(kept);
    const reply = { status: 500, body: 'broken' };
    gitea.faults.add({ path: /^\/v2\/token/, action: { kind: 'answer', reply } });
    takeShown();
    list.enter();
    while (!labels(list)[0]?.startsWith('$(error)')) await new Promise(setImmediate);
    const [token] = gitea.directory.tokensOf(gitea.directory.user('dev').id);
    assert.ok(token !== undefined);
    for (const text of [JSON.stringify(takeShown()), log.join('\n')]) {
      assert.match(text, /has made the token “Tea Chest on .*stored nowhere\. Delete it in the settings/);
      assert.ok(text.includes(token.name) && !text.includes(token.value));
    }
    assert.deepEqual([await store.credential(gitea.origin), await secrets.keys()], [undefined, []]);
    list.leave();
    assert.equal(await signedIn, undefined);
  });

  test('whose token may have been made when the answer was lost, or the person left, is not stored, and that is said', async (t) => {
    for (const action of [{ kind: 'loseAnswer' }, { kind: 'stall' }] as const) {
      const { open, gitea, secrets } = await rig(t, () => ({}));
      const signedIn = open({ username: 'dev' });
      (await inputAsking(/Address/)).enter();
      (await inputAsking(/User name/)).enter();
      const box = await inputAsking(/or a token/);
      box.type(dev.secret);
      pressLock(box);
      const list = await inputAsking(kept);
      const fault = gitea.faults.add({ method: 'POST', path: /\/tokens$/, action });
      takeShown();
      list.enter();
      while (fault.strikes === 0) await new Promise(setImmediate);
      if (action.kind === 'stall') list.leave();
      let shown = '';
      while (!shown.includes('may have made')) {
        await new Promise(setImmediate);
        shown += JSON.stringify(takeShown());
      }
      assert.match(shown, /may have made the token “Tea Chest on .*stored nowhere\. Delete it in the settings/);
      list.leave();
      assert.equal(await signedIn, undefined);
      assert.deepEqual(await secrets.keys(), []);
    }
  });

  test('is stored, or kept until the window closes, if the person says so', async (t) => {
    for (const [row, isStored] of [
      [/The password/, true],
      [/Nothing/, false],
    ] as const) {
      const { open, store, gitea, secrets } = await rig(t, () => ({}));
      const signedIn = open({ username: 'dev' });
      (await inputAsking(/Address/)).enter();
      (await inputAsking(/User name/)).enter();
      const box = await inputAsking(/or a token/);
      box.type(dev.secret);
      pressLock(box);
      await choose(kept, row);
      await signedIn;
      assert.deepEqual(await store.credential(gitea.origin), dev);
      assert.equal((await secrets.keys()).length, isStored ? 1 : 0);
      assert.deepEqual(gitea.directory.tokensOf(gitea.directory.user('dev').id), []);
    }
  });

  test('is not stored if the person leaves the question, and can be typed again', async (t) => {
    const { open, store, gitea, secrets } = await rig(t, () => ({}));
    const left = open({ username: 'dev' });
    (await inputAsking(/Address/)).enter();
    (await inputAsking(/User name/)).enter();
    const box = await inputAsking(/or a token/);
    box.type(dev.secret);
    pressLock(box);
    const list = await inputAsking(kept);
    list.goBack();
    const again = await inputAsking(/or a token/);
    assert.equal(again.value, dev.secret);
    again.leave();
    assert.equal(await left, undefined);
    assert.deepEqual([await store.credential(gitea.origin), await secrets.keys()], [undefined, []]);
  });

  const totpSecret = 'JBSWY3DPEHPK3PXP';
  const seed = { users: [{ name: 'dev', password: dev.secret, totpSecret }], organizations: [] };

  for (const flavour of ['gitea', 'forgejo'] as const) {
    test(`with a one-time code makes a token, and is not stored (${flavour})`, async (t) => {
      const { open, store, gitea } = await rig(t, () => ({}), { seed, flavour });
      const signedIn = open({ username: 'dev' });
      (await inputAsking(/Address/)).enter();
      (await inputAsking(/User name/)).enter();
      const box = await inputAsking(/or a token/);
      box.type(dev.secret);
      box.enter();
      const answer = await saidUnlessAsked(box, /One-time code of dev/);
      if (answer !== undefined) {
        // Gitea says the same as for a wrong password.
        assert.match(answer, /second factor/);
        const buttons = box.buttons as readonly { readonly tooltip?: string }[];
        box.handlers.get('onDidTriggerButton')?.(buttons.find(({ tooltip }) => tooltip?.includes('One-Time Code')));
      }
      const code = await inputAsking(/One-time code of dev/);
      code.type('12');
      assert.match(await said(code), /six digits/);
      code.type('000000');
      code.enter();
      assert.match(await said(code), /does not accept/);
      code.type(totp(totpSecret, Date.now()));
      code.enter();
      const done = (await signedIn) ?? assert.fail('not signed in');
      assert.match(describeSignIn(done), /was made and stored, the password was not/);
      const [token] = gitea.directory.tokensOf(gitea.directory.user('dev').id);
      assert.deepEqual(await store.credential(gitea.origin), { username: 'dev', secret: token?.value });
    });
  }

  test('of a registry that makes no tokens is stored without a question, and by the lock as the person says', async (t) => {
    for (const [row, keys] of [
      [undefined, 1],
      [/The password/, 1],
      [/Nothing/, 0],
    ] as const) {
      const { dependencies, store, gitea, secrets } = await rig(t, () => ({}));
      const check: typeof dependencies.auth.check = async (...asked) => ({
        ...(await dependencies.auth.check(...asked)),
        kind: 'generic',
      });
      const auth = { ...dependencies.auth, check };
      const signedIn = askSignIn({ ...dependencies, auth }, { url: gitea.url, trust: { allowHttp: true } });
      (await inputAsking(/Address/)).enter();
      const user = await inputAsking(/User name/);
      user.type('dev');
      user.enter();
      const box = await inputAsking(/or a token/);
      box.type(dev.secret);
      if (row === undefined) box.enter();
      else {
        pressLock(box);
        const list = await inputAsking(kept);
        assert.deepEqual(labels(list), [
          '$(lock) The password',
          '$(watch) Nothing: keep the password until this window closes',
        ]);
        await choose(kept, row);
      }
      await signedIn;
      assert.deepEqual(await store.credential(gitea.origin), dev);
      assert.equal((await secrets.keys()).length, keys);
      assert.deepEqual(gitea.directory.tokensOf(gitea.directory.user('dev').id), []);
    }
  });

  test('is what the question is about: a token brings none', async (t) => {
    const { open, gitea } = await rig(t, () => ({}));
    const signedIn = open({ username: 'dev' });
    (await inputAsking(/Address/)).enter();
    (await inputAsking(/User name/)).enter();
    const box = await inputAsking(/or a token/);
    box.type(gitea.createToken('dev', ['all']));
    box.enter();
    assert.equal((await signedIn)?.connection.username, 'dev');
  });
});
