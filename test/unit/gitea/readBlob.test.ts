import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf, type Digest } from '../../../src/core/oci/digest.ts';
import type { Repository } from '../../../src/core/registry/repository.ts';
import { call, setUp, silent } from './setUp.ts';
import { bytesOf } from './testClient.ts';

async function read(app: Repository, digest: Digest, end?: number): Promise<{ bytes: Buffer; largest: number }> {
  const pieces: Uint8Array[] = [];
  for await (const piece of app.readBlob(digest, { ...call, ...(end === undefined ? {} : { end }) }))
    pieces.push(piece);
  return { bytes: Buffer.concat(pieces), largest: Math.max(0, ...pieces.map(({ byteLength }) => byteLength)) };
}

test('a blob is read in pieces that fit into memory, or only its beginning', async (t) => {
  const { standin, app } = await setUp(t, { flavour: 'forgejo' });
  const large = Buffer.concat([bytesOf(9_000_000), bytesOf(9_000_000)]);
  for (const bytes of [large, bytesOf(8 * 1024 * 1024), bytesOf(5), Buffer.alloc(0)]) {
    const digest = digestOf(bytes);
    await app.putBlob(bytes, digest, silent);
    standin.clearRequests();
    if (bytes.byteLength > 0) {
      const { bytes: got, largest } = await read(app, digest);
      assert.ok(got.equals(bytes));
      assert.ok(largest <= 8 * 1024 * 1024);
      const gets = standin.requests.filter(({ method }) => method === 'GET');
      assert.equal(gets.length, Math.ceil(bytes.byteLength / (8 * 1024 * 1024)));
      assert.ok((await read(app, digest, 4)).bytes.equals(bytes.subarray(0, 4)));
    }
  }
});

test('a registry without ranges gives a small blob whole, and no large one', async (t) => {
  const { app } = await setUp(t);
  const [small, large] = [bytesOf(100_000), bytesOf(11_000_000)];
  for (const bytes of [small, large]) await app.putBlob(bytes, digestOf(bytes), silent);
  assert.ok((await read(app, digestOf(small))).bytes.equals(small));
  assert.ok((await read(app, digestOf(small), 4)).bytes.equals(small.subarray(0, 4)));
  await assert.rejects(read(app, digestOf(large)), { code: 'notARegistry' });
});

test('a blob that is not there is an error, not an empty one', async (t) => {
  const { app } = await setUp(t);
  await assert.rejects(read(app, digestOf(bytesOf(77))), { name: 'TeaChestError' });
});
