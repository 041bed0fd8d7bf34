import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { TeaChestError } from '../../../src/core/base/errors.ts';
import { explainDenied } from '../../../src/core/gitea/explainDenied.ts';
import { startFakeGitea } from '../../fakeGitea/fakeGitea.ts';
import { clientFor, never } from './testClient.ts';

const call = { signal: never };

/** The refusal of a push to `owner` by a token of `dev`, with the details of the REST API. */
async function refusal(
  t: { after(work: () => Promise<void>): void },
  owner: string,
  scopes: readonly string[],
  prepare: (gitea: Awaited<ReturnType<typeof startFakeGitea>>) => void = () => undefined,
): Promise<TeaChestError> {
  const gitea = await startFakeGitea();
  const client = clientFor(gitea.url, { credential: { username: 'dev', secret: gitea.createToken('dev', scopes) } });
  t.after(async () => {
    await client.close();
    await gitea.close();
  });
  prepare(gitea);
  const repository = await client.repository(`${owner}/app`, call);
  try {
    await repository.checkAccess(call);
  } catch (error) {
    assert.ok(error instanceof TeaChestError);
    assert.deepEqual(gitea.openSessions(), []);
    return await explainDenied(error, client.api, call);
  }
  assert.fail('the registry lets us push');
}

suite('why an owner may not be pushed to', () => {
  const scopes = ['write:package', 'read:user'];

  test('is explained: a member without the right, no member, an account that is switched off', async (t) => {
    const member = await refusal(t, 'readers', scopes);
    assert.match(member.message, /You may not push to “readers” .* You are a member, but none of your teams/);
    const outsider = await refusal(t, 'giteaadmin', scopes);
    assert.match(
      outsider.message,
      /You may not push to “giteaadmin” .* It is not you, and you are in none of its teams/,
    );
    const off = await refusal(t, 'dev', scopes, (gitea) => {
      gitea.directory.user('dev').prohibitLogin = true;
    });
    assert.match(off.message, /does not let this account sign in: whoever runs the server has switched it off/);
    assert.equal(off.facts['account'], 'prohibited');
    for (const { code, facts } of [member, outsider, off])
      assert.deepEqual([code, facts.status], ['accessDenied', 401]);
  });

  test('is not explained where the token may not ask, and other refusals stay as they are', async (t) => {
    assert.match((await refusal(t, 'readers', ['write:package'])).message, /Either you have no write right/);
    assert.equal((await refusal(t, 'nosuch', scopes)).code, 'ownerNotFound');
    const hidden = await refusal(t, 'closed', ['write:package', 'public-only'], ({ directory }) => {
      const teams = [{ name: 'all', permission: 'write' as const, members: ['dev'] }];
      directory.addOrganization({ name: 'closed', visibility: 'private', teams });
    });
    assert.match(hidden.message, /^“closed” on .* is private\. .* may see only what is public/);
  });
});
