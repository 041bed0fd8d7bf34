import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, beforeEach, describe, it } from 'node:test';
import { DigestCache } from '../../../../src/core/digestCache/digestCache.ts';
import { digestOf, type Digest } from '../../../../src/core/oci/digest.ts';
import { serializeManifest, type Descriptor, type ImageManifest } from '../../../../src/core/oci/manifest.ts';
import { mediaTypes } from '../../../../src/core/oci/mediaTypes.ts';
import type { ImageDetails } from '../../../../src/core/ports/imageSource.ts';
import { LayerLedger } from '../../../../src/core/push/layerLedger.ts';
import type { AttemptContext } from '../../../../src/core/push/pushContext.ts';
import { collectEngineManifests } from '../../../../src/core/push/relay/relayedLayers.ts';
import { RepositoryBlobs } from '../../../../src/core/push/repositoryBlobs.ts';
import { UploadsInFlight } from '../../../../src/core/push/uploadsInFlight.ts';
import { SmallBlobs } from '../../../../src/core/relay/smallBlobs.ts';
import { silentLogger } from '../../../tools/silentLogger.ts';
import { FakeEngine, FakeRepository } from '../fakes.ts';
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

  it('compresses them while they are relayed, and reports the engine’s digest', async () => {
    const here = machine(loaded, 'loaded');
    const plain = await rig.push(here);
    rig.registry = new FakeRepository();
    const result = await rig.push(here, { isCodecRequired: true });
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
    const first = await rig.push(here, { isCodecRequired: true });
    rig.registry.calls.length = 0;
    const second = await rig.push(here, { isCodecRequired: true });
    assert.deepEqual(rig.registry.calls, ['headManifest 1']);
    assert.deepEqual([second.strategy, second.digest], ['none', first.digest]);
    const third = await rig.push(here, { isCodecRequired: true, tag: '2' });
    assert.deepEqual([third.uploadedBytes, here.pusher.pushes], [0, 1]);
  });

  it('is not content with a tag that has them uncompressed', async () => {
    const here = machine(loaded, 'loaded');
    await rig.push(here);
    const result = await rig.push(here, { isCodecRequired: true });
    assert.equal(result.strategy, 'relay');
    assert.equal(manifestOf('1').mediaType, mediaTypes.ociManifest);
    assert.deepEqual(rig.pulledLayers('1'), tars);
  });

  it('is not content with a tag that has them compressed, where the engine’s own form is asked for again', async () => {
    const here = machine(loaded, 'loaded');
    await rig.push(here, { isCodecRequired: true });
    const result = await rig.push(here);
    assert.deepEqual([result.strategy, result.digest], ['relay', here.engine.details.id]);
    assert.deepEqual(rig.published('1'), here.pusher.storedManifest());
  });

  it('leaves an index as it is: attestations speak of its digests', async () => {
    const here = machine(loaded, 'loaded');
    Object.assign(here.engine.details, { manifestType: mediaTypes.ociIndex });
    const result = await rig.push(here, { isCodecRequired: true });
    assert.equal(result.engineDigest, undefined);
    assert.equal(manifestOf('1').layers[0]?.mediaType, mediaTypes.dockerLayer);
  });
});

describe('the layers of an index', () => {
  const configOf = (diffIds: readonly Digest[], architecture: string): Buffer =>
    Buffer.from(JSON.stringify({ os: 'linux', architecture, rootfs: { type: 'layers', diff_ids: diffIds } }));
  const described = (mediaType: string, bytes: Buffer): Descriptor => ({
    ...{ mediaType, digest: digestOf(bytes), size: bytes.byteLength },
  });
  /** Both platforms have as many layers. */
  const platforms = (['arm64', 'amd64'] as const).map((architecture) => {
    const tar = randomBytes(100);
    const config = configOf([digestOf(tar)], architecture);
    const layer = described(mediaTypes.ociLayerGzip, Buffer.from(`${architecture}, compressed`));
    const bytes = serializeManifest(described(mediaTypes.ociConfig, config), [layer]);
    const manifest = { reference: digestOf(bytes), digest: digestOf(bytes), mediaType: mediaTypes.ociManifest, bytes };
    return { platform: { os: 'linux', architecture }, diffIds: [digestOf(tar)], config, layer, manifest };
  });
  const [arm = assert.fail(), amd = assert.fail()] = platforms;

  async function layersOf(image: Partial<ImageDetails>, configs: readonly Buffer[]): Promise<readonly Descriptor[]> {
    const small = new SmallBlobs();
    for (const config of configs) small.add(digestOf(config), config);
    const manifests = platforms.map(({ manifest }) => manifest);
    const [top = assert.fail()] = manifests;
    const target = new FakeRepository();
    const cache = new DigestCache('/nowhere/digests.json', silentLogger, () => 0);
    await cache.load();
    const blobs = new RepositoryBlobs({ target, cache, uploads: new UploadsInFlight(), origin: '' }, undefined);
    const context = {
      blobs,
      image: { ...new FakeEngine([]).details, diffIds: amd.diffIds, platform: amd.platform, ...image },
      onEvent: () => undefined,
    };
    const forwarder = {
      manifests,
      small,
      blobs: new Map([[amd.layer.digest, { size: 1, origin: 'exists' as const }]]),
    };
    const ledger = new LayerLedger(context);
    const relayed = { context: context as unknown as AttemptContext, ledger, forwarder, top, engineId: '' };
    const { layers: found } = collectEngineManifests(relayed);
    assert.equal(ledger.areAllStored, found.length > 0);
    return found;
  }

  it('are those of the image whose config names its diffIDs', async () => {
    assert.deepEqual(await layersOf({}, [arm.config, amd.config]), [amd.layer]);
  });

  it('are those of its platform, where the registry had the config and the engine lists its manifests', async () => {
    const manifests = platforms.map(({ platform, manifest: { digest } }) => ({ digest, platform, isAvailable: true }));
    assert.deepEqual(await layersOf({ manifests }, []), [amd.layer]);
  });

  it('are not guessed if neither shows them', async () => {
    assert.deepEqual(await layersOf({}, []), []);
  });
});
