import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, beforeEach, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { digestOf } from '../../../src/core/oci/digest.ts';
import { serializeManifest } from '../../../src/core/oci/manifest.ts';
import { mediaTypes } from '../../../src/core/oci/mediaTypes.ts';
import { FakeEngine, FakeRepository, someLayer } from './fakes.ts';
import { layers, PushRig } from './pushRig.ts';

describe('what a tag says of layers', () => {
  const rig = new PushRig();
  before(() => rig.setUp());
  after(() => rig.tearDown());
  beforeEach(() => {
    rig.reset();
  });

  /** Puts a tag there that pairs the engine's layers with these blobs. */
  function plant(engine: FakeEngine, blobs: readonly Uint8Array[], mediaType: string = mediaTypes.ociLayerGzip): void {
    for (const bytes of [engine.config, ...blobs]) rig.registry.blobs.set(digestOf(bytes), bytes);
    const describeAs = (type: string) => (bytes: Uint8Array) => ({
      mediaType: type,
      digest: digestOf(bytes),
      size: bytes.byteLength,
    });
    const config = describeAs(mediaTypes.ociConfig)(engine.config);
    rig.registry.manifests.set('latest', serializeManifest(config, blobs.map(describeAs(mediaType))));
  }

  function assertPulled(engine: FakeEngine, tag: string): void {
    const pulled = rig.registry.pull(tag);
    assert.deepEqual(pulled.layers.map(digestOf), engine.details.diffIds);
    assert.deepEqual(pulled.config, engine.config);
  }

  it('is not believed where its blobs are other bytes: the layers are read from the engine', async () => {
    const engine = new FakeEngine(layers);
    const junk = [gzipSync(someLayer(66, 5_000)), Buffer.from('not even gzip'), gzipSync(Buffer.alloc(0))];
    plant(engine, junk);
    await rig.push(engine);
    assert.deepEqual(engine.read, [0, 1, 2]);
    assertPulled(engine, '1');
  });

  it('is not believed where the registry gives other bytes than the digest says', async () => {
    const engine = new FakeEngine(layers);
    const right = layers.map(({ bytes }) => gzipSync(bytes, { level: 9 }));
    plant(engine, right);
    const [first = Buffer.alloc(0)] = right;
    const wrong = Buffer.from(first);
    wrong.fill(0, 100, 200);
    rig.registry.blobs.set(digestOf(first), wrong);
    await rig.push(engine);
    assert.deepEqual(engine.read, [0]);
    assertPulled(engine, '1');
  });

  it('counts once the bytes are seen to be the layers, and then for every other repository as well', async () => {
    const engine = new FakeEngine(layers);
    plant(
      engine,
      layers.map(({ bytes }) => gzipSync(bytes, { level: 9 })),
    );
    const result = await rig.push(engine);
    assert.deepEqual([engine.opened, result.strategy], [0, 'none']);
    assertPulled(engine, '1');
    const other = new FakeRepository('dev/other');
    for (const [digest, blob] of rig.registry.blobs) other.elsewhere.set(digest, blob);
    rig.registry = other;
    await rig.push(engine);
    assert.equal(engine.opened, 0);
    assert.ok(!other.calls.includes('readBlob'));
    assertPulled(engine, '1');
  });

  it('is looked at only where that is cheap: large layers are read back from near by alone', async () => {
    const large = [{ bytes: randomBytes(3_000_000) }];
    const blob = gzipSync(large[0]?.bytes ?? Buffer.alloc(0), { level: 9 });
    assert.ok(blob.byteLength > 1024 * 1024);
    for (const [isNear, readableBytes] of [
      [false, Infinity],
      [true, 1_000],
      [true, Infinity],
    ] as const) {
      rig.reset();
      Object.assign(rig.registry, { isNear, readableBytes });
      const engine = new FakeEngine(large);
      plant(engine, [blob]);
      await rig.push(engine);
      assert.deepEqual(engine.read, isNear && readableBytes === Infinity ? [] : [0]);
      assertPulled(engine, '1');
    }
  });

  it('does not keep us busy with a blob that grows without end', async () => {
    const engine = new FakeEngine(layers);
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024), { level: 9 });
    assert.ok(bomb.byteLength < 100_000);
    plant(engine, [bomb, bomb, bomb]);
    await rig.push(engine);
    assert.deepEqual(engine.read, [0, 1, 2]);
    assertPulled(engine, '1');
  });

  it('does not decide what a blob is called: a tar that the tag calls gzip is published as neither', async () => {
    const engine = new FakeEngine(layers);
    plant(
      engine,
      layers.map(({ bytes }) => bytes),
    );
    await rig.push(engine);
    assert.deepEqual(engine.read, [0, 1, 2]);
    assertPulled(engine, '1');
  });
});
