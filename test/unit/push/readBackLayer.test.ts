import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, beforeEach, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { digestOf } from '../../../src/core/oci/digest.ts';
import { serializeManifest } from '../../../src/core/oci/manifest.ts';
import { mediaTypes } from '../../../src/core/oci/mediaTypes.ts';
import { FakeEngine, FakeRepository, quickGzip, someLayer } from './fakes.ts';
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

  it('is not used if its blobs are other bytes: the layers are read from the engine', async () => {
    const engine = new FakeEngine(layers);
    const junk = [gzipSync(someLayer(66, 5_000)), Buffer.from('not even gzip'), gzipSync(Buffer.alloc(0))];
    plant(engine, junk);
    await rig.push(engine);
    assert.deepEqual(engine.read, [0, 1, 2]);
    assertPulled(engine, '1');
  });

  it('is not used if the registry gives bytes of another digest', async () => {
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

  it('is proved at any size near by, and from far away as long as that is little', async () => {
    const large = [18_000_000, 17_000_000].map((size) => ({ bytes: randomBytes(size) }));
    const blobs = large.map(({ bytes }) => gzipSync(bytes, { level: 0 }));
    for (const isNear of [true, false]) {
      rig.reset();
      rig.registry.isNear = isNear;
      const engine = new FakeEngine(large);
      plant(engine, blobs);
      await rig.push(engine, { codec: quickGzip });
      assert.deepEqual(engine.read, isNear ? [] : [1]);
      assertPulled(engine, '1');
    }
  });

  it('is not read back where its blobs are larger than the image can be', async () => {
    const engine = new FakeEngine(layers);
    const junk = randomBytes(18_000_000);
    plant(engine, [junk, junk, junk]);
    rig.registry.isNear = true;
    await rig.push(engine);
    assert.ok(!rig.registry.calls.includes('readBlob'));
    assert.deepEqual(engine.read, [0, 1, 2]);
    assertPulled(engine, '1');
  });

  it('is not used for a large layer either, whatever is wrong with its blob', async () => {
    const large = [{ bytes: randomBytes(3_000_000) }];
    const right = gzipSync(large[0]?.bytes ?? Buffer.alloc(0), { level: 1 });
    const flipped = Buffer.from(right);
    flipped.fill(0, 1_500_000, 1_500_010);
    const cut = right.subarray(0, right.byteLength - 1_000);
    const other = gzipSync(randomBytes(3_000_000), { level: 1 });
    for (const junk of [flipped, cut, other, randomBytes(3_000_000), Buffer.concat([right, Buffer.from('more')])]) {
      rig.reset();
      rig.registry.isNear = true;
      const engine = new FakeEngine(large);
      plant(engine, [junk]);
      await rig.push(engine, { codec: quickGzip });
      assert.deepEqual(engine.read, [0]);
      assert.equal(rig.registry.openReads, 0, 'an answer was left open');
      assertPulled(engine, '1');
    }
  });

  it('is not used if the registry gives more or fewer bytes than its HEAD says', async () => {
    const large = [{ bytes: randomBytes(3_000_000) }];
    const right = gzipSync(large[0]?.bytes ?? Buffer.alloc(0), { level: 1 });
    for (const given of [right.subarray(0, 1_000_000), Buffer.concat([right, Buffer.alloc(1_000_000)])]) {
      rig.reset();
      rig.registry.isNear = true;
      const engine = new FakeEngine(large);
      plant(engine, [right]);
      rig.registry.blobs.set(digestOf(right), given);
      const asked = rig.registry.headBlob.bind(rig.registry);
      rig.registry.headBlob = (digest) =>
        digest === digestOf(right) ? Promise.resolve(right.byteLength) : asked(digest);
      await rig.push(engine, { codec: quickGzip });
      assert.deepEqual(engine.read, [0]);
      assert.equal(rig.registry.openReads, 0, 'an answer was left open');
    }
  });

  it('does not keep us busy with a blob that grows without end', async () => {
    const engine = new FakeEngine(layers);
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024), { level: 1 });
    assert.ok(bomb.byteLength < 300_000);
    plant(engine, [bomb, bomb, bomb]);
    await rig.push(engine);
    assert.deepEqual(engine.read, [0, 1, 2]);
    assert.equal(rig.registry.openReads, 0, 'an answer was left open');
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
