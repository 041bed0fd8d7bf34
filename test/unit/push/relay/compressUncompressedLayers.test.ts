import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, beforeEach, describe, it } from 'node:test';
import { digestOf } from '../../../../src/core/oci/digest.ts';
import type { ImageManifest } from '../../../../src/core/oci/manifest.ts';
import { mediaTypes } from '../../../../src/core/oci/mediaTypes.ts';
import { FakeRepository } from '../fakes.ts';
import { layers, machine, RelayRig } from './relayRig.ts';

describe('what containerd’s store holds uncompressed, by the relay', () => {
  let rig: RelayRig;
  before(async () => (rig = await RelayRig.create()));
  after(() => rig.remove());
  beforeEach(() => {
    rig.reset();
  });
  const loaded = [{ bytes: Buffer.from(randomBytes(100_000).toString('hex')) }, ...layers.slice(0, 1)];
  const tars = loaded.map(({ bytes }) => bytes);
  const manifestOf = (tag: string): ImageManifest =>
    JSON.parse((rig.registry.manifests.get(tag) ?? Buffer.alloc(0)).toString()) as ImageManifest;

  it('sends them as they are where nobody asked for more: the digest stays the engine’s', async () => {
    const result = await rig.push(machine(loaded, 'loaded'));
    assert.deepEqual(
      manifestOf('1').layers.map(({ mediaType }) => mediaType),
      [mediaTypes.dockerLayer, mediaTypes.dockerLayerGzip],
    );
    assert.equal(result.engineDigest, undefined);
    assert.deepEqual(rig.pulledLayers('1'), tars);
  });

  it('compresses them on the way, and says whose digest it is', async () => {
    const here = machine(loaded, 'loaded');
    const plain = await rig.push(here);
    rig.registry = new FakeRepository();
    const result = await rig.push(here, { compressStored: true });
    assert.equal(here.engine.opened, 0);
    assert.equal(result.strategy, 'relay');
    const { mediaType, layers: sent } = manifestOf('1');
    assert.equal(mediaType, mediaTypes.ociManifest);
    assert.deepEqual(
      sent.map((layer) => layer.mediaType),
      [mediaTypes.ociLayerGzip, mediaTypes.ociLayerGzip],
    );
    assert.deepEqual(rig.pulledLayers('1'), tars);
    assert.equal(result.digest, digestOf(rig.registry.manifests.get('1') ?? Buffer.alloc(0)));
    assert.deepEqual([result.engineDigest, result.digest === plain.digest], [plain.digest, false]);
    const stored = [...rig.registry.blobs.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
    assert.equal(result.uploadedBytes, stored);
    assert.ok(stored < plain.uploadedBytes - 50_000);
    await rig.assertNothingLeft(here);
  });

  it('neither reads nor sends them again', async () => {
    const here = machine(loaded, 'loaded');
    const first = await rig.push(here, { compressStored: true });
    rig.registry.calls.length = 0;
    const second = await rig.push(here, { compressStored: true });
    assert.deepEqual(rig.registry.calls, ['headManifest 1']);
    assert.deepEqual([second.strategy, second.digest], ['none', first.digest]);
    const third = await rig.push(here, { compressStored: true, tag: '2' });
    assert.deepEqual([third.uploadedBytes, here.pusher.pushes], [0, 1]);
  });

  it('is not content with a tag that has them uncompressed', async () => {
    const here = machine(loaded, 'loaded');
    await rig.push(here);
    const result = await rig.push(here, { compressStored: true });
    assert.equal(result.strategy, 'relay');
    assert.equal(manifestOf('1').mediaType, mediaTypes.ociManifest);
    assert.deepEqual(rig.pulledLayers('1'), tars);
  });

  it('leaves an index as it is: attestations speak of its digests', async () => {
    const here = machine(loaded, 'loaded');
    Object.assign(here.engine.details, { manifestType: mediaTypes.ociIndex });
    const result = await rig.push(here, { compressStored: true });
    assert.equal(result.engineDigest, undefined);
    assert.equal(manifestOf('1').layers[0]?.mediaType, mediaTypes.dockerLayer);
  });
});
