import assert from 'node:assert/strict';
import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import { suite, test } from 'node:test';
import { startFakeGitea, type FakeGitea } from '../../../fakeGitea/fakeGitea.ts';
import { inputAsking, said, useFakeVscode } from '../support/fakeVscode.ts';
import { buildHost } from '../support/hostFakes.ts';

useFakeVscode();
const { signInCommand } = await import('../../../../src/host/commands/signIn.ts');
const { askSignIn } = await import('../../../../src/host/connections/askSignIn.ts');

async function fakeGiteaFor(t: { after(work: () => unknown): void }): Promise<FakeGitea> {
  const fakeGitea = await startFakeGitea();
  t.after(() => fakeGitea.close());
  return fakeGitea;
}

suite('a pasted secret', () => {
  test('signs in by the command', async (t) => {
    const { store, signingIn } = buildHost(t);
    const fakeGitea = await fakeGiteaFor(t);
    const secret = fakeGitea.createToken('dev', ['write:package']);
    for (const typed of [`${secret} `, `${secret}\n`, `  ${secret}\r\n`]) {
      await signInCommand(signingIn, { url: fakeGitea.url, username: 'dev', secret: typed, allowHttp: true });
      assert.equal((await store.credential(fakeGitea.origin))?.secret, secret);
    }
  });

  test('signs in by the dialog', async (t) => {
    const { store, signingIn } = buildHost(t);
    const fakeGitea = await fakeGiteaFor(t);
    const secret = fakeGitea.createToken('dev', ['write:package']);
    const trust = { allowHttp: true };
    const signedIn = askSignIn(signingIn, { url: fakeGitea.url, username: 'dev', trust });
    (await inputAsking(/Address/)).enter();
    (await inputAsking(/User name/)).enter();
    const box = await inputAsking(/or a token/);
    box.type(`${secret} `);
    box.enter();
    assert.equal((await signedIn)?.connection.username, 'dev');
    assert.equal((await store.credential(fakeGitea.origin))?.secret, secret);
  });
});

suite('what was typed to sign in', () => {
  test('is still there after the registry refused it', async (t) => {
    const { signingIn } = buildHost(t);
    const fakeGitea = await fakeGiteaFor(t);
    const left = askSignIn(signingIn, { url: fakeGitea.url, username: 'dev', trust: { allowHttp: true } });
    (await inputAsking(/Address/)).enter();
    (await inputAsking(/User name/)).enter();
    const box = await inputAsking(/or a token/);
    box.type('not the password');
    box.enter();
    assert.match(await said(box), /does not accept/);
    assert.equal(box.value, 'not the password');
    box.leave();
    assert.equal(await left, undefined);
  });

  test('is still there after the registry went away, the secret too', async (t) => {
    const { access, signingIn } = buildHost(t);
    const fakeGitea = await fakeGiteaFor(t);
    const secret = fakeGitea.createToken('dev', ['write:package']);
    const nobody = net.createServer().listen(0, '127.0.0.1');
    await once(nobody, 'listening');
    const { port } = nobody.address() as AddressInfo;
    nobody.close();
    await once(nobody, 'close');
    // The address answers when it is asked for; when the secret is checked, nobody is there any more.
    let isGone = false;
    const auth = {
      ...access.auth,
      check: (...[address, ...rest]: Parameters<typeof access.auth.check>) =>
        access.auth.check(isGone ? { ...address, origin: `http://127.0.0.1:${port}` } : address, ...rest),
    };
    const signedIn = askSignIn(
      { ...signingIn, auth },
      { url: fakeGitea.url, username: 'dev', trust: { allowHttp: true } },
    );
    (await inputAsking(/Address/)).enter();
    (await inputAsking(/User name/)).enter();
    const box = await inputAsking(/or a token/);
    isGone = true;
    box.type(secret);
    box.enter();
    const address = await inputAsking(/Address/);
    assert.match(await said(address), /not|refused|reach/i);
    assert.equal(address.value, fakeGitea.url);
    isGone = false;
    address.enter();
    const name = await inputAsking(/User name/);
    assert.equal(name.value, 'dev');
    name.enter();
    const again = await inputAsking(/or a token/);
    assert.equal(again.value, secret);
    again.enter();
    assert.equal((await signedIn)?.connection.username, 'dev');
  });
});
