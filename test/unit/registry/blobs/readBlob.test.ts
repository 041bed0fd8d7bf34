import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf, type Digest } from '../../../../src/core/oci/digest.ts';
import { bytesSource } from '../../../../src/core/ports/blobSource.ts';
import type { Repository } from '../../../../src/core/registry/repository.ts';
import { answers, answersPage, page, startRegistry } from '../faults.ts';
import { call, setUp, silent } from '../setUp.ts';
import { bytesOf } from '../../gitea/testClient.ts';

async function read(app: Repository, digest: Digest): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of app.readBlob(digest, call)) pieces.push(piece);
  return Buffer.concat(pieces);
}

for (const [where, options] of [
  ['Gitea', {}],
  ['Forgejo', { flavour: 'forgejo' }],
  ['a Gitea whose blobs lie in a storage elsewhere', { serveDirect: true }],
] as const) {
  test(`a blob of any size is read by one request from ${where}`, async (t) => {
    const { fakeGitea, app } = await setUp(t, options);
    for (const bytes of [bytesOf(25_000_000), bytesOf(1024), bytesOf(5)]) {
      const digest = digestOf(bytes);
      await app.uploadBlob(bytesSource(bytes, digest), silent);
      fakeGitea.clearRequests();
      assert.ok((await read(app, digest)).equals(bytes));
      const statuses = fakeGitea.requests.filter(({ method }) => method === 'GET').map(({ status }) => status);
      assert.deepEqual(statuses, 'serveDirect' in options ? [307, 200] : [200]);
    }
  });
}

test('a storage elsewhere is asked without the registry’s credentials', async (t) => {
  const { registry, app } = await startRegistry(t);
  const bytes = bytesOf(100_000);
  const storage = await startRegistry(t);
  const asked: (string | undefined)[] = [];
  storage.registry.intercept = ({ headers }, response) => {
    asked.push(headers.authorization);
    response.end(bytes);
    return true;
  };
  registry.intercept = answers({ method: 'GET', path: /blobs/ }, 307, { location: `${storage.registry.origin}/key` });
  assert.ok((await read(app, digestOf(bytes))).equals(bytes));
  assert.deepEqual(asked, [undefined]);
});

test('a registry that is busy is asked again, until it gives the first byte', async (t) => {
  const { registry, app } = await startRegistry(t);
  const bytes = bytesOf(100_000);
  registry.blobs.set(digestOf(bytes), bytes);
  registry.intercept = answers({ method: 'GET', path: /blobs/, times: 2 }, 503);
  assert.ok((await read(app, digestOf(bytes))).equals(bytes));
});

test('a blob that is not there is an error, not an empty one', async (t) => {
  const { app } = await setUp(t);
  await assert.rejects(read(app, digestOf(bytesOf(77))), { name: 'TeaChestError' });
});

test('an empty blob is empty', async (t) => {
  const { registry, app } = await startRegistry(t);
  const nothing = Buffer.alloc(0);
  registry.blobs.set(digestOf(nothing), nothing);
  assert.equal((await read(app, digestOf(nothing))).byteLength, 0);
});

test('a web page instead of a blob is an error, with or without its Content-Type', async (t) => {
  for (const intercept of [
    answersPage({ method: 'GET', path: /blobs/ }, 200),
    answers({ method: 'GET', path: /blobs/ }, 200, { 'content-type': 'application/octet-stream' }, page),
  ]) {
    const { registry, app } = await startRegistry(t);
    registry.intercept = intercept;
    await assert.rejects(read(app, digestOf(bytesOf(77))), { code: 'notARegistry', message: /a web page \(200\)/ });
  }
});
