import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { pushImage, putManifest } from './support/content.ts';
import { basic, type RawAnswer } from './support/rawHttp.ts';
import { Target } from './support/target.ts';

let target: Target;
before(async () => {
  target = await Target.open();
});
after(() => target.close());

const withToken = (secret: string): Record<string, string> => ({ Authorization: `token ${secret}` });

// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the caller says what it expects
function json<T>(answer: RawAnswer, status = 200): T {
  assert.equal(answer.status, status, answer.text);
  return JSON.parse(answer.text) as T;
}

interface PackageRow {
  readonly id: number;
  readonly owner: { readonly login: string };
  readonly creator: { readonly login: string };
  readonly repository: { readonly name: string } | null;
  readonly type: string;
  readonly name: string;
  readonly version: string;
  readonly html_url: string;
  readonly created_at: string;
}

describe('who we are', () => {
  test('the version is public', async () => {
    const { version } = json<{ version: string }>(await target.rest('GET', '/version'));
    assert.match(version, /^\d+\.\d+\.\d+/);
  });

  test('a token with the scope gives its user, by either scheme', async () => {
    const secret = await target.personalToken(['read:user']);
    for (const headers of [withToken(secret), { Authorization: `Bearer ${secret}` }]) {
      const user = json<{ login: string }>(await target.rest('GET', '/user', undefined, headers));
      assert.equal(user.login.toLowerCase(), target.owner);
    }
  });

  test('a wrong token is 401, a narrow one 403 since Gitea 1.20', async () => {
    assert.equal((await target.rest('GET', '/user', undefined, withToken('f'.repeat(40)))).status, 401);
    const secret = await target.personalToken(['write:package']);
    const narrow = await target.rest('GET', '/user', undefined, withToken(secret));
    if (!target.has('tokenScopes')) {
      assert.equal(narrow.status, 200);
      return;
    }
    const { message } = json<{ message: string }>(narrow, 403);
    assert.match(message, /^token does not have at least one of required scope\(s\)/);
  });

  test('teams show to which owners a user may push', async (t) => {
    if (!target.capabilities.admin) {
      t.skip('needs an admin account, to create others');
      return;
    }
    const [organization, user] = [await target.organization(), await target.user()];
    await target.team(organization, user, { units_map: { 'repo.code': 'read', 'repo.packages': 'write' } });
    const as = basic(user.name, user.password);
    const headers = target.has('tokenScopes')
      ? withToken(await target.personalToken(['read:user', 'read:organization'], user))
      : as;
    const teams = json<{ organization: { username: string }; units_map: Record<string, string> }[]>(
      await target.rest('GET', '/user/teams', undefined, headers),
    );
    assert.equal(teams.length, 1);
    assert.equal(teams[0]?.organization.username, organization);
    assert.equal(teams[0].units_map['repo.packages'], 'write');
    const organizations = json<{ username: string }[]>(await target.rest('GET', '/user/orgs', undefined, headers));
    assert.deepEqual(
      organizations.map(({ username }) => username),
      [organization],
    );
    const path = `/users/${user.name}/orgs/${organization}/permissions`;
    const rights = json<{ can_write: boolean }>(await target.rest('GET', path, undefined, headers));
    assert.equal(rights.can_write, false); // the field does not include the packages unit
  });
});

describe('personal tokens', () => {
  test('are made by Basic only, once for each name, with a scope', async () => {
    const path = `/users/${target.account.name}/tokens`;
    const secret = await target.personalToken(['all']);
    assert.match(secret, /^[0-9a-f]{40}$/);
    const body = { name: target.image('token'), scopes: ['write:package'] };
    assert.equal((await target.rest('POST', path, body, withToken(secret))).status, 401);
    const byToken = { name: target.image('token'), scopes: ['read:user'] };
    const basicToken = basic(target.account.name, secret);
    const another = await target.rest('POST', path, byToken, basicToken);
    assert.equal(another.status, target.has('tokensByPassword') ? 401 : 201);
    if (another.status === 201) assert.equal((await target.rest('DELETE', `${path}/${byToken.name}`)).status, 204);
    const narrow = basic(target.account.name, await target.personalToken(['write:package']));
    if (target.has('tokenScopes')) assert.equal((await target.rest('POST', path, byToken, narrow)).status, 403);
    const made = json<{ id: number; sha1: string; scopes: string[] }>(await target.rest('POST', path, body), 201);
    if (target.has('scopesOfNewToken')) assert.deepEqual(made.scopes, ['write:package']);
    assert.equal((await target.rest('POST', path, body)).status, 400);
    assert.equal((await target.rest('DELETE', `${path}/${body.name}`)).status, 204);
    // Gitea before 1.22 makes a token without scopes, which opens nothing; before 1.19 there are no scopes.
    const empty = await target.rest('POST', path, { name: body.name, scopes: [] });
    assert.equal(empty.status, target.has('scopesOfNewToken') ? 400 : 201, empty.text);
    if (empty.status === 201) await target.rest('DELETE', `${path}/${body.name}`);
    assert.equal((await target.rest('GET', '/user', undefined, withToken(made.sha1))).status, 401);
  });

  test('are made under the user name alone, also by who signs in with an e-mail address', async (t) => {
    if (!target.capabilities.admin) {
      t.skip('needs an admin account, to create others');
      return;
    }
    const user = await target.user();
    const address = `${user.name}@example.org`;
    const as = basic(address, user.password);
    assert.equal((await target.exchange('GET', '/v2/token', { headers: as })).status, 200);
    const body = { name: 'by mail', scopes: ['all'] };
    assert.equal((await target.rest('POST', `/users/${address}/tokens`, body, as)).status, 404);
    assert.equal((await target.rest('POST', `/users/${user.name}/tokens`, body, as)).status, 201);
  });

  test('of another user are not accessible', async (t) => {
    if (!target.capabilities.admin) {
      t.skip('needs an admin account, to create others');
      return;
    }
    const user = await target.user();
    const as = basic(user.name, user.password);
    const body = { name: target.image('token'), scopes: ['read:user'] };
    const answer = await target.rest('POST', `/users/${target.account.name}/tokens`, body, as);
    if (target.has('ownTokensAlone')) {
      assert.equal(answer.status, 403);
      return;
    }
    // Gitea before 1.21 makes it for whoever asks, whatever the path says.
    const { sha1 } = json<{ sha1: string }>(answer, 201);
    const { login } = json<{ login: string }>(await target.rest('GET', '/user', undefined, withToken(sha1)));
    assert.equal(login, user.name);
  });
});

describe('packages', () => {
  test('are listed one row a version', async () => {
    const image = target.image();
    const { manifest } = await pushImage(target, image, 'V1');
    await putManifest(target, image, manifest.digest, manifest);
    const secret = await target.personalToken(['read:package']);
    const path = `/packages/${target.account.name}?type=container&q=${image}`;
    const rows = json<PackageRow[]>(await target.rest('GET', path, undefined, withToken(secret)));
    assert.deepEqual(rows.map(({ version }) => version).sort(), [manifest.digest, 'v1']);
    const row = rows.find(({ version }) => version === 'v1');
    assert(row !== undefined);
    assert.equal(row.name, image);
    assert.equal(row.type, 'container');
    assert.equal(row.owner.login.toLowerCase(), target.owner);
    assert.equal(row.creator.login.toLowerCase(), target.owner);
    assert.equal(row.repository, null);
    assert(!Number.isNaN(Date.parse(row.created_at)));
    if (target.has('htmlUrl'))
      assert(row.html_url.endsWith(`/${row.owner.login}/-/packages/container/${image}/v1`), row.html_url);
  });

  test('come in pages, with their number', async () => {
    const image = target.image();
    const { manifest } = await pushImage(target, image, 'one');
    for (const tag of ['two', 'three']) await putManifest(target, image, tag, manifest);
    const seen: string[] = [];
    for (let page = 1; page <= 3; page++) {
      const path = `/packages/${target.account.name}?type=container&q=${image}&limit=1&page=${String(page)}`;
      const answer = await target.rest('GET', path);
      assert.equal(answer.headers['x-total-count'], '3');
      assert.equal(String(answer.headers['link']).includes('rel="next"'), page < 3);
      seen.push(...json<PackageRow[]>(answer).map(({ version }) => version));
    }
    assert.deepEqual(seen.sort(), ['one', 'three', 'two']);
  });

  test('with a slash in the name are reached by %2F', async (t) => {
    if (target.capabilities.proxied) {
      t.skip('a proxy may decode %2F');
      return;
    }
    const image = target.image();
    const name = `${image}/part`;
    const { manifest, layer } = await pushImage(target, name, 'v1');
    const path = `/packages/${target.account.name}/container/${encodeURIComponent(name)}/v1`;
    assert.equal(json<PackageRow>(await target.rest('GET', path)).name, name);
    const files = json<{ sha256: string; size: number; Size: number }[]>(await target.rest('GET', `${path}/files`));
    const size = target.has('sizeOfFile') ? 'size' : 'Size';
    const sizes = new Map(files.map((file) => [`sha256:${file.sha256}`, file[size]]));
    assert.equal(sizes.get(manifest.digest), manifest.bytes.length);
    assert.equal(sizes.get(layer.digest), layer.bytes.length);
  });

  test('are deleted version by version', async () => {
    const image = target.image();
    await pushImage(target, image, 'v1');
    const path = `/packages/${target.account.name}/container/${image}/v1`;
    if (target.has('tokenScopes')) {
      const narrow = await target.personalToken(['read:package']);
      assert.equal((await target.rest('DELETE', path, undefined, withToken(narrow))).status, 403);
    }
    assert.equal((await target.rest('DELETE', path)).status, 204);
    assert.equal((await target.rest('GET', path)).status, 404);
    assert.equal((await target.rest('DELETE', path)).status, 404);
  });

  test('can be asked for by name', async (t) => {
    if (!target.has('packageApi')) {
      t.skip('since Gitea 1.24');
      return;
    }
    const image = target.image();
    const { manifest } = await pushImage(target, image, 'one');
    await putManifest(target, image, 'two', manifest);
    const path = `/packages/${target.account.name}/container/${image}`;
    assert.equal(json<PackageRow[]>(await target.rest('GET', path)).length, 2);
    assert.equal(json<PackageRow>(await target.rest('GET', `${path}/-/latest`)).name, image);
  });

  test('are linked to a repository and unlinked', async (t) => {
    if (!target.has('linkApi')) {
      t.skip('since Gitea 1.24 and Forgejo 11');
      return;
    }
    const [image, repository] = [target.image(), await target.repository()];
    await pushImage(target, image, 'v1');
    const path = `/packages/${target.account.name}/container/${image}`;
    assert.equal((await target.rest('POST', `${path}/-/link/${repository}`)).status, 201);
    assert.equal(json<PackageRow>(await target.rest('GET', `${path}/v1`)).repository?.name, repository);
    assert.equal((await target.rest('POST', `${path}/-/link/${repository}`)).status, 400);
    assert.equal((await target.rest('POST', `${path}/-/link/no-such-repository`)).status, 404);
    assert.equal((await target.rest('POST', `${path}/-/unlink`)).status, 204);
    assert.equal(json<PackageRow>(await target.rest('GET', `${path}/v1`)).repository, null);
  });

  test('are not listed without a sign-in, even if they are public, since Gitea 1.19 and before Forgejo 11', async () => {
    const image = target.image();
    await pushImage(target, image, 'v1');
    for (const path of ['', `/container/${image}/v1`, `/container/${image}/v1/files`]) {
      const answer = await target.rest('GET', `/packages/${target.account.name}${path}`, undefined, {});
      if (!target.has('packagesNeedSignIn') || target.has('packagesOpen')) assert.equal(answer.status, 200);
      else assert.equal(json<{ message: string }>(answer, 401).message, 'token is required', path);
    }
  });

  test('of somebody unknown are not found: neither is the name, nor was it one', async () => {
    const name = 'no-such-owner-here';
    const expected = `user redirect does not exist [name: ${name}]`;
    const body = { name: target.image('token'), scopes: ['all'] };
    for (const [method, path] of [
      ['GET', `/packages/${name}?type=container`],
      ['GET', `/users/${name}`],
      ['POST', `/users/${name}/tokens`],
    ] as const) {
      const answer = await target.rest(method, path, method === 'POST' ? body : undefined);
      assert.equal(json<{ message: string }>(answer, 404).message, expected, path);
    }
  });

  test('that are not there get the reason; a path without a route gets none', async (t) => {
    if (!target.has('deletePackageApi')) {
      t.skip('older servers have other routes');
      return;
    }
    const image = target.image();
    await pushImage(target, image, 'v1');
    const at = `/packages/${target.account.name}/container`;
    for (const [method, path, message] of [
      ['GET', `${at}/no-such-image`, 'GetPackageByName: package does not exist'],
      ['DELETE', `${at}/no-such-image`, 'GetPackageByName: package does not exist'],
      ['POST', `${at}/no-such-image/-/unlink`, 'GetPackageByName: package does not exist'],
      ['DELETE', `${at}/no-such-image/v1`, 'GetVersionByNameAndVersion: package does not exist'],
      ['DELETE', `${at}/${image}/v2`, 'GetVersionByNameAndVersion: package does not exist'],
    ] as const) {
      const answer = await target.rest(method, path);
      assert.equal(json<{ message: string }>(answer, 404).message, message, `${method} ${path}`);
    }
    // As of a name whose slash a proxy has decoded.
    const unrouted = await target.rest('DELETE', `${at}/group/${image}/v1`);
    assert.deepEqual([unrouted.status, unrouted.text.trim()], [404, '404 page not found']);
    assert.equal((await target.rest('PUT', at.replace('/container', ''))).status, 405);
  });
});
