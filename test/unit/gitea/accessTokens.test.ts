import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { TeaChestError } from '../../../src/core/base/errors.ts';
import { describeMissingScopes, neededScopes } from '../../../src/core/gitea/tokenScopes.ts';
import { totp } from '../../fakeGitea/model/totp.ts';
import { clientFor, dev, never, signedIn } from './testClient.ts';

const totpSecret = 'JBSWY3DPEHPK3PXP';
const withSecondFactor = { users: [{ name: 'dev', password: dev.secret, totpSecret }], organizations: [] };

suite('a token', () => {
  test('is made with a password, with the scopes that we need, and the registry accepts it for a push', async (t) => {
    const { fakeGitea, client } = await signedIn(t);
    const token = await client.createToken({ credential: dev, name: 'Tea Chest on box' }, { signal: never });
    const [made, ...others] = fakeGitea.directory.tokensOf(fakeGitea.directory.user('dev').id);
    assert.deepEqual([made?.name, made?.value, others.length], ['Tea Chest on box', token, 0]);
    assert.deepEqual(made?.scope.split(',').sort(), [...neededScopes].sort());
    const withToken = clientFor(fakeGitea.url, { credential: { username: 'dev', secret: token } });
    t.after(() => withToken.close());
    const result = await withToken.checkSignIn({ signal: never });
    assert.equal(result.username, 'dev');
    assert.equal(describeMissingScopes(result.scope), undefined);
    assert.doesNotMatch(client.log.join('\n'), new RegExp(`${token}|dev pässword`));
  });

  test('is made below a sub-path, and by Forgejo', async (t) => {
    for (const options of [{ subPath: '/git' }, { flavour: 'forgejo' }] as const) {
      const { fakeGitea, client } = await signedIn(t, options);
      const token = await client.createToken({ credential: dev, name: 'x' }, { signal: never });
      assert.equal(fakeGitea.directory.token(token)?.name, 'x');
    }
  });

  test('is made with a one-time code, in one request: each code is good for one', async (t) => {
    const { fakeGitea, client } = await signedIn(t, { seed: withSecondFactor });
    const oneTimeCode = totp(totpSecret, Date.now());
    const token = await client.createToken({ credential: dev, oneTimeCode, name: 'x' }, { signal: never });
    assert.ok(fakeGitea.directory.token(token) !== undefined);
    const posts = fakeGitea.requests.filter(({ method, path }) => method === 'POST' && path.endsWith('/tokens'));
    assert.equal(posts.length, 1);
  });

  test('is refused with the server’s reason: a wrong password or code, a name that exists, a token in place of a password', async (t) => {
    const { client } = await signedIn(t);
    const refused = async (request: Parameters<typeof client.createToken>[0], of = client): Promise<TeaChestError> => {
      try {
        await of.createToken(request, { signal: never });
      } catch (error) {
        assert.ok(error instanceof TeaChestError);
        return error;
      }
      return assert.fail('It was made.');
    };
    const wrong = await refused({ credential: { username: 'dev', secret: 'marked' }, name: 'x' });
    assert.equal(wrong.code, 'credentialsRejected');
    assert.doesNotMatch(wrong.message, /marked/);
    await client.createToken({ credential: dev, name: 'twice' }, { signal: never });
    assert.match((await refused({ credential: dev, name: 'twice' })).message, /make a token.*name has been used/);
    const { client: second } = await signedIn(t, { seed: withSecondFactor, flavour: 'forgejo' });
    const code = await refused({ credential: dev, oneTimeCode: '000000', name: 'x' }, second);
    assert.equal(code.code, 'credentialsRejected');
  });
});

suite('a token that lacks a scope', () => {
  test('is said with what does not work without it', () => {
    assert.equal(
      describeMissingScopes('write:package'),
      'The token lacks the scopes read:user, read:organization and read:repository: your own name and your teams cannot be read, so that you have to type the owner of an image; the organizations in which you may push cannot be listed; the repositories to which you can link an image cannot be listed, so that you have to type their names.',
    );
    assert.match(
      describeMissingScopes('write:package,read:user,read:repository') ?? '',
      /lacks the scope read:organization: /,
    );
    assert.match(
      describeMissingScopes('write:package,read:user,read:organization') ?? '',
      /lacks the scope read:repository: /,
    );
    assert.match(describeMissingScopes('read:package') ?? '', /write:package.*nothing can be pushed/);
  });

  test('is none if it has them by name, by write or by all, or if the server does not say', () => {
    for (const scope of [
      'all',
      'write:package,read:user,read:organization,read:repository',
      'write:organization, write:user, write:repository, write:package',
      '',
      undefined,
    ]) {
      assert.equal(describeMissingScopes(scope), undefined, scope);
    }
  });
});
