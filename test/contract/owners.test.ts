import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { clientFor, never } from '../unit/gitea/testClient.ts';
import { pushImage } from './support/content.ts';
import { assertLinks } from './support/assertLinks.ts';
import { basic } from './support/rawHttp.ts';
import { Target, type Account } from './support/target.ts';

let target: Target;
before(async () => {
  target = await Target.open();
});
after(() => target.close());

const needsAdmin = 'needs an admin account, to create others';
const withToken = (secret: string): Record<string, string> => ({ Authorization: `token ${secret}` });

describe('an owner that was renamed', () => {
  test('is found by 307 at the new name, by the registry and by the REST API', async (t) => {
    if (!target.capabilities.admin || !target.has('renameApi')) {
      t.skip(`${needsAdmin}, and Gitea 1.24 or Forgejo 11, to rename an organization`);
      return;
    }
    const organization = await target.organization();
    const renamed = await target.rename(organization);
    const headers = await target.authorize();
    const old = await target.exchange('POST', `/v2/${organization}/app/blobs/uploads/?mount=x&from=a/b`, { headers });
    assert.equal(old.status, 307);
    assert.equal(old.headers.location, `${target.subPath}/v2/${renamed}/app/blobs/uploads?mount=x&from=a/b`);
    const read = await target.exchange('GET', `/v2/${organization}/app/tags/list`, { headers });
    assert.deepEqual([read.status, read.headers.location], [307, `${target.subPath}/v2/${renamed}/app/tags/list`]);
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

describe('where a user may push', () => {
  const uploads = (owner: string): string => `/v2/${owner}/app/blobs/uploads/`;

  /** Opens an upload session and closes it: the status of the first, with its text if that is no success. */
  async function mayWrite(owner: string, user: Account, secret = user.password): Promise<string> {
    const headers = await target.authorize(user.name, secret);
    const opened = await target.registry('POST', uploads(owner), { headers });
    if (opened.status !== 202) return `${opened.status} ${opened.text.trim()}`;
    const closed = await target.registry('DELETE', opened.headers.location ?? '', { headers });
    return `${opened.status} ${closed.status}`;
  }

  /** Of the session that was opened and closed; Gitea 1.17 cannot close one. */
  function written(): string {
    return target.has('uploadState') ? '202 204' : '202 404';
  }

  test('follows from the teams, of which a unit may have more rights than the team as a whole', async (t) => {
    if (!target.capabilities.admin) {
      t.skip(needsAdmin);
      return;
    }
    const user = await target.user();
    const as = basic(user.name, user.password);
    const credential = { username: user.name, secret: user.password };
    const client = clientFor(`${target.http.origin}${target.subPath}`, { credential });
    t.after(() => client.close());
    const codeAndPackages = { 'repo.code': 'read', 'repo.packages': 'write' };
    const refused = '401 reqPackageAccess';
    // What the team may do as a whole, which counts for packages too: since Gitea 1.24, and before.
    for (const [rights, level, general, may] of [
      [{ permission: 'admin' }, 'admin', ['admin', 'admin'], [written(), written()]],
      [{ permission: 'write' }, 'write', ['none', 'write'], [written(), written()]],
      [{ units_map: codeAndPackages }, 'write', ['none', 'read'], [written(), written()]],
      [{ permission: 'read' }, 'read', ['none', 'read'], [refused, refused]],
      [
        { units: ['repo.code'], units_map: { 'repo.code': 'write' } },
        undefined,
        ['none', 'write'],
        [refused, written()],
      ],
    ] as const) {
      const organization = await target.organization('private');
      await target.team(organization, user, rights);
      const teams = await target.rest('GET', '/user/teams', undefined, as);
      const team = (JSON.parse(teams.text) as TeamRow[]).find((one) => one.organization.username === organization);
      const asWhole = general[target.has('rightsByUnit') ? 0 : 1];
      assert.deepEqual([team?.permission, team?.units_map['repo.packages']], [asWhole, level]);
      const path = `/users/${user.name}/orgs/${organization}/permissions`;
      const answer = await target.rest('GET', path, undefined, as);
      const { can_write: says } = JSON.parse(answer.text) as { can_write: boolean };
      assert.equal(says, ['admin', 'write'].includes(asWhole), 'the route leaves out what units may');
      const expected = may[target.has('rightsByUnit') ? 0 : 1];
      assert.equal(await mayWrite(organization, user), expected);
      assert.equal(await mayWrite(organization.toUpperCase(), user), expected);
      const packages = await target.rest('GET', `/packages/${organization}?type=container`);
      assert.equal(packages.text.trim(), '[]', 'a session that was closed leaves nothing');
      const { owners } = await client.api.ownOwners({ signal: never });
      assert.equal(owners.find(({ name }) => name === organization)?.mayPush, expected === written());
    }
  });

  test('has the same refusal as a token without the scope; an owner that does not exist has another one', async (t) => {
    if (!target.capabilities.admin) {
      t.skip(needsAdmin);
      return;
    }
    const [user, other] = [await target.user(), await target.user({ visibility: 'private' })];
    const hidden = await target.organization('private');
    assert.equal(await mayWrite(user.name, user), written());
    for (const owner of [other.name, hidden]) assert.equal(await mayWrite(owner, user), '401 reqPackageAccess');
    assert.equal(await mayWrite(target.image('nobody'), user), '404 Not found.');
    const narrow = await target.personalToken(['read:package'], user);
    const refused = '401 reqPackageAccess';
    assert.equal(await mayWrite(user.name, user, narrow), target.has('registryScopes') ? refused : written());
  });

  test('ends at private owners for a token with public-only', async (t) => {
    if (!target.capabilities.admin || !target.has('tokenScopes')) {
      t.skip(`${needsAdmin}, and Gitea 1.20: before, tokens have no scopes, or ones of other names`);
      return;
    }
    const user = await target.user();
    const secret = await target.personalToken(['write:package', 'public-only'], user);
    const [shown, hidden] = [await target.organization('limited'), await target.organization('private')];
    for (const organization of [shown, hidden]) await target.team(organization, user, { permission: 'write' });
    assert.equal(await mayWrite(shown, user, secret), written());
    const refused = target.has('publicOnly') ? '403 reqToken' : written();
    assert.equal(await mayWrite(hidden, user, secret), refused);
  });

  test('is the own name for a restricted user, who does not see limited owners', async (t) => {
    if (!target.capabilities.admin) {
      t.skip(needsAdmin);
      return;
    }
    const user = await target.user();
    await target.restrict(user);
    const as = basic(user.name, user.password);
    const [shown, limited] = [await target.organization('public'), await target.organization('limited')];
    assert.equal(await mayWrite(user.name, user), written());
    for (const owner of [shown, limited]) assert.equal(await mayWrite(owner, user), '401 reqPackageAccess');
    assert.equal((await target.rest('GET', `/users/${shown}`, undefined, as)).status, 200);
    assert.equal((await target.rest('GET', `/users/${limited}`, undefined, as)).status, 404);
  });

  test('is everywhere for a site administrator, which the user says', async (t) => {
    if (!target.capabilities.admin) {
      t.skip(needsAdmin);
      return;
    }
    const user = await target.user({ visibility: 'private' });
    assert.equal(await mayWrite(user.name, target.account), written());
    const isAdmin = async (headers?: Record<string, string>): Promise<boolean> => {
      const answer = await target.rest('GET', '/user', undefined, headers);
      return (JSON.parse(answer.text) as { is_admin: boolean }).is_admin;
    };
    assert.deepEqual([await isAdmin(), await isAdmin(basic(user.name, user.password))], [true, false]);
  });

  test('includes linking there, to a repository of that owner in any case', async (t) => {
    if (!target.capabilities.admin || !target.has('linkApi')) {
      t.skip('needs an admin account, to create others, and Gitea 1.24 or Forgejo 11');
      return;
    }
    const [user, organization] = [await target.user(), await target.organization()];
    await target.team(organization, user, {
      includes_all_repositories: true,
      units_map: { 'repo.code': 'read', 'repo.packages': 'write' },
    });
    const repository = await target.organizationRepository(organization);
    const secret = await target.personalToken(['write:package'], user);
    await pushImage(target, 'app', 'v1', organization);
    const path = await assertLinks(target, { organization, repository, secret });
    assert.equal((await target.rest('DELETE', path)).status, 204);
  });
});

interface TeamRow {
  readonly organization: { readonly username: string };
  readonly permission: string;
  readonly units_map: Readonly<Partial<Record<string, string>>>;
}

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

    // The registry gives out a token, with which nothing can be done: so our sign-in asks the REST API too.
    assert.equal((await target.exchange('GET', '/v2/token', { headers: basic(user.name, secret) })).status, 200);
    const client = clientFor(`${target.http.origin}${target.subPath}`, { credential: { username: user.name, secret } });
    t.after(() => client.close());
    await assert.rejects(client.checkSignIn({ signal: never }), { code: 'accessDenied', message: /switched it off/ });
  });
});
