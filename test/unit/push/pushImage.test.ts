import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { TeaChestError } from '../../../src/core/base/errors.ts';
import { compressionOf } from '../../../src/core/oci/compressionOf.ts';
import { digestOf, type Digest } from '../../../src/core/oci/digest.ts';
import type { ImageManifest } from '../../../src/core/oci/manifest.ts';
import { mediaTypes } from '../../../src/core/oci/mediaTypes.ts';
import { FakeEngine, FakeRepository, noCompression, plainGzip, someLayer } from './fakes.ts';
import { layers, PushRig } from './pushRig.ts';

describe('pushImage', () => {
  const rig = new PushRig();
  before(() => rig.setUp());
  after(() => rig.tearDown());
  beforeEach(() => {
    rig.reset();
  });

  it('brings config and layers over, bit for bit, and counts what it sent', async () => {
    const engine = new FakeEngine(layers);
    const result = await rig.push(engine);
    const pulled = rig.registry.pull('1');
    assert.deepEqual(pulled.config, engine.config);
    assert.deepEqual(
      pulled.layers,
      layers.map(({ bytes }) => bytes),
    );
    assert.equal(result.reference, 'gitea.test/dev/app:1');
    assert.equal(result.digest, digestOf(rig.registry.manifests.get('1') ?? Buffer.alloc(0)));
    assert.equal(result.strategy, 'export');
    assert.equal(
      result.uploadedBytes,
      [...rig.registry.blobs.values()].reduce((sum, blob) => sum + blob.byteLength, 0),
    );
    assert.equal(result.mountedBytes + result.skippedBytes, 0);
    await rig.assertNothingLeft();
  });

  it('says the present name of an owner that was renamed, also if nothing had to be sent', async () => {
    const engine = new FakeEngine(layers);
    rig.registry.movedTo = 'crew/app';
    for (const strategy of ['export', 'none']) {
      const result = await rig.push(engine);
      assert.equal(result.strategy, strategy);
      assert.deepEqual(result.notices, [
        '“dev” was renamed to “crew”, so the image is in gitea.test/crew/app. The former name leads there only until somebody else takes it.',
      ]);
    }
  });

  it('asks the engine one inspect and the registry one HEAD when nothing has changed', async () => {
    const engine = new FakeEngine(layers);
    const first = await rig.push(engine);
    rig.registry.calls.length = 0;
    const second = await rig.push(engine);
    assert.deepEqual(rig.registry.calls, ['headManifest 1']);
    assert.equal(engine.inspected, 2);
    assert.equal(engine.opened, 1);
    assert.equal(second.digest, first.digest);
    assert.equal(second.strategy, 'none');
    assert.equal(second.uploadedBytes, 0);
    assert.equal(second.skippedBytes, first.uploadedBytes);
  });

  it('remembers across restarts: another cache object on the same file moves nothing either', async () => {
    const engine = new FakeEngine(layers);
    rig.cache = rig.openCache('kept.json');
    await rig.push(engine);
    rig.cache = rig.openCache('kept.json');
    assert.equal((await rig.push(engine)).strategy, 'none');
  });

  it('publishes another tag of a known image without reading it again', async () => {
    const engine = new FakeEngine(layers);
    await rig.push(engine);
    const result = await rig.push(engine, { tag: '2' });
    assert.equal(engine.opened, 1);
    assert.equal(result.uploadedBytes, 0);
    assert.deepEqual(rig.registry.manifests.get('2'), rig.registry.manifests.get('1'));
  });

  it('reads and sends only the layer that is new', async () => {
    await rig.push(new FakeEngine(layers));
    const changed = new FakeEngine([...layers.slice(0, 2), { bytes: someLayer(9, 2_000) }]);
    const result = await rig.push(changed);
    assert.deepEqual(changed.read, [2]);
    assert.ok(result.uploadedBytes < 5_000, `${result.uploadedBytes} bytes were sent`);
    assert.deepEqual(rig.registry.pull('1').layers[2], someLayer(9, 2_000));
  });

  it('takes blobs from elsewhere in the registry before it compresses them, when it knows their digests', async () => {
    await rig.push(new FakeEngine(layers));
    const other = new FakeRepository();
    for (const [digest, blob] of rig.registry.blobs) other.elsewhere.set(digest, blob);
    rig.registry = other;
    const engine = new FakeEngine(layers);
    const result = await rig.push(engine);
    assert.equal(engine.opened, 0);
    assert.ok(result.mountedBytes > 0);
    assert.equal(other.calls.filter((call) => call === 'uploadBlob').length, 1, 'only the config is sent');
  });

  it('offers a plain registry the repositories where it saw a blob, and only those', async () => {
    rig.registry.kind = 'generic';
    const engine = new FakeEngine(layers);
    await rig.push(engine);
    assert.ok(!rig.registry.calls.some((call) => call.startsWith('mountBlob')));
    rig.cache.rememberLocation(
      'https://gitea.test',
      [...rig.registry.blobs.keys()][0] ?? digestOf(Buffer.alloc(0)),
      'dev/other',
    );
    rig.registry.blobs.clear();
    await rig.push(engine, { tag: '2' });
    assert.ok(rig.registry.calls.includes('mountBlob dev/other'));
  });

  it('finds out which layer it has read if the archive does not say', async () => {
    const engine = new FakeEngine(layers.map((layer) => ({ ...layer, named: false })));
    await rig.push(engine);
    assert.deepEqual(
      rig.registry.pull('1').layers,
      layers.map(({ bytes }) => bytes),
    );
    rig.registry.manifests.clear();
    const changed = new FakeEngine(
      [...layers.slice(0, 2), { bytes: someLayer(9, 2_000) }].map((layer) => ({ ...layer, named: false })),
    );
    const result = await rig.push(changed);
    assert.ok(result.uploadedBytes < 5_000, 'known layers were sent again');
    await rig.assertNothingLeft();
  });

  it('copes with the same layer twice, with an empty layer and with no layer at all', async () => {
    const twice = new FakeEngine([
      layers[0] ?? assert.fail(),
      { bytes: Buffer.alloc(1024) },
      layers[0] ?? assert.fail(),
    ]);
    await rig.push(twice);
    assert.equal(rig.registry.pull('1').layers.length, 3);
    assert.deepEqual(twice.read, [0, 1]);
    await rig.push(new FakeEngine([]), { tag: 'none' });
    assert.equal(rig.registry.pull('none').layers.length, 0);
  });

  it('passes over blobs of another platform’s image', async () => {
    const engine = new FakeEngine(layers);
    const foreign = gzipSync(someLayer(77, 5_000));
    const body = (async function* () {
      yield await Promise.resolve(foreign);
    })();
    engine.extra = [{ kind: 'layer', path: 'blobs/other', size: foreign.byteLength, expectedDiffId: undefined, body }];
    await rig.push(engine);
    assert.ok(!rig.registry.blobs.has(digestOf(foreign)));
    await rig.assertNothingLeft();
  });

  it('takes only the config from the registry where all layers are there', async () => {
    await rig.push(new FakeEngine(layers));
    rig.clearCache();
    const engine = new FakeEngine(layers);
    const result = await rig.push(engine, { tag: '2' });
    assert.deepEqual([engine.opened, result.strategy], [0, 'none']);
    assert.deepEqual(rig.registry.pull('2').config, engine.config);
  });

  it('reads the image again, once, where what was remembered of it leads to something that is no image', async () => {
    await rig.push(new FakeEngine(layers));
    const engine = new FakeEngine(layers);
    const [first, second] = engine.details.diffIds as [Digest, Digest];
    const right = rig.cache.layer(second, plainGzip.id) ?? assert.fail();
    // As if two rows had been mixed up: the same blob for both layers.
    rig.cache.rememberLayer(first, plainGzip.id, right);
    rig.cache.dropImage(engine.details.id, plainGzip.id, 'linux/amd64');
    await rig.push(engine, { tag: '2' });
    assert.deepEqual(rig.registry.pull('2').layers.map(digestOf), engine.details.diffIds);
    assert.notEqual(rig.cache.layer(first, plainGzip.id)?.digest, right.digest);
    assert.equal(engine.opened, 1);
  });

  it('calls each layer what its bytes are, whichever compression earlier pushes had', async () => {
    await rig.push(new FakeEngine(layers), { codec: noCompression });
    const changed = new FakeEngine([...layers, { bytes: someLayer(9, 2_000) }]);
    await rig.push(changed, { tag: '2' });
    await rig.push(new FakeEngine(layers), { tag: '3', codec: noCompression });
    for (const tag of ['1', '2', '3']) {
      const manifest = JSON.parse(String(rig.registry.manifests.get(tag))) as ImageManifest;
      for (const { digest, mediaType } of manifest.layers) {
        const form = compressionOf(rig.registry.blobs.get(digest) ?? Buffer.alloc(0));
        assert.equal(mediaType, form === 'gzip' ? mediaTypes.ociLayerGzip : mediaTypes.ociLayer, tag);
      }
    }
  });

  it('stops a running upload once the registry turns out to have the blob', async () => {
    const big = someLayer(6, 40_000_000);
    rig.registry.elsewhere.set(digestOf(big), big);
    rig.registry.chunk = 1_000_000;
    const engine = new FakeEngine([{ bytes: big }]);
    const isRead = Promise.withResolvers<undefined>();
    engine.onChunk = (_layer, offset) => {
      if (offset > 39_000_000) isRead.resolve(undefined);
    };
    rig.registry.onCall = async (call) => {
      // A slow registry: most of the blob is still unsent when the last byte has been read.
      if (call === 'chunk') await isRead.promise;
    };
    const result = await rig.push(engine, { codec: noCompression });
    assert.equal(result.mountedBytes, big.byteLength);
    assert.ok(rig.registry.calls.filter((call) => call === 'chunk').length < 39, 'the whole blob was sent');
    await rig.assertNothingLeft();
  });

  it('learns from the tags of the repository what a fresh machine cannot know', async () => {
    await rig.push(new FakeEngine(layers), { tag: 'latest' });
    rig.clearCache();
    const changed = new FakeEngine([...layers.slice(0, 2), { bytes: someLayer(9, 2_000) }]);
    const result = await rig.push(changed, { tag: '2' });
    assert.deepEqual(changed.read, [2]);
    assert.ok(result.uploadedBytes < 5_000 && result.skippedBytes > 10_000, JSON.stringify(result));
    assert.deepEqual(rig.registry.pull('2').layers[0], layers[0]?.bytes);
  });

  it('learns nothing from a tag in another compression, and is not hurt by one that makes no sense', async () => {
    await rig.push(new FakeEngine(layers), { codec: noCompression });
    for (const manifest of [
      rig.registry.manifests.get('1'),
      '{"config":7,"layers":[{}]}',
      'no json',
      '[]',
      undefined,
    ]) {
      rig.clearCache();
      rig.registry.manifests.clear();
      rig.registry.manifests.set('old', Buffer.from(manifest ?? '{}'));
      const engine = new FakeEngine(layers);
      await rig.push(engine);
      assert.deepEqual(engine.read, [0, 1, 2]);
    }
    rig.registry.onCall = (call) => {
      if (call === 'listTags') throw new TeaChestError('registryFailed', 'tags are out of order');
    };
    rig.clearCache();
    await rig.push(new FakeEngine(layers));
  });

  it('reports progress in bytes that were counted', async () => {
    const engine = new FakeEngine(layers);
    await rig.push(engine);
    const stages = rig.events.flatMap((event) => (event.type === 'stage' ? [event.stage] : []));
    assert.deepEqual(stages, ['inspect', 'plan', 'export', 'upload', 'manifest', 'check']);
    layers.forEach(({ bytes }, index) => {
      const last = rig.events
        .flatMap((event) => (event.type === 'layer' && event.index === index ? [event.status] : []))
        .at(-1);
      const stored = rig.registry.blobs.get(digestOf(gzipSync(bytes, { level: 1 })))?.byteLength;
      assert.ok(stored !== undefined);
      assert.deepEqual(
        [last?.state, last?.readBytes, last?.readTotal, last?.storedTotal, last?.sentBytes],
        ['uploaded', bytes.byteLength, bytes.byteLength, stored, stored],
      );
    });
    assert.equal(rig.events.at(-1)?.type, 'done');
  });
});
