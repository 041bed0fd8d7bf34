import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { TeaChestError } from '../../src/core/base/errors.ts';
import { clientFor, never, type TestClient } from '../unit/gitea/testClient.ts';
import { basic } from './support/rawHttp.ts';
import { Target, type Account } from './support/target.ts';

let target: Target;
before(async () => {
  target = await Target.open();
});
after(() => target.close());

const needsAdmin = 'needs an admin account, to create a user who gets a second factor';

function clientOf(account: Account, secret = account.password): TestClient {
  return clientFor(`${target.http.origin}${target.subPath}`, { credential: { username: account.name, secret } });
}

async function errorOf(work: Promise<unknown>): Promise<TeaChestError> {
  const error: unknown = await work.then(
    () => assert.fail('it was accepted'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof TeaChestError, String(error));
  return error;
}

describe('a user with a second factor', () => {
  test('signs in with no password alone; a token is made with a one-time code, once', async (t) => {
    if (!target.capabilities.admin) {
      t.skip(needsAdmin);
      return;
    }
    const user = await target.user();
    const code = await target.secondFactor(user);
    const credential = { username: user.name, secret: user.password };
    const client = clientOf(user);
    t.after(() => client.close());

    const password = basic(user.name, user.password);
    const byPassword = await target.exchange('GET', '/v2/token', { headers: password });
    assert.equal(byPassword.status, target.has('secondFactorAtRegistry') ? 401 : 200);
    // Newer Gitea says the same as for a wrong password, so that the dialog offers the code for both.
    if (target.has('secondFactorAtRegistry')) {
      const alone = await errorOf(client.checkSignIn({ signal: never }));
      const code = target.has('sameRefusalWithoutCode') ? 'credentialsRejected' : 'oneTimePasswordNeeded';
      assert.equal(alone.code, code, alone.message);
    }
    const without = await errorOf(client.createToken({ credential, name: 'without a code' }, { signal: never }));
    assert.ok(['credentialsRejected', 'oneTimePasswordNeeded'].includes(without.code), without.message);
    const wrong = { credential, name: 'wrong code', oneTimeCode: code() === '000000' ? '111111' : '000000' };
    const refused = await errorOf(client.createToken(wrong, { signal: never }));
    assert.equal(refused.code, 'credentialsRejected');
    assert.match(refused.message, /this password with this one-time code/);

    const oneTimeCode = code();
    const secret = await client.createToken({ credential, name: 'with a code', oneTimeCode }, { signal: never });
    const withToken = clientOf(user, secret);
    t.after(() => withToken.close());
    const { username, scope, lacks } = await withToken.checkSignIn({ signal: never });
    assert.deepEqual([username, lacks], [user.name, []]);
    if (target.has('registryScopes') && !target.capabilities.forgejo) assert.match(scope ?? '', /write:package/);
    const headers = await target.authorize(user.name, secret);
    const opened = await target.exchange('POST', `/v2/${user.name}/app/blobs/uploads/`, { headers });
    assert.equal(opened.status, 202);
    const closed = await target.exchange('DELETE', opened.headers.location ?? '', { headers });
    assert.equal(closed.status, target.has('uploadState') ? 204 : 404);

    const again = client.createToken({ credential, name: 'the same code', oneTimeCode }, { signal: never });
    if (!target.has('oneTimePasswordsOnce')) await again;
    else assert.equal((await errorOf(again)).code, 'credentialsRejected');
  });
});
