import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { TeaChestError } from '../../../src/core/base/errors.ts';
import { digestOf } from '../../../src/core/oci/digest.ts';
import { mediaTypes } from '../../../src/core/oci/mediaTypes.ts';
import type { EngineManifest, ImageDetails } from '../../../src/core/ports/imageSource.ts';
import { FakeEngine, someLayer } from './fakes.ts';
import { PushRig } from './pushRig.ts';

describe('a list whose images the engine holds one by one', () => {
  const rig = new PushRig();
  before(() => rig.setUp());
  after(() => rig.tearDown());
  beforeEach(() => {
    rig.reset();
  });

  const base = { bytes: someLayer(1, 200_000) };
  const images = ['amd64', 'arm64'].map((architecture, at) => ({
    architecture,
    engine: new FakeEngine([base, { bytes: someLayer(at + 2, 5_000) }]),
  }));

  /** As podman: inspected by its name it is one of its images, with the list beside it. */
  function listEngine(missing?: string): FakeEngine {
    const engine = new FakeEngine([base]);
    const manifests = images.map(({ architecture, engine: { details } }): EngineManifest => {
      const platform = { os: 'linux', architecture };
      const isAvailable = architecture !== missing;
      const digest = digestOf(Buffer.from(architecture));
      const listItem = { digest, size: 1, platform: { ...platform, 'os.version': '1' }, annotations: { a: 'b' } };
      return { digest, isAvailable, platform, imageId: isAvailable ? details.id : undefined, listItem };
    });
    engine.inspect = (name) => {
      const child = images.find(({ engine: { details } }) => details.id === name)?.engine;
      const list: ImageDetails = { ...engine.details, manifestType: mediaTypes.dockerManifestList, manifests };
      return Promise.resolve(child?.details ?? list);
    };
    engine.exportImages = (asked, options) =>
      (images.find(({ engine: { details } }) => details.id === asked[0]?.id)?.engine ?? engine).exportImages(
        asked,
        options,
      );
    return engine;
  }

  it('arrives as an index of all its images, with its own items, and what they share is sent once', async () => {
    const engine = listEngine();
    const result = await rig.push(engine);
    const index = JSON.parse(String(rig.registry.manifests.get('1'))) as { manifests: Record<string, unknown>[] };
    assert.equal(result.digest, digestOf(rig.registry.manifests.get('1') ?? Buffer.alloc(0)));
    assert.deepEqual(
      index.manifests.map(({ platform, annotations }) => [platform, annotations]),
      images.map(({ architecture }) => [{ os: 'linux', architecture, 'os.version': '1' }, { a: 'b' }]),
    );
    index.manifests.forEach(({ digest, size }, at) => {
      assert.equal(rig.registry.manifests.get(String(digest))?.byteLength, size);
      assert.deepEqual(rig.registry.pull(String(digest)).config, images[at]?.engine.config);
    });
    assert.equal(rig.registry.blobs.size, 5, 'two configs, two layers of their own, and the one that they share');
    const again = await rig.push(engine);
    assert.deepEqual([again.strategy, again.digest, again.uploadedBytes], ['none', result.digest, 0]);
    await rig.assertNothingLeft();
  });

  it('arrives where the registry gives out no manifest: a storage of its own is out of reach', async () => {
    rig.registry.onCall = (call) => {
      if (call.startsWith('getManifest')) throw new TeaChestError('registryUnreachable', 'minio.invalid');
    };
    const engine = listEngine();
    const { digest } = await rig.push(engine);
    assert.equal((await rig.push(engine, { recheck: true })).digest, digest);
    assert.equal((await rig.push(engine)).strategy, 'none');
  });

  it('can be pushed for one platform, and is that platform’s image then', async () => {
    await rig.push(listEngine(), { platform: 'linux/arm64' });
    assert.deepEqual(rig.registry.pull('1').config, images[1]?.engine.config);
    assert.equal(rig.registry.manifests.size, 1);
  });

  it('of which an image is missing is that of the other platform, and it is said', async () => {
    const { notices } = await rig.push(listEngine('arm64'), { platform: 'all' });
    assert.match(notices.join(), /does not have linux\/arm64/);
    const index = JSON.parse(String(rig.registry.manifests.get('1'))) as { manifests: unknown[] };
    assert.equal(index.manifests.length, 1);
    const only = await rig.push(listEngine('arm64'), { tag: '2' });
    assert.deepEqual(rig.registry.pull('2').config, images[0]?.engine.config);
    assert.match(only.notices.join(), /does not have linux\/arm64 .* Only linux\/amd64 was pushed/);
  });
});
