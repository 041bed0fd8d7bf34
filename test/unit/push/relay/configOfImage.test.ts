import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { TeaChestError } from '../../../../src/core/base/errors.ts';
import { digestOf, shortDigest } from '../../../../src/core/oci/digest.ts';
import type { ImageManifest } from '../../../../src/core/oci/manifest.ts';
import { FakeRepository, plainGzip } from '../fakes.ts';
import { layers, machine, RelayRig, type Machine } from './relayRig.ts';

/** In containerd's store an image's ID is a manifest's digest, and Gitea serves manifests under `blobs/` as well. */
describe('the config of an image from containerd’s store', () => {
  let rig: RelayRig;
  before(async () => (rig = await RelayRig.create()));
  after(() => rig.remove());
  beforeEach(() => {
    rig.reset();
  });

  function assertIsImage(tag: string, { engine }: Machine): void {
    const manifest = JSON.parse(rig.published(tag).toString()) as ImageManifest;
    assert.equal(manifest.config.digest, digestOf(engine.config));
    const pulled = rig.registry.pull(tag);
    assert.deepEqual(pulled.config, engine.config);
    assert.deepEqual(pulled.layers.map(digestOf), engine.details.diffIds);
  }

  it('is the image’s where the engine pushed it before by itself, and now is too far away for the relay', async () => {
    const here = machine(layers, 'containerd');
    await rig.push(here);
    const far = { strategy: 'auto', isNear: false } as const;
    await rig.push(here, { ...far, tag: '2' });
    assertIsImage('2', here);
    // Everything is known now, and the registry has the manifest as a blob.
    await rig.push(here, { ...far, tag: '3' });
    assertIsImage('3', here);
  });

  it('is the image’s where it has lost its names and is pushed by its ID', async () => {
    const here = machine(layers, 'containerd');
    await rig.push(here);
    Object.assign(here.engine, {
      inspect: () => Promise.resolve({ ...here.engine.details, references: [] }),
    });
    await rig.push(here, { tag: '2', strategy: 'auto' });
    assertIsImage('2', here);
  });

  it('is the image’s where the image has no layers and goes out under a second tag', async () => {
    const here = machine([], 'containerd');
    await rig.push(here);
    await rig.push(here, { tag: '2' });
    assertIsImage('2', here);
    await rig.push(here, { tag: '3', isNear: false, strategy: 'auto' });
    assertIsImage('3', here);
  });

  it('is not taken from what an older version remembered wrongly, and that does not come back', async () => {
    const here = machine(layers, 'loaded');
    const compressing = { strategy: 'export', isCodecRequired: true } as const;
    await rig.push(here, compressing);
    const { id } = here.engine.details;
    const good = JSON.parse(rig.published('1').toString()) as ImageManifest;
    const wrong = { config: here.pusher.storedManifest(), layers: good.layers };
    const key = `${plainGzip.id} of stored layers`;
    rig.cache.rememberImage(id, key, 'linux/amd64', wrong);
    await rig.cache.save();
    const elsewhere = new FakeRepository('dev/other');
    for (const [digest, blob] of rig.registry.blobs) elsewhere.elsewhere.set(digest, blob);
    elsewhere.elsewhere.set(digestOf(wrong.config), wrong.config);
    rig.registry = elsewhere;
    await rig.push(here, compressing);
    assertIsImage('1', here);
    assert.notDeepEqual(rig.cache.image(id, key, 'linux/amd64')?.config, wrong.config);
  });

  it('needs not be read where the registry’s storage is out of reach and the engine vouches for it', async () => {
    const here = machine(layers, 'containerd');
    await rig.push(here);
    rig.registry.onCall = (call) => {
      if (call === 'getBlob') throw new TeaChestError('registryUnreachable', 'The storage cannot be reached.');
    };
    for (const strategy of ['relay', 'export'] as const) {
      await rig.push(here, { tag: strategy, strategy });
      assertIsImage(strategy, here);
    }
  });

  it('is not published if the archive does not hold it: the push fails, and says what is missing', async () => {
    const here = machine(layers, 'containerd');
    const { stored, config } = here.engine;
    here.engine.stored = stored.filter((blob) => blob !== config);
    const error = await rig.failure(here, { strategy: 'export' });
    assert.deepEqual([error.code, error.stage], ['engineFailed', 'export']);
    assert.match(
      error.message,
      new RegExp(`only a part of “app:1”.*${shortDigest(digestOf(config))} \\(${config.byteLength} bytes\\)`),
    );
    assert.equal(rig.registry.manifests.size, 0);
  });
});
