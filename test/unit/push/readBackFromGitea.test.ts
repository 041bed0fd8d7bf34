import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { digestOf } from '../../../src/core/oci/digest.ts';
import { bytesSource } from '../../../src/core/ports/blobSource.ts';
import { readManifest, serializeManifest } from '../../../src/core/oci/manifest.ts';
import { mediaTypes } from '../../../src/core/oci/mediaTypes.ts';
import { DigestCache } from '../../../src/core/digestCache/digestCache.ts';
import { pushImage } from '../../../src/core/push/pushImage.ts';
import { UploadsInFlight } from '../../../src/core/push/uploadsInFlight.ts';
import type { Repository } from '../../../src/core/registry/repository.ts';
import type { FakeGiteaOptions } from '../../fakeGitea/options.ts';
import { silentLogger } from '../../tools/silentLogger.ts';
import { FakeEngine, quickGzip } from './fakes.ts';
import { call, setUp, silent } from '../registry/setUp.ts';

/** By a machine that has never pushed anything. */
async function push(t: TestContext, engine: FakeEngine, target: Repository, origin: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'tea-chest-learned-'));
  t.after(() => rm(folder, { recursive: true }));
  await pushImage(
    { image: 'app:1', origin, repository: 'dev/app', tag: 'v2', codec: quickGzip, parallelBlobs: 2 },
    {
      source: engine,
      target,
      cache: new DigestCache(join(folder, 'cache.json'), silentLogger, () => 0),
      spoolRoot: join(folder, 'spool'),
      spoolLimit: 1e6,
      uploads: new UploadsInFlight(),
      logger: silentLogger,
      now: Date.now,
    },
    { ...call, onEvent: () => undefined },
  );
}

/** A tag that pairs the engine's only layer with this blob. */
async function plant(engine: FakeEngine, target: Repository, blob: Uint8Array): Promise<void> {
  for (const bytes of [engine.config, blob]) await target.uploadBlob(bytesSource(bytes, digestOf(bytes)), silent);
  const describeAs = (mediaType: string, bytes: Uint8Array) => ({
    mediaType,
    digest: digestOf(bytes),
    size: bytes.byteLength,
  });
  const config = describeAs(mediaTypes.ociConfig, engine.config);
  const manifest = serializeManifest(config, [describeAs(mediaTypes.ociLayerGzip, blob)]);
  await target.putManifest('v1', manifest, mediaTypes.ociManifest, call);
}

async function pulledLayer(target: Repository): Promise<Buffer> {
  const manifest = readManifest((await target.getManifest('v2', call)) ?? assert.fail('there is no tag'));
  assert.ok(manifest?.kind === 'image');
  const pieces: Uint8Array[] = [];
  const [layer = assert.fail('there is no layer')] = manifest.layers;
  for await (const piece of target.readBlob(layer.digest, call)) pieces.push(piece);
  assert.equal(digestOf(Buffer.concat(pieces)), layer.digest);
  return gunzipSync(Buffer.concat(pieces));
}

const installations: readonly (readonly [string, FakeGiteaOptions])[] = [
  ['a Gitea', {}],
  ['a Gitea with its blobs in another storage', { serveDirect: true }],
];

for (const [where, options] of installations) {
  test(`a layer of 12 MB that a tag of ${where} names needs no export once it was proved`, async (t) => {
    const { fakeGitea, app } = await setUp(t, options);
    const bytes = randomBytes(12_000_000);
    const engine = new FakeEngine([{ bytes }]);
    await plant(engine, app, gzipSync(bytes, { level: 0 }));
    await push(t, engine, app, fakeGitea.origin);
    assert.equal(engine.opened, 0);
    assert.ok((await pulledLayer(app)).equals(bytes));
  });

  test(`a tag of ${where} that names 12 MB of other bytes is not used`, async (t) => {
    const bytes = randomBytes(12_000_000);
    const other = gzipSync(randomBytes(12_000_000), { level: 0 });
    for (const junk of [other, randomBytes(12_000_000)]) {
      const { fakeGitea, app } = await setUp(t, options);
      const engine = new FakeEngine([{ bytes }]);
      await plant(engine, app, junk);
      await push(t, engine, app, fakeGitea.origin);
      assert.deepEqual(engine.read, [0]);
      assert.ok((await pulledLayer(app)).equals(bytes));
    }
  });
}
