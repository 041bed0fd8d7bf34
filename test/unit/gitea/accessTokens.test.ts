import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { TeaChestError } from '../../../src/core/base/errors.ts';
import { describeTokenLimits, neededScopes } from '../../../src/core/gitea/tokenScopes.ts';
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
    assert.equal(describeTokenLimits(result), undefined);
    assert.doesNotMatch(client.log.join('\n'), new RegExp(`${token}|dev pässword`));
  });

  test('is made below a sub-path, and by Forgejo', async (t) => {
    for (const options of [{ subPath: '/git' }, { flavour: 'forgejo' }] as const) {
      const { fakeGitea, client } = await signedIn(t, options);
      const token = await client.createToken({ credential: dev, name: 'x' }, { signal: never });
      assert.equal(fakeGitea.directory.token(token)?.name, 'x');
    }
  });

  test('is made by Gitea 1.19 under its own names of scopes, and by older ones without any', async (t) => {
    for (const [version, scope] of [
      ['1.19.4', 'write:package,read:user'],
      ['1.18.5', 'all'],
      ['1.17.4', 'all'],
    ] as const) {
      const { fakeGitea, client } = await signedIn(t, { version });
      const token = await client.createToken({ credential: dev, name: 'x' }, { signal: never });
      assert.deepEqual(
        fakeGitea.directory.token(token)?.scope.split(',').sort(),
        [...scope.split(',')].sort(),
        version,
      );
      const withToken = clientFor(fakeGitea.url, { credential: { username: 'dev', secret: token } });
      t.after(() => withToken.close());
      assert.equal(describeTokenLimits(await withToken.checkSignIn({ signal: never })), undefined, version);
      const posts = fakeGitea.requests.filter(({ method, path }) => method === 'POST' && path.endsWith('/tokens'));
      assert.equal(posts.length, version === '1.19.4' ? 2 : 1);
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
    for (const options of [{ flavour: 'forgejo' }, { version: '1.26.1' }, { version: '1.21.0' }] as const) {
      const { client: second } = await signedIn(t, { seed: withSecondFactor, ...options });
      const code = await refused({ credential: dev, oneTimeCode: '000000', name: 'x' }, second);
      assert.equal(code.code, 'credentialsRejected');
      assert.match(code.message, /does not accept this password with this one-time code\. A code is good for/);
    }
    const mail = await refused({ credential: { ...dev, username: 'dev@example.org' }, name: 'x' });
    assert.equal(mail.code, 'credentialsRejected');
    assert.match(mail.message, /not for the e-mail address “dev@example\.org”\. Sign in with your user name\.$/);
  });
});

suite('a token that lacks a scope', () => {
  test('is said with what does not work without it', () => {
    assert.equal(
      describeTokenLimits({ scope: 'write:package' }),
      'The token lacks the scopes read:user and read:repository: your own name and your teams cannot be read, so that you have to type the owner of an image; the repositories to which you can link an image cannot be listed, so that you have to type their names.',
    );
    assert.match(
      describeTokenLimits({ scope: 'read:package' }) ?? '',
      /lacks the scopes write:package, read:user and read:repository: nothing can be pushed; /,
    );
    assert.match(
      describeTokenLimits({ scope: 'write:package,read:user,read:organization' }) ?? '',
      /lacks the scope read:repository: /,
    );
  });

  test('is none for read:organization: the teams, by which organizations are listed, need read:user alone', async (t) => {
    assert.equal(describeTokenLimits({ scope: 'write:package,read:user,read:repository' }), undefined);
    const { fakeGitea } = await signedIn(t);
    const secret = fakeGitea.createToken('dev', ['write:package', 'read:user']);
    const client = clientFor(fakeGitea.url, { credential: { username: 'dev', secret } });
    t.after(() => client.close());
    const { owners } = await client.api.ownOwners({ signal: never });
    assert.deepEqual(
      owners.map(({ name, mayPush }) => [name, mayPush]),
      [
        ['dev', true],
        ['readers', false],
        ['team', true],
      ],
    );
  });

  test('is known from what the REST API asks for, also where the registry says no scopes', async (t) => {
    for (const options of [{ version: '1.22.1' }, { flavour: 'forgejo' }, {}] as const) {
      const { fakeGitea } = await signedIn(t, options);
      const secret = fakeGitea.createToken('dev', ['write:package']);
      const client = clientFor(fakeGitea.url, { credential: { username: 'dev', secret } });
      t.after(() => client.close());
      const result = await client.checkSignIn({ signal: never });
      assert.deepEqual(result.lacks, ['read:user']);
      // What the REST API did not ask for is not known to be missing.
      for (const scope of [undefined, '']) {
        assert.match(
          describeTokenLimits({ ...result, scope }) ?? '',
          /^The token lacks the scope read:user: your own name[^;]*\.$/,
        );
      }
      assert.match(describeTokenLimits(result) ?? '', /^The token lacks the scopes? read:user\b/);
    }
  });

  test('and may see only what is public: that is said, with what cannot be pushed', () => {
    const said =
      'The token may see only what is public (its scope has public-only): you cannot push to private users and organizations with it.';
    assert.equal(
      describeTokenLimits({ scope: 'public-only,write:package,read:user,read:organization,read:repository' }),
      said,
    );
    assert.equal(
      describeTokenLimits({ scope: 'public-only,write:package,read:repository' }),
      `The token lacks the scope read:user: your own name and your teams cannot be read, so that you have to type the owner of an image. ${said}`,
    );
  });

  test('is none if it has them by name, by write or by all, or if the server does not say', () => {
    for (const scope of [
      'all',
      'write:package,read:user,read:organization,read:repository',
      'write:organization, write:user, write:repository, write:package',
      '',
      undefined,
    ]) {
      assert.equal(describeTokenLimits({ scope }), undefined, scope);
    }
  });
});
