import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { assertNobody } from './support/assertNobody.ts';
import { errorCode } from './support/content.ts';
import { basic, bearer, type RawAnswer } from './support/rawHttp.ts';
import { Target, type Account } from './support/target.ts';

let target: Target;
before(async () => {
  target = await Target.open();
});
after(() => target.close());

const needsAdmin = 'needs an admin account, to create others';

async function startUpload(owner: string, image: string, headers: Record<string, string>): Promise<RawAnswer> {
  return target.exchange('POST', `/v2/${owner}/${image}/blobs/uploads/`, { headers });
}

function assertRefused(answer: RawAnswer): void {
  assert.equal(answer.status, 401);
  assert.equal(answer.text.trim(), 'reqPackageAccess');
  assert.equal(answer.headers['www-authenticate'], 'Basic realm="Gitea Package API"');
}

describe('tokens', () => {
  test('/v2/token ignores service, scope and account', async () => {
    const headers = basic(target.account.name, target.account.password);
    const answer = await target.exchange('GET', '/v2/token?service=other&scope=repository:x/y:pull&account=nobody', {
      headers,
    });
    assert.equal(answer.status, 200);
    assert.deepEqual(Object.keys(JSON.parse(answer.text) as object), ['token']);
  });

  test('an anonymous token may read what is public and write nothing', async () => {
    const answer = await target.exchange('GET', '/v2/token');
    const { token } = JSON.parse(answer.text) as { token: string };
    const absent = await target.exchange('GET', `/v2/${target.owner}/absent/manifests/v1`, { headers: bearer(token) });
    assert.equal(absent.status, 404);
    assert.equal(errorCode(absent.text), 'MANIFEST_UNKNOWN');
    assertRefused(await startUpload(target.owner, target.image(), bearer(token)));
  });

  test('a username may be written in any case', async () => {
    const headers = basic(target.account.name.toUpperCase(), target.account.password);
    assert.equal((await target.exchange('GET', '/v2/token', { headers })).status, 200);
  });

  test('an unknown token signs nobody in', async () => {
    await assertNobody(target, basic(target.account.name, 'f'.repeat(40)));
  });

  test('a token that may only read does not write since Gitea 1.22.2', async () => {
    const secret = await target.personalToken(['read:package']);
    const headers = await target.authorize(target.account.name, secret);
    assert.equal((await target.exchange('GET', '/v2/', { headers })).status, 200);
    const answer = await startUpload(target.owner, target.image(), headers);
    if (target.has('registryScopes')) assertRefused(answer);
    else assert.equal(answer.status, 202);
  });

  test('Basic works on the paths of an image, without a token', async () => {
    const secret = await target.personalToken(['write:package']);
    const answer = await startUpload(target.owner, target.image(), basic(target.account.name, secret));
    assert.equal(answer.status, 202);
  });
});

describe('other people', () => {
  let other: Account;
  before(async () => {
    if (target.capabilities.admin) other = await target.user();
  });

  test('a user may not write for another', async (t) => {
    if (!target.capabilities.admin) {
      t.skip(needsAdmin);
      return;
    }
    assertRefused(await startUpload(target.owner, target.image(), await target.authorize(other.name, other.password)));
  });

  test('a site admin may write for everybody', async (t) => {
    if (!target.capabilities.admin) {
      t.skip(needsAdmin);
      return;
    }
    const answer = await startUpload(other.name, target.image('image', other), await target.authorize());
    assert.equal(answer.status, 202);
  });

  test('a team decides who may write for an organisation', async (t) => {
    if (!target.capabilities.admin) {
      t.skip(needsAdmin);
      return;
    }
    const headers = await target.authorize(other.name, other.password);
    const [writers, readers, noTeam] = [
      await target.organization(),
      await target.organization(),
      await target.organization(),
    ];
    await target.team(writers, other, { permission: 'write' });
    await target.team(readers, other, { permission: 'read' });
    assert.equal((await startUpload(writers, 'app', headers)).status, 202);
    assertRefused(await startUpload(readers, 'app', headers));
    assertRefused(await startUpload(noTeam, 'app', headers));
    assert.equal((await target.exchange('GET', `/v2/${noTeam}/app/tags/list`, { headers })).status, 404);
  });

  test('the right on the packages unit alone is enough', async (t) => {
    if (!target.capabilities.admin) {
      t.skip(needsAdmin);
      return;
    }
    const organization = await target.organization();
    await target.team(organization, other, { units_map: { 'repo.code': 'read', 'repo.packages': 'write' } });
    const answer = await startUpload(organization, 'app', await target.authorize(other.name, other.password));
    assert.equal(answer.status, 202);
  });

  test('others have no access to a private owner', async (t) => {
    if (!target.capabilities.admin) {
      t.skip(needsAdmin);
      return;
    }
    const hidden = await target.user({ visibility: 'private' });
    const headers = await target.authorize(other.name, other.password);
    assertRefused(await target.exchange('GET', `/v2/${hidden.name}/app/tags/list`, { headers }));
    const own = await target.authorize(hidden.name, hidden.password);
    assert.equal((await startUpload(hidden.name, 'app', own)).status, 202);
  });

  test('a token for public things only is refused at a private owner since Gitea 1.22.2 and Forgejo 9, with 403', async (t) => {
    if (!target.capabilities.admin || !target.has('tokenScopes')) {
      t.skip(`${needsAdmin}, and Gitea 1.20: before, tokens have no scopes, or ones of other names`);
      return;
    }
    const hidden = await target.user({ visibility: 'private' });
    const secret = await target.personalToken(['public-only', 'write:package'], hidden);
    const answer = await startUpload(hidden.name, 'app', await target.authorize(hidden.name, secret));
    if (!target.has('publicOnly')) {
      assert.equal(answer.status, 202);
      return;
    }
    assert.equal(answer.status, 403);
    assert.match(answer.headers['content-type'] ?? '', /^text\/plain/);
  });

  test('a disabled user gets no token for a password, and no access for a personal token', async (t) => {
    if (!target.capabilities.admin) {
      t.skip(needsAdmin);
      return;
    }
    const disabled = await target.user();
    const secret = await target.personalToken(['write:package'], disabled);
    const edit = { source_id: 0, login_name: disabled.name, prohibit_login: true };
    assert.equal((await target.rest('PATCH', `/admin/users/${disabled.name}`, edit)).status, 200);
    await assertNobody(target, basic(disabled.name, disabled.password));
    assertRefused(await startUpload(disabled.name, 'app', await target.authorize(disabled.name, secret)));
  });
});
