import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { TeaChestError } from '../../../src/core/base/errors.ts';
import { digestOf } from '../../../src/core/oci/digest.ts';
import { FakeEngine, noCompression } from './fakes.ts';
import { layers, PushRig } from './pushRig.ts';

describe('pushes at the same time to one repository', () => {
  const rig = new PushRig();
  before(() => rig.setUp());
  after(() => rig.tearDown());
  beforeEach(() => {
    rig.reset();
  });

  const stored = (): number => [...rig.registry.blobs.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);

  function assertPulled(tags: readonly string[]): void {
    for (const tag of tags) {
      assert.deepEqual(
        rig.registry.pull(tag).layers.map(digestOf),
        layers.map(({ bytes }) => digestOf(bytes)),
        tag,
      );
    }
  }

  it('send each blob once: layers that the archive names', async () => {
    const tags = ['1', '2', '3'];
    const results = await Promise.all(tags.map((tag) => rig.push(new FakeEngine(layers), { tag })));
    assertPulled(tags);
    assert.equal(rig.registry.sentBytes, stored());
    assert.equal(
      results.reduce((sum, { uploadedBytes }) => sum + uploadedBytes, 0),
      stored(),
    );
    await rig.assertNothingLeft();
  });

  it('send each blob once: layers whose digest is known only when they have been made', async () => {
    const unnamed = layers.map((layer) => ({ ...layer, named: false }));
    await Promise.all(['1', '2'].map((tag) => rig.push(new FakeEngine(unnamed), { tag })));
    assertPulled(['1', '2']);
    assert.equal(rig.registry.sentBytes, stored());
  });

  it('go on by themselves if the one that sends is cancelled, or fails', async () => {
    for (const end of ['cancelled', 'failed'] as const) {
      rig.reset();
      const controller = new AbortController();
      let isFirst = true;
      const sending = Promise.withResolvers<undefined>();
      rig.registry.onCall = async (call) => {
        if (call !== 'chunk' || !isFirst) return;
        isFirst = false;
        sending.resolve(undefined);
        if (end === 'failed') throw new TeaChestError('registryFailed', 'The registry is being moved.');
        await new Promise((resolve) => {
          controller.signal.addEventListener('abort', resolve, { once: true });
        });
      };
      const first = rig.failure(new FakeEngine(layers), { tag: '1', signal: controller.signal });
      await sending.promise;
      const second = rig.push(new FakeEngine(layers), { tag: '2' });
      if (end === 'cancelled') controller.abort();
      assert.equal((await first).code, end === 'failed' ? 'registryFailed' : 'cancelled');
      await second;
      assertPulled(['2']);
      assert.ok(!rig.registry.manifests.has('1'));
      await rig.assertNothingLeft();
    }
  });

  it('can be cancelled while they wait', async () => {
    const controller = new AbortController();
    const release = Promise.withResolvers<undefined>();
    const sending = Promise.withResolvers<undefined>();
    rig.registry.onCall = async (call) => {
      if (call !== 'chunk') return;
      sending.resolve(undefined);
      await release.promise;
    };
    const first = rig.push(new FakeEngine(layers), { tag: '1' });
    await sending.promise;
    const waiting = new FakeEngine(layers);
    const second = rig.failure(waiting, { tag: '2', signal: controller.signal });
    while (waiting.opened === 0) await new Promise((resolve) => setImmediate(resolve));
    controller.abort();
    assert.equal((await second).code, 'cancelled');
    release.resolve(undefined);
    await first;
    assertPulled(['1']);
  });

  it('send a layer of their own in another compression', async () => {
    await Promise.all([
      rig.push(new FakeEngine(layers), { tag: '1' }),
      rig.push(new FakeEngine(layers), { tag: '2', codec: noCompression }),
    ]);
    assertPulled(['1']);
    const plain = [...rig.registry.blobs.keys()].filter((digest) =>
      layers.some(({ bytes }) => digestOf(bytes) === digest),
    );
    assert.equal(plain.length, layers.length);
  });
});
