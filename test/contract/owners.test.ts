import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { basic } from './support/rawHttp.ts';
import { Target } from './support/target.ts';

let target: Target;
before(async () => {
  target = await Target.open();
});
after(() => target.close());

const needsAdmin = 'needs an admin account, to create others';
const withToken = (secret: string): Record<string, string> => ({ Authorization: `token ${secret}` });

describe('an owner that was renamed', () => {
  test('is found by 307 at the new name, by the registry and by the REST API', async (t) => {
    if (!target.capabilities.admin) {
      t.skip(needsAdmin);
      return;
    }
    const organization = await target.organization();
    const renamed = await target.rename(organization);
    const headers = await target.authorize();
    const old = await target.exchange('POST', `/v2/${organization}/app/blobs/uploads/?mount=x&from=a/b`, { headers });
    assert.equal(old.status, 307);
    assert.equal(old.headers.location, `/v2/${renamed}/app/blobs/uploads?mount=x&from=a/b`);
    const read = await target.exchange('GET', `/v2/${organization}/app/tags/list`, { headers });
    assert.deepEqual([read.status, read.headers.location], [307, `/v2/${renamed}/app/tags/list`]);
    const moved = await target.exchange('POST', old.headers.location ?? '', { headers });
    assert.equal(moved.status, 202);
    const rest = await target.rest('GET', `/packages/${organization}?type=container`);
    const location = `${target.subPath}/api/v1/packages/${renamed}?type=container`;
    assert.deepEqual([rest.status, rest.headers.location], [307, location]);
  });
});

describe('who may see an owner', () => {
  test('gets users, organizations and its own teams listed', async (t) => {
    if (!target.capabilities.admin) {
      t.skip(needsAdmin);
      return;
    }
    const user = await target.user();
    for (const visibility of ['public', 'limited', 'private'] as const) {
      const organization = await target.organization(visibility);
      await target.team(organization, user, { permission: 'write' });
      const answer = await target.rest('GET', `/users/${organization}`, undefined, basic(user.name, user.password));
      assert.equal((JSON.parse(answer.text) as { visibility: string }).visibility, visibility);
      const other = await target.user({ visibility });
      const self = await target.rest('GET', '/user', undefined, basic(other.name, other.password));
      assert.equal((JSON.parse(self.text) as { visibility: string }).visibility, visibility);
    }
    const teams = await target.rest('GET', '/user/teams', undefined, basic(user.name, user.password));
    const rows = JSON.parse(teams.text) as { organization: { visibility: string } }[];
    const seen = rows.map(({ organization }) => organization.visibility);
    assert.deepEqual(seen.sort(), ['limited', 'private', 'public']);
  });

  test('decides who may pull: everybody, whoever is signed in, or the owner', async (t) => {
    if (!target.capabilities.admin) {
      t.skip(needsAdmin);
      return;
    }
    const user = await target.user();
    const headers = await target.authorize(user.name, user.password);
    const ghost = JSON.parse((await target.exchange('GET', '/v2/token')).text) as { token: string };
    const ghostToken = { Authorization: `Bearer ${ghost.token}` };
    const statuses: number[][] = [];
    for (const visibility of ['public', 'limited', 'private'] as const) {
      const { name } = await target.user({ visibility });
      const path = `/v2/${name}/app/tags/list`;
      const anonymous = await target.exchange('GET', path, { headers: ghostToken });
      statuses.push([anonymous.status, (await target.exchange('GET', path, { headers })).status]);
    }
    assert.deepEqual(statuses, [
      [404, 404],
      [401, 404],
      [401, 401],
    ]);
  });
});

describe('an account', () => {
  test('that must change its password may push; the REST API says that it must', async (t) => {
    if (!target.capabilities.admin) {
      t.skip(needsAdmin);
      return;
    }
    const user = await target.user({ mustChangePassword: true });
    const as = basic(user.name, user.password);
    const answer = await target.rest('GET', '/user', undefined, as);
    assert.equal(answer.status, 403);
    const { message, ...rest } = JSON.parse(answer.text) as { message: string };
    assert.match(message, /^You must change your password\. Change it at: http.*\/user\/change_password$/);
    assert.deepEqual(rest, {});
    assert.equal((await target.exchange('GET', '/v2/token', { headers: as })).status, 200);
  });

  test('that may not sign in gets that reason from the REST API, for a token', async (t) => {
    if (!target.capabilities.admin) {
      t.skip(needsAdmin);
      return;
    }
    const user = await target.user();
    const secret = await target.personalToken(['all'], user);
    const edit = { source_id: 0, login_name: user.name, prohibit_login: true };
    assert.equal((await target.rest('PATCH', `/admin/users/${user.name}`, edit)).status, 200);
    const byToken = await target.rest('GET', '/user', undefined, withToken(secret));
    assert.equal(byToken.status, 403);
    assert.deepEqual(JSON.parse(byToken.text), {
      message: 'This account is prohibited from signing in, please contact your site administrator.',
    });
    assert.equal((await target.rest('GET', '/user', undefined, basic(user.name, user.password))).status, 401);
  });
});
