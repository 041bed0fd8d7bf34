import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { startFakeGitea } from '../../fakeGitea/fakeGitea.ts';
import { anonymousTokens, openRegistry, serve } from '../registry/localRegistry.ts';
import { clientFor, dev, never } from './testClient.ts';

const call = { signal: never };

suite('what counts as open', () => {
  test('a registry that answers without any challenge', async (t) => {
    const url = await serve(t, openRegistry);
    const client = clientFor(url);
    t.after(() => client.close());
    const { kind, open, username } = await client.checkSignIn(call);
    assert.deepEqual({ kind, open, username }, { kind: 'generic', open: true, username: '' });
  });

  test('not one that gives anybody a token, which may allow only reading', async (t) => {
    const client = clientFor(await serve(t, anonymousTokens));
    t.after(() => client.close());
    assert.equal((await client.checkSignIn(call)).open, false);
  });

  test('nor one that rejects without a challenge', async (t) => {
    const url = await serve(t, (_request, response) =>
      response.writeHead(401, { 'docker-distribution-api-version': 'registry/2.0' }).end(),
    );
    const client = clientFor(url);
    t.after(() => client.close());
    await assert.rejects(client.checkSignIn(call), { code: 'notSignedIn' });
  });
});

suite('a Gitea below a path, addressed by its host alone', () => {
  test('whose API is not found: the sign-in is accepted, with the typed user name', async (t) => {
    const fakeGitea = await startFakeGitea({ subPath: '/gitea' });
    t.after(() => fakeGitea.close());
    const client = clientFor(fakeGitea.origin, { credential: dev });
    t.after(() => client.close());
    const { kind, username } = await client.checkSignIn(call);
    assert.deepEqual({ kind, username }, { kind: 'gitea', username: 'dev' });
    assert.ok(fakeGitea.requests.some(({ path, status }) => path === '/api/v1/user' && status === 404));
  });
});
