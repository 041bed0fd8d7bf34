import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  manifestOf,
  ociIndex,
  pushImage,
  putBlob,
  putManifest,
  content,
  descriptor,
  ociManifest,
  type Content,
} from './support/content.ts';
import { neededScopes } from '../../src/core/gitea/tokenScopes.ts';
import { pushImage as pushTo } from '../unit/gitea/pushContent.ts';
import { clientFor, type TestClient } from '../unit/gitea/testClient.ts';
import { basic, type RawAnswer } from './support/rawHttp.ts';
import { Target } from './support/target.ts';

/** What the Registries view relies on. */
let target: Target;
before(async () => {
  target = await Target.open();
});
after(() => target.close());

const needsAdmin = 'needs an admin account, to create others';

function clientOf({ name: username, password: secret }: { name: string; password: string }): TestClient {
  return clientFor(`${target.http.origin}${target.subPath}`, { credential: { username, secret } });
}

interface Row {
  readonly id: number;
  readonly name: string;
  readonly version: string;
  readonly owner: { readonly login: string };
  readonly creator: { readonly login: string };
  readonly repository: { readonly name: string; readonly full_name: string } | null;
}

function rowsOf(answer: RawAnswer): readonly Row[] {
  assert.equal(answer.status, 200, answer.text);
  return JSON.parse(answer.text) as Row[];
}

function indexOf(children: readonly Content[]): Content {
  const manifests = children.map((child) => ({
    ...descriptor(ociManifest, child),
    platform: { os: 'linux', architecture: 'amd64' },
  }));
  return content(JSON.stringify({ schemaVersion: 2, mediaType: ociIndex, manifests }));
}

async function versionsOf(image: string): Promise<readonly string[]> {
  const rows = rowsOf(await target.rest('GET', `/packages/${target.account.name}?type=container&limit=50&q=${image}`));
  return rows.filter(({ name }) => name === image).map(({ version }) => version);
}

describe('the catalog', () => {
  test('has a row for each image of an owner, and can begin with the first of them', async () => {
    const names = ['b', 'a', 'c/part'].map((name) => target.image(name));
    for (const name of names) {
      await pushImage(target, name, '1');
      await pushImage(target, name, '2');
    }
    const found: string[] = [];
    let path: string | undefined = `/v2/_catalog?n=2&last=${target.owner}%2F`;
    while (path !== undefined) {
      const answer: RawAnswer = await target.registry('GET', path);
      assert.equal(answer.status, 200, answer.text);
      found.push(...(JSON.parse(answer.text) as { repositories: string[] }).repositories);
      path = /<([^>]+)>; rel="next"/.exec(String(answer.headers['link'] ?? ''))?.[1];
    }
    const own = found
      .filter((name) => name.startsWith(`${target.owner}/`))
      .map((name) => name.split('/').slice(1).join('/'));
    assert.deepEqual(
      own.filter((name) => names.includes(name)),
      [...names].sort(),
    );
    assert.equal(found.indexOf(`${target.owner}/${own[0] ?? ''}`), 0, 'nothing of owners before it');
    assert.equal(new Set(found).size, found.length);
  });

  test('leaves out an image without versions', async () => {
    const image = target.image();
    await putBlob(target, image, content('{}'));
    const answer = await target.registry('GET', `/v2/_catalog?last=${target.owner}%2F`);
    assert.ok(!answer.text.includes(image), answer.text);
  });
});

describe('the list of versions', () => {
  test('has the last pushed first, with who pushed it; before Gitea 1.23 and Forgejo 12 only if they are a second apart', async () => {
    const image = target.image();
    await pushImage(target, image, 'one');
    await pushImage(target, image, 'two');
    const rows = rowsOf(await target.rest('GET', `/packages/${target.account.name}?type=container&q=${image}`));
    const versions = rows.map(({ version }) => version);
    assert.deepEqual(target.has('lastOfSecondFirst') ? versions : versions.sort().reverse(), ['two', 'one']);
    assert.ok(rows.every(({ creator }) => creator.login.toLowerCase() === target.owner));
  });

  test('has another ID for a tag that was pushed again', async () => {
    const image = target.image();
    const { manifest } = await pushImage(target, image, 'one');
    const idOf = async (): Promise<number | undefined> =>
      rowsOf(await target.rest('GET', `/packages/${target.account.name}?type=container&q=${image}`))[0]?.id;
    const before = await idOf();
    await putManifest(target, image, 'one', manifest);
    assert.notEqual(await idOf(), before);
  });

  test('finds a name by a part of it, in any case', async () => {
    const image = target.image();
    await pushImage(target, `${image}/part`, 'one');
    const path = `/packages/${target.account.name}?type=container&q=${image.toUpperCase()}`;
    assert.deepEqual(
      rowsOf(await target.rest('GET', path)).map(({ name }) => name),
      [`${image}/part`],
    );
  });

  test('of one image is empty or 404 if there is no such image', async () => {
    const answer = await target.rest('GET', `/packages/${target.account.name}/container/${target.image()}`);
    assert.ok(answer.status === 404 || answer.text.trim() === '[]', answer.text);
  });

  test('names the owner as it is called now', async (t) => {
    if (!target.capabilities.admin || !target.has('renameApi')) {
      t.skip(`${needsAdmin}, and Gitea 1.24 or Forgejo 11, to rename an organization`);
      return;
    }
    const organization = await target.organization();
    const image = target.image();
    const config = content('{"architecture":"amd64","os":"linux"}');
    const manifest = manifestOf(config, []);
    const blob = `/v2/${organization}/${image}/blobs/uploads/?digest=${config.digest}`;
    const octets = { 'Content-Type': 'application/octet-stream' };
    assert.equal((await target.registry('POST', blob, { headers: octets, body: config.bytes })).status, 201);
    const put = { headers: { 'Content-Type': ociManifest }, body: manifest.bytes };
    assert.equal((await target.registry('PUT', `/v2/${organization}/${image}/manifests/1`, put)).status, 201);
    const renamed = await target.rename(organization);
    const [row] = rowsOf(await target.rest('GET', `/packages/${renamed}?type=container`));
    assert.equal(row?.owner.login, renamed);
    const catalog = await target.registry('GET', `/v2/_catalog?last=${renamed}%2F`);
    assert.ok(catalog.text.includes(`"${renamed}/${image}"`), catalog.text);
    assert.equal((await target.rest('DELETE', `/packages/${renamed}/container/${image}/1`)).status, 204);
  });
});

describe('deletion', () => {
  test('of a tag by the registry leaves other tags of the digest', async () => {
    const image = target.image();
    const { manifest } = await pushImage(target, image, 'one');
    await putManifest(target, image, 'two', manifest);
    const path = `/v2/${target.owner}/${image}/manifests`;
    assert.equal((await target.registry('DELETE', `${path}/one`)).status, 202);
    assert.deepEqual(await versionsOf(image), ['two']);
    const again = await target.registry('DELETE', `${path}/one`);
    assert.equal(again.status, 404);
    assert.match(again.text, /MANIFEST_UNKNOWN/);
  });

  test('of a digest by the registry deletes all of its tags, by the REST API only the version of that name', async () => {
    const image = target.image();
    const { manifest } = await pushImage(target, image, 'one');
    await putManifest(target, image, manifest.digest, manifest);
    const version = `/packages/${target.account.name}/container/${image}/${manifest.digest}`;
    assert.equal((await target.rest('DELETE', version)).status, 204);
    assert.deepEqual(await versionsOf(image), ['one']);
    assert.equal((await target.rest('DELETE', version)).status, 404);
    await putManifest(target, image, 'two', manifest);
    await putManifest(target, image, manifest.digest, manifest);
    assert.equal(
      (await target.registry('DELETE', `/v2/${target.owner}/${image}/manifests/${manifest.digest}`)).status,
      202,
    );
    assert.deepEqual(await versionsOf(image), []);
  });

  test('of an index leaves its images, and of an image leaves the index that needs it', async () => {
    const image = target.image();
    const { manifest } = await pushImage(target, image, 'amd64');
    const index = indexOf([manifest]);
    assert.equal((await putManifest(target, image, 'multi', index, ociIndex)).status, 201);
    const path = `/v2/${target.owner}/${image}/manifests`;
    assert.equal((await target.registry('DELETE', `${path}/amd64`)).status, 202);
    assert.equal((await target.registry('GET', `${path}/multi`)).status, 200);
    assert.equal((await target.registry('GET', `${path}/${manifest.digest}`)).status, 404, 'the index is broken');
    assert.equal((await target.registry('DELETE', `${path}/multi`)).status, 202);
  });

  test('of an index does not delete what it names', async () => {
    const image = target.image();
    const { manifest } = await pushImage(target, image, 'tmp');
    await putManifest(target, image, manifest.digest, manifest);
    const path = `/v2/${target.owner}/${image}/manifests`;
    await target.registry('DELETE', `${path}/tmp`);
    await putManifest(target, image, 'multi', indexOf([manifest]), ociIndex);
    assert.equal((await target.registry('DELETE', `${path}/multi`)).status, 202);
    assert.deepEqual(await versionsOf(image), [manifest.digest]);
  });

  test('of a whole image needs Gitea 1.26; before, the answer is 404 or 405', async () => {
    const image = target.image();
    await pushImage(target, `${image}/part`, 'one');
    await pushImage(target, `${image}/part`, 'two');
    const path = `/packages/${target.account.name}/container/${encodeURIComponent(`${image}/part`)}`;
    const { status } = await target.rest('DELETE', path);
    assert.ok(target.has('deletePackageApi') ? status === 204 : status === 404 || status === 405, String(status));
    if (status === 204) assert.equal((await target.rest('DELETE', path)).status, 404);
  });

  test('without the right is 401 reqPackageAccess by the registry, and 403 by the REST API', async (t) => {
    if (!target.capabilities.admin) {
      t.skip(needsAdmin);
      return;
    }
    const image = target.image();
    await pushImage(target, image, 'one');
    const user = await target.user();
    const headers = await target.authorize(user.name, user.password);
    const byRegistry = await target.exchange('DELETE', `/v2/${target.owner}/${image}/manifests/one`, { headers });
    assert.deepEqual([byRegistry.status, byRegistry.text.trim()], [401, 'reqPackageAccess']);
    const as = basic(user.name, user.password);
    const links = target.has('linkApi') ? ['/-/link/x', '/-/unlink'] : [];
    for (const version of ['/one', ...links]) {
      const method = version.startsWith('/-/') ? 'POST' : 'DELETE';
      const answer = await target.rest(
        method,
        `/packages/${target.account.name}/container/${image}${version}`,
        undefined,
        as,
      );
      assert.ok(answer.status === 403, `${version}: ${String(answer.status)} ${answer.text}`);
    }
    assert.deepEqual(await versionsOf(image), ['one']);
  });
});

describe('another tag for a manifest', () => {
  test('is stored with the same digest and no blob', async () => {
    const image = target.image();
    const { manifest } = await pushImage(target, image, 'one');
    const path = `/v2/${target.owner}/${image}/manifests`;
    const read = await target.registry('GET', `${path}/${manifest.digest}`);
    const put = { headers: { 'Content-Type': String(read.headers['content-type']) }, body: read.body };
    const stored = await target.registry('PUT', `${path}/stable`, put);
    assert.deepEqual([stored.status, stored.headers['docker-content-digest']], [201, manifest.digest]);
    assert.deepEqual((await target.registry('GET', `${path}/stable`)).body, manifest.bytes);
  });
});

describe('links to repositories', () => {
  test('are shown by each version of the image', async (t) => {
    if (!target.has('linkApi')) {
      t.skip('since Gitea 1.24 and Forgejo 11');
      return;
    }
    const [image, repository] = [target.image(), await target.repository()];
    await pushImage(target, image, 'one');
    await pushImage(target, image, 'two');
    const path = `/packages/${target.account.name}/container/${image}`;
    const as = { Authorization: `token ${await target.personalToken(['write:package'])}` };
    const post = async (what: string): Promise<number> =>
      (await target.rest('POST', `${path}/-/${what}`, undefined, as)).status;
    assert.equal(await post('unlink'), 400, 'nothing to unlink');
    assert.equal(await post(`link/${repository.toUpperCase()}`), 201, 'in any case');
    assert.equal(await post(`link/${repository}`), 400, 'the same again');
    assert.equal(await post(`link/${await target.repository()}`), 400, 'another one: it has to be unlinked first');
    const rows = rowsOf(await target.rest('GET', `/packages/${target.account.name}?type=container&q=${image}`));
    assert.deepEqual(
      rows.map((row) => row.repository?.name),
      [repository, repository],
    );
    assert.equal(await post('unlink'), 204);
  });

  test('are hidden from users who may not see the repository', async (t) => {
    if (!target.capabilities.admin || !target.has('linkApi')) {
      t.skip(`${needsAdmin}, and Gitea 1.24`);
      return;
    }
    const [image, repository] = [target.image(), await target.repository(target.account, { private: true })];
    await pushImage(target, image, 'one');
    const path = `/packages/${target.account.name}/container/${image}`;
    assert.equal((await target.rest('POST', `${path}/-/link/${repository}`)).status, 201);
    const { name, password } = await target.user();
    const [seen, hidden] = [
      await target.rest('GET', `${path}/one`),
      await target.rest('GET', `${path}/one`, undefined, basic(name, password)),
    ];
    assert.equal((JSON.parse(seen.text) as Row).repository?.name, repository);
    assert.equal(hidden.status, 200);
    assert.equal((JSON.parse(hidden.text) as Row).repository, null);
  });

  test('in an organization are made by who may write its packages, and removed by its administrators alone', async (t) => {
    if (!target.capabilities.admin || !target.has('linkApi')) {
      t.skip(`${needsAdmin}, and Gitea 1.24`);
      return;
    }
    const [organization, user] = [await target.organization(), await target.user()];
    const repository = await target.organizationRepository(organization);
    await target.team(organization, user, {
      permission: 'write',
      units_map: { 'repo.code': 'write', 'repo.packages': 'write' },
      includes_all_repositories: true,
    });
    const as = basic(user.name, user.password);
    const member = clientOf(user);
    t.after(() => member.close());
    const image = target.image();
    await pushTo(member, `${organization}/${image}`, ['one']);
    const path = `/packages/${organization}/container/${image}/-`;
    assert.equal((await target.rest('POST', `${path}/link/${repository}`, undefined, as)).status, 201);
    const refused = await target.rest('POST', `${path}/unlink`, undefined, as);
    assert.deepEqual([refused.status, (JSON.parse(refused.text) as { message: string }).message], [500, '']);
    assert.equal((await target.rest('POST', `${path}/unlink`)).status, 204);
  });

  test('can be made to the repositories that the owner has', async () => {
    const repository = await target.repository();
    const answer = await target.rest('GET', `/users/${target.account.name}/repos?limit=50`);
    assert.equal(answer.status, 200, answer.text);
    assert.ok((JSON.parse(answer.text) as { name: string }[]).some(({ name }) => name === repository));
    // Before Gitea 1.20 this needs no scope.
    if (!target.has('tokenScopes')) return;
    const secret = await target.personalToken(['write:package']);
    const narrow = await target.rest('GET', `/users/${target.account.name}/repos`, undefined, {
      Authorization: `token ${secret}`,
    });
    assert.equal(narrow.status, 403);
    assert.match(narrow.text, /required scope.*read:user/);
    const wider = await target.rest('GET', `/users/${target.account.name}/repos`, undefined, {
      Authorization: `token ${await target.personalToken(['write:package', 'read:user', 'read:organization'])}`,
    });
    assert.equal(wider.status, 403);
    assert.match(wider.text, /required scope\(s\)(?:, required=|: )\[read:repository\]/);
    const enough = await target.rest('GET', `/users/${target.account.name}/repos`, undefined, {
      Authorization: `token ${await target.personalToken([...neededScopes])}`,
    });
    assert.equal(enough.status, 200, enough.text);
  });
});
