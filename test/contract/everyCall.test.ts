import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { listImages } from '../../src/core/gitea/browse/listImages.ts';
import { allRows } from '../../src/core/gitea/packagesApi.ts';
import { digestOf } from '../../src/core/oci/digest.ts';
import { mediaTypes } from '../../src/core/oci/mediaTypes.ts';
import { bytesSource } from '../../src/core/ports/blobSource.ts';
import { collect, pushImage } from '../unit/gitea/pushContent.ts';
import { bytesOf, clientFor, never, type TestClient } from '../unit/gitea/testClient.ts';
import { basic } from './support/rawHttp.ts';
import type { Feature } from './support/since.ts';
import { Target, type Account } from './support/target.ts';

/**
 * Every request that our code makes of a Gitea, made by our code itself, against the server under test. The state of an
 * interrupted upload (GET of its session) is asked for only after a broken connection: uploads.test.ts has it.
 */
const ofFeature: Readonly<Record<string, Feature | undefined>> = {
  'POST /api/v1/packages/OWNER/container/IMAGE/-/link/REPOSITORY': 'linkApi',
  'POST /api/v1/packages/OWNER/container/IMAGE/-/unlink': 'linkApi',
};

const everyCall = [
  'DELETE /api/v1/packages/OWNER/container/IMAGE',
  'DELETE /api/v1/packages/OWNER/container/IMAGE/VERSION',
  'DELETE /v2/OWNER/IMAGE/blobs/uploads/SESSION',
  'DELETE /v2/OWNER/IMAGE/manifests/VERSION',
  'GET /api/v1/packages/OWNER',
  'GET /api/v1/packages/OWNER/container/IMAGE',
  'GET /api/v1/packages/OWNER/container/IMAGE/VERSION',
  'GET /api/v1/user',
  'GET /api/v1/user/teams',
  'GET /api/v1/users/OWNER',
  'GET /api/v1/users/OWNER/repos',
  'GET /api/v1/version',
  'GET /v2/',
  'GET /v2/OWNER/IMAGE/blobs/DIGEST',
  'GET /v2/OWNER/IMAGE/manifests/VERSION',
  'GET /v2/OWNER/IMAGE/tags/list',
  'GET /v2/_catalog',
  'GET /v2/token',
  'HEAD /v2/OWNER/IMAGE/blobs/DIGEST',
  'HEAD /v2/OWNER/IMAGE/manifests/VERSION',
  'PATCH /v2/OWNER/IMAGE/blobs/uploads/SESSION',
  'POST /api/v1/packages/OWNER/container/IMAGE/-/link/REPOSITORY',
  'POST /api/v1/packages/OWNER/container/IMAGE/-/unlink',
  'POST /api/v1/users/OWNER/tokens',
  'POST /v2/OWNER/IMAGE/blobs/uploads',
  'POST /v2/OWNER/IMAGE/blobs/uploads?digest',
  'POST /v2/OWNER/IMAGE/blobs/uploads?mount',
  'PUT /v2/OWNER/IMAGE/blobs/uploads/SESSION',
  'PUT /v2/OWNER/IMAGE/manifests/VERSION',
];

let target: Target;
before(async () => {
  target = await Target.open();
});
after(() => target.close());

const call = { signal: never };

/** `METHOD /path` of each request in the log, with names in capitals for what differs. */
function callsIn(client: TestClient, names: Readonly<Record<string, string>>): readonly string[] {
  const calls = client.log.flatMap((line) => {
    const [, method = '', address = ''] = /^(GET|HEAD|POST|PUT|PATCH|DELETE) (\S+) → \d+ /.exec(line) ?? [];
    if (method === '') return [];
    const { pathname, searchParams } = new URL(address);
    const parts = pathname.slice(pathname.startsWith(target.subPath) ? target.subPath.length : 0).split('/');
    const kept = ['digest', 'mount'].filter((name) => method === 'POST' && searchParams.has(name)).slice(0, 1);
    const path = parts.map((part, at) => named(part, parts[at - 1], names)).join('/');
    return [[`${method} ${path === '/v2/' ? path : path.replace(/\/$/, '')}`, ...kept].join('?')];
  });
  return [...new Set(calls)].sort();
}

function named(part: string, parent: string | undefined, names: Readonly<Record<string, string>>): string {
  if (parent === 'manifests' || parent === names['IMAGE']) {
    if (part !== '' && part !== '-' && !['blobs', 'manifests', 'tags'].includes(part)) return 'VERSION';
  }
  if (parent === 'uploads' && part !== '') return 'SESSION';
  if (parent === 'blobs' && part !== 'uploads') return 'DIGEST';
  const [name = part] = Object.entries(names).find(([, value]) => value === part.toLowerCase()) ?? [];
  return name;
}

async function makeEveryCall(account: Account): Promise<void> {
  const owner = account.name.toLowerCase();
  const image = target.image('call', account);
  const repository = await target.repository(account);
  const credential = { username: account.name, secret: account.password };
  const client = clientFor(`${target.http.origin}${target.subPath}`, { credential, chunk: 65_536 });
  try {
    assert.equal((await client.checkSignIn(call)).username.toLowerCase(), owner);
    await makeToken(client, account);
    const { owners } = await client.api.ownOwners(call);
    assert.ok(owners.some(({ name, kind, mayPush }) => name === owner && kind === 'user' && mayPush));
    assert.equal(await client.api.visibilityOf(owner, call), 'public');
    assert.equal(await client.audienceOf(owner, call), 'everybody');
    await useRegistry(client, owner, image);
    await usePackages(client, owner, image, repository);
    const calls = callsIn(client, { OWNER: owner, IMAGE: image, REPOSITORY: repository.toLowerCase() });
    const expected = everyCall.filter((one) => ofFeature[one] === undefined || target.has(ofFeature[one]));
    assert.deepEqual(calls, [...expected].sort());
  } finally {
    await client.close();
  }
}

async function makeToken(client: TestClient, { name, password }: Account): Promise<void> {
  const request = { credential: { username: name, secret: password }, name: target.image('token') };
  assert.match(await client.createToken(request, call), /^[0-9a-f]{40}$/);
  const path = `/users/${name}/tokens/${request.name}`;
  assert.equal((await target.rest('DELETE', path, undefined, basic(name, password))).status, 204);
}

async function useRegistry(client: TestClient, owner: string, image: string): Promise<void> {
  const repository = await client.repository(`${owner}/${image}`, call);
  await repository.checkAccess(call);
  // Larger than a chunk.
  const layer = bytesOf(1_500_000, 7);
  const options = { signal: never, onSent: () => undefined };
  await repository.uploadBlob(bytesSource(layer, digestOf(layer)), options);
  assert.equal(await repository.headBlob(digestOf(layer), call), layer.length);
  assert.equal(await repository.mountBlob(digestOf(layer), undefined, call), true);
  const digest = await pushImage(client, `${owner}/${image}`, ['one', 'two']);
  const stored = await repository.readManifest('one', call);
  assert.equal(stored?.digest, digest);
  assert.equal((await repository.headManifest('two', call))?.digest, digest);
  assert.deepEqual(await repository.getBlob(digestOf(layer), call).then((bytes) => bytes?.length), layer.length);
  assert.equal(await repository.putManifest('three', stored.bytes, mediaTypes.ociManifest, call), digest);
  assert.deepEqual([...(await repository.listTags(call))].sort(), ['one', 'three', 'two']);
  assert.equal(await repository.deleteManifest('three', call), 'deleted');
  const found: string[] = [];
  for await (const page of (await client.contents(call)).catalog(call, `${owner}/`)) found.push(...page);
  assert.ok(found.includes(`${owner}/${image}`));
}

async function usePackages(client: TestClient, owner: string, image: string, repository: string): Promise<void> {
  const { packages } = client;
  const id = { owner, name: image };
  const query = { owner, sort: 'name' as const, filter: image };
  const images = await collect(listImages(await client.contents(call), query, call));
  assert.deepEqual(
    images.rows.map(({ name }) => name),
    [image],
  );
  assert.equal((await allRows(packages.versionsOf(id, call))).length, 2);
  assert.ok((await packages.repositories(owner, call)).includes(repository));
  if (target.has('linkApi')) {
    await packages.link(id, repository, call);
    assert.equal((await packages.version(id, 'one', call))?.repository, repository);
    await packages.unlink(id, call);
  }
  assert.equal((await packages.version(id, 'one', call))?.repository, undefined);
  assert.equal(await packages.deleteVersion(id, 'two', call), 'deleted');
  assert.equal(await packages.deleteVersion(id, 'two', call), 'gone');
  const outcome = await packages.deletePackage(id, call);
  assert.equal(outcome, target.has('deletePackageApi') ? 'deleted' : 'unsupported');
}

describe('every request of ours', () => {
  test('does what we take it for, for the account of the test', async () => {
    await makeEveryCall(target.account);
  });

  test('does the same for a user without admin rights', async (t) => {
    if (!target.capabilities.admin) {
      t.skip('the account of the test is one');
      return;
    }
    await makeEveryCall(await target.user());
  });
});
