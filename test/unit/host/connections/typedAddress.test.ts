import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { readTypedAddress } from '../../../../src/host/connections/typedAddress.ts';
import { inputAsking, useFakeVscode } from '../support/fakeVscode.ts';
import { rig } from '../support/signInRig.ts';

useFakeVscode();

suite('an address with a user name before it', () => {
  for (const [text, address, username] of [
    ['https://dev@gitea.test', 'https://gitea.test', 'dev'],
    ['  dev@gitea.test:3000 ', 'gitea.test:3000', 'dev'],
    ['http://dev@127.0.0.1:3000/sub', 'http://127.0.0.1:3000/sub', 'dev'],
    ['https://d%C3%A9v@[::1]:3000', 'https://[::1]:3000', 'd\u00e9v'],
    ['https://gitea.test', 'https://gitea.test', undefined],
    ['git@gitea.test', 'gitea.test', undefined],
    ['git@gitea.test:dev/app.git', 'git@gitea.test:dev/app.git', undefined],
    ['dev@gitea.test:22/dev/app', 'dev@gitea.test:22/dev/app', undefined],
    ['ssh://git@gitea.test/dev/app', 'ssh://git@gitea.test/dev/app', undefined],
    ['https://dev:secret@gitea.test', 'https://dev:secret@gitea.test', undefined],
    [`https://${'0a'.repeat(20)}@gitea.test/dev/app`, `https://${'0a'.repeat(20)}@gitea.test/dev/app`, undefined],
    ['https://dev%3Asecret@gitea.test', 'https://dev%3Asecret@gitea.test', undefined],
    ['https://other.test?x@gitea.test', 'https://other.test?x@gitea.test', undefined],
    ['docker login -u dev gitea.test', 'docker login -u dev gitea.test', undefined],
  ] as const) {
    test(text, () => {
      assert.deepEqual(
        readTypedAddress(text),
        username === undefined && address === text ? { address } : { address, ...(username && { username }) },
      );
    });
  }

  test('is not asked for the user name again', async (t) => {
    const { gitea, dependencies, store } = await rig(t, () => ({}));
    const { askSignIn } = await import('../../../../src/host/connections/askSignIn.ts');
    const signedIn = askSignIn(dependencies, { url: gitea.url, trust: { allowHttp: true } });
    const box = await inputAsking(/Address/);
    box.type(gitea.url.replace('://', '://dev@'));
    box.enter();
    const secret = await inputAsking(/Password of dev on/);
    secret.type(gitea.createToken('dev', ['write:package']));
    secret.enter();
    assert.equal((await signedIn)?.connection.username, 'dev');
    assert.equal((await store.credential(gitea.origin))?.username, 'dev');
  });

  test('is refused with a password in it', async (t) => {
    const { dependencies } = await rig(t, () => ({}));
    const { askSignIn } = await import('../../../../src/host/connections/askSignIn.ts');
    const left = askSignIn(dependencies, {});
    const box = await inputAsking(/Address/);
    box.type('https://dev:secret@gitea.test');
    assert.match(String(box['validationMessage']), /without user name and password/);
    box.leave();
    assert.equal(await left, undefined);
  });
});
