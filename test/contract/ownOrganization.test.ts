import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { describeTokenLimits } from '../../src/core/gitea/tokenScopes.ts';
import { pushImage } from '../unit/gitea/pushContent.ts';
import { clientFor, never, type TestClient } from '../unit/gitea/testClient.ts';
import { assertLinks } from './support/assertLinks.ts';
import { basic, bearer } from './support/rawHttp.ts';
import { Target, type Account, type Visibility } from './support/target.ts';

/** What a user without admin rights can try alone, with organizations of their own: these cases need no admin account. */
let target: Target;
let user: Account;
before(async () => {
  target = await Target.open();
  user = await target.ordinaryUser();
});
after(() => target.close());

const visibilities = ['public', 'limited', 'private'] as const satisfies readonly Visibility[];
const asUser = (): Record<string, string> => basic(user.name, user.password);
const withToken = (secret: string): Record<string, string> => ({ Authorization: `token ${secret}` });
const uploads = (owner: string): string => `/v2/${owner}/app/blobs/uploads/`;

function clientWith(secret: string): TestClient {
  return clientFor(`${target.http.origin}${target.subPath}`, { credential: { username: user.name, secret } });
}

/** Opens an upload session and closes it: the status of both, or of the first with its text. */
async function mayWrite(owner: string, secret = user.password): Promise<string> {
  const headers = await target.authorize(user.name, secret);
  const opened = await target.exchange('POST', uploads(owner), { headers });
  if (opened.status !== 202) return `${opened.status} ${opened.text.trim()}`;
  const closed = await target.exchange('DELETE', opened.headers.location ?? '', { headers });
  return `${opened.status} ${closed.status}`;
}

/** Before Gitea 1.22.2 the registry does not look at the scopes of a token. */
function refusedByScope(): string {
  return target.has('registryScopes') ? '401 reqPackageAccess' : written();
}

/** Of the session that was opened and closed; Gitea 1.17 cannot close one. */
function written(): string {
  return target.has('uploadState') ? '202 204' : '202 404';
}

describe('the owner of an organization', () => {
  test('may push there, in any spelling of its name; who is nobody may not', async () => {
    for (const visibility of visibilities) {
      const organization = await target.organization(visibility, user);
      assert.equal(await mayWrite(organization), written());
      assert.equal(await mayWrite(organization.toUpperCase()), written());
      const narrow = await target.personalToken(['read:package'], user);
      assert.equal(await mayWrite(organization, narrow), refusedByScope());
      const ghost = JSON.parse((await target.exchange('GET', '/v2/token')).text) as { token: string };
      const anonymous = await target.exchange('POST', uploads(organization), { headers: bearer(ghost.token) });
      assert.deepEqual([anonymous.status, anonymous.text.trim()], [401, 'reqPackageAccess']);
    }
    assert.equal(await mayWrite(user.name.toLowerCase()), written());
    assert.equal(await mayWrite(target.image('nobody')), '404 Not found.');
  });

  test('finds it in their teams with its visibility and their rights, with the scope read:user alone', async (t) => {
    if (!target.has('tokenScopes')) {
      t.skip('since Gitea 1.20: before, tokens have no scopes, or ones of other names');
      return;
    }
    const made = new Map<string, Visibility>();
    for (const visibility of visibilities) made.set(await target.organization(visibility, user), visibility);
    for (const scopes of [
      ['write:package', 'read:user', 'read:repository'],
      ['write:package', 'read:user', 'read:repository', 'read:organization'],
    ]) {
      const secret = await target.personalToken(scopes, user);
      const client = clientWith(secret);
      t.after(() => client.close());
      const { owners, complete } = await client.api.ownOwners({ signal: never });
      assert.equal(complete, true);
      for (const [name, visibility] of made) {
        assert.deepEqual(
          owners.find((owner) => owner.name === name),
          { name, kind: 'organization', visibility, mayPush: true },
          scopes.join(),
        );
        assert.equal(await client.api.visibilityOf(name, { signal: never }), visibility);
      }
      const { scope, lacks } = await client.checkSignIn({ signal: never });
      assert.equal(describeTokenLimits({ scope, lacks }), undefined);
      // The list of organizations itself wants the other scope: that is why we do not use it.
      const listed = await target.rest('GET', '/user/orgs', undefined, withToken(secret));
      assert.equal(listed.status, scopes.includes('read:organization') ? 200 : 403);
    }
  });

  test('is led to the new name once it was renamed, by the registry and by the REST API', async (t) => {
    if (!target.has('renameApi')) {
      t.skip('needs Gitea 1.24 or Forgejo 11, to rename an organization');
      return;
    }
    const organization = await target.organization('public', user);
    const renamed = await target.rename(organization, user);
    const headers = await target.authorize(user.name, user.password);
    const old = await target.exchange('POST', uploads(organization), { headers });
    assert.deepEqual([old.status, old.headers.location], [307, `${target.subPath}/v2/${renamed}/app/blobs/uploads`]);
    assert.equal((await target.exchange('POST', old.headers.location ?? '', { headers })).status, 202);
    const rest = await target.rest('GET', `/packages/${organization}?type=container`, undefined, asUser());
    const location = `${target.subPath}/api/v1/packages/${renamed}?type=container`;
    assert.deepEqual([rest.status, rest.headers.location], [307, location]);
  });

  test('links what they pushed there to its repository, in any case', async (t) => {
    if (!target.has('linkApi')) {
      t.skip('since Gitea 1.24 and Forgejo 11');
      return;
    }
    const organization = await target.organization('public', user);
    const repository = await target.organizationRepository(organization, user);
    const secret = await target.personalToken(['write:package'], user);
    const client = clientWith(secret);
    t.after(() => client.close());
    await pushImage(client, `${organization}/app`, ['v1']);
    const path = await assertLinks(target, { organization, repository, secret });
    assert.equal((await target.rest('DELETE', path, undefined, withToken(secret))).status, 204);
  });
});

describe('the visibility of an own organization', () => {
  test('decides who else may pull: everybody, or nobody without a sign-in', async () => {
    const ghost = JSON.parse((await target.exchange('GET', '/v2/token')).text) as { token: string };
    const statuses: number[][] = [];
    for (const visibility of visibilities) {
      const path = `/v2/${await target.organization(visibility, user)}/app/tags/list`;
      const own = await target.exchange('GET', path, { headers: await target.authorize(user.name, user.password) });
      statuses.push([(await target.exchange('GET', path, { headers: bearer(ghost.token) })).status, own.status]);
    }
    assert.deepEqual(statuses, [
      [404, 404],
      [401, 404],
      [401, 404],
    ]);
  });

  test('ends the rights of a token with public-only at private ones, which our sign-in says', async (t) => {
    if (!target.has('tokenScopes')) {
      t.skip('since Gitea 1.20: before, tokens have no scopes, or ones of other names');
      return;
    }
    const secret = await target.personalToken(['public-only', 'write:package', 'read:user', 'read:repository'], user);
    const results = [];
    for (const visibility of visibilities) {
      results.push(await mayWrite(await target.organization(visibility, user), secret));
    }
    assert.deepEqual(results, [written(), written(), target.has('publicOnly') ? '403 reqToken' : written()]);
    if (!target.has('publicOnly')) return; // Its tokens do not say it either.
    const client = clientWith(secret);
    t.after(() => client.close());
    const result = await client.checkSignIn({ signal: never });
    assert.match(describeTokenLimits(result) ?? '', /^The token may see only what is public .* private users and/);
  });
});
