import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { TeaChestError } from '../../../../src/core/base/errors.ts';
import { digestOf } from '../../../../src/core/oci/digest.ts';
import { mediaTypes } from '../../../../src/core/oci/mediaTypes.ts';
import type { ImageDetails } from '../../../../src/core/ports/imageSource.ts';
import { layers, machine, RelayRig, type Machine } from './relayRig.ts';

describe('“unchanged” means that a push now would publish the same', () => {
  let rig: RelayRig;
  before(async () => (rig = await RelayRig.create()));
  after(() => rig.remove());
  beforeEach(() => {
    rig.reset();
  });

  /** The engine's index, and its other manifest, which names the same blobs. */
  function indexOf({ pusher }: Machine): { readonly index: Buffer; readonly arm: Buffer } {
    const amd = pusher.storedManifest();
    const arm = Buffer.concat([amd, Buffer.from('\n')]);
    const manifests = [amd, arm].map((bytes) => ({
      mediaType: mediaTypes.dockerManifest,
      digest: digestOf(bytes),
      size: bytes.byteLength,
    }));
    const index = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }));
    return { index, arm };
  }

  /** The engine says that its image is an index, of which it has one platform, or both. */
  function sayIndex({ engine, pusher }: Machine, has: 'amd64' | 'both' | 'unknown'): void {
    const amd = digestOf(pusher.storedManifest());
    const { index, arm } = indexOf({ engine, pusher });
    engine.stored = [...engine.stored, index, arm];
    const manifests: ImageDetails['manifests'] = [
      { digest: amd, isAvailable: true, platform: { os: 'linux', architecture: 'amd64' } },
      { digest: digestOf(arm), isAvailable: has === 'both', platform: { os: 'linux', architecture: 'arm64' } },
    ];
    Object.assign(engine.details, {
      id: digestOf(index),
      manifestType: has === 'unknown' ? undefined : mediaTypes.ociIndex,
      manifests: has === 'unknown' ? undefined : manifests,
    });
  }

  it('for an index of which one platform is here, until another one comes', async () => {
    const here = machine(layers, 'containerd');
    sayIndex(here, 'amd64');
    const first = await rig.push(here);
    const again = await rig.push(here);
    assert.deepEqual([again.strategy, again.digest, here.pusher.pushes], ['none', first.digest, 1]);
    sayIndex(here, 'both');
    const whole = await rig.push(here, { strategy: 'export' });
    assert.deepEqual([whole.strategy, whole.digest], ['export', here.engine.details.id]);
  });

  it('not if the engine does not list the manifests of an index: it pushes, and no blob is sent', async () => {
    const here = machine(layers, 'containerd');
    sayIndex(here, 'unknown');
    await rig.push(here);
    const again = await rig.push(here);
    assert.deepEqual([again.strategy, again.uploadedBytes, here.pusher.pushes], ['relay', 0, 2]);
  });

  it('and the notices of the engine’s push are in each result', async () => {
    const here = machine(layers, 'containerd');
    here.pusher.notice = 'Only one platform was pushed.';
    const results = [await rig.push(here), await rig.push(here)];
    assert.deepEqual(
      results.map(({ strategy, notices }) => [strategy, notices]),
      [
        ['relay', ['The container engine says: Only one platform was pushed.']],
        ['none', ['The container engine says: Only one platform was pushed.']],
      ],
    );
  });

  for (const store of ['classic', 'containerd'] as const)
    it(`unless all is to be looked at again: what a registry lost is sent (${store})`, async () => {
      const here = machine(layers, store);
      const strategy = store === 'classic' ? 'export' : 'relay';
      const first = await rig.push(here, { strategy });
      const [lost = digestOf(Buffer.alloc(0))] = [...rig.registry.blobs.keys()];
      const bytes = rig.registry.blobs.get(lost)?.byteLength ?? 0;
      rig.registry.blobs.delete(lost);
      assert.equal((await rig.push(here, { strategy })).strategy, 'none');
      const again = await rig.push(here, { recheck: true, strategy });
      assert.equal(again.digest, first.digest);
      assert.ok(again.uploadedBytes >= bytes && again.skippedBytes > 0, JSON.stringify(again));
      assert.ok(rig.registry.blobs.has(lost));
      await rig.assertNothingLeft(here);
    });
});

describe('an image that changes while the engine pushes it', () => {
  let rig: RelayRig;
  before(async () => (rig = await RelayRig.create()));
  after(() => rig.remove());
  beforeEach(() => {
    rig.reset();
  });

  it('is reported as missing if it was removed', async () => {
    for (const store of ['classic', 'containerd'] as const) {
      const here = machine(layers, store);
      here.pusher.onRequest = (method) => {
        if (method !== 'PUT') return;
        Object.assign(here.engine, {
          details: { ...here.engine.details, id: digestOf(Buffer.from('another')), references: [] },
        });
        throw new TeaChestError('engineFailed', 'The container engine could not push the image: not found');
      };
      const error = await rig.failure(here);
      assert.deepEqual([error.code, error.stage], ['imageNotFound', 'export'], error.message);
      assert.match(error.message, /removed meanwhile/);
      assert.equal(rig.registry.manifests.size, 0);
      await rig.assertNothingLeft(here);
      rig.reset();
    }
  });

  it('is never published as another one', async () => {
    const asked = machine(layers, 'containerd');
    const other = machine(layers.slice(0, 2), 'containerd');
    const error = await rig.failure({ engine: asked.engine, pusher: other.pusher });
    assert.equal(error.code, 'imageMismatch');
    assert.equal(rig.registry.manifests.size, 0);
    await rig.assertNothingLeft(other);
  });
});
