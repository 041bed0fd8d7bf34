import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { TeaChestError } from '../../../../src/core/base/errors.ts';
import { digestOf, type Digest } from '../../../../src/core/oci/digest.ts';
import { UploadInterruptedError } from '../../../../src/core/ports/uploadInterruptedError.ts';
import type { ImageManifest } from '../../../../src/core/oci/manifest.ts';
import { mediaTypes } from '../../../../src/core/oci/mediaTypes.ts';
import { DigestCache } from '../../../../src/core/digestCache/digestCache.ts';
import { PushProgress } from '../../../../src/core/push/pushProgress.ts';
import { turns } from '../../../tools/eventLoop.ts';
import { silentLogger } from '../../../tools/silentLogger.ts';
import { FakeRepository, noCompression } from '../fakes.ts';
import { changed, isSending, layers, machine, RelayRig } from './relayRig.ts';

describe('pushImage by the relay', () => {
  let rig: RelayRig;
  before(async () => (rig = await RelayRig.create()));
  after(() => rig.remove());
  beforeEach(() => {
    rig.reset();
  });

  describe('with a classic store', () => {
    it('brings config and layers over, bit for bit, without an export', async () => {
      const here = machine(layers);
      const result = await rig.push(here);
      assert.equal(here.engine.opened, 0);
      assert.equal(result.strategy, 'relay');
      assert.deepEqual(rig.registry.pull('1').config, here.engine.config);
      assert.deepEqual(
        rig.pulledLayers('1'),
        layers.map(({ bytes }) => bytes),
      );
      const stored = [...rig.registry.blobs.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
      assert.equal(result.uploadedBytes, stored);
      assert.equal(result.digest, digestOf(rig.registry.manifests.get('1') ?? Buffer.alloc(0)));
      await rig.assertNothingLeft(here);
    });

    it('needs one HEAD when nothing has changed since', async () => {
      const here = machine(layers);
      const first = await rig.push(here);
      rig.registry.calls.length = 0;
      const second = await rig.push(here);
      assert.deepEqual(rig.registry.calls, ['headManifest 1']);
      assert.deepEqual([second.strategy, second.digest], ['none', first.digest]);
      assert.equal(here.pusher.pushes, 1);
    });

    it('sends only the changed layer, though the engine never pushed the others and they were compressed by us', async () => {
      await rig.push(machine(layers), { strategy: 'export' });
      const exported = new Set(rig.registry.blobs.keys());
      const here = machine(changed);
      const result = await rig.push(here, { tag: '2' });
      assert.equal(result.strategy, 'relay');
      const added = [...rig.registry.blobs].filter(([digest]) => !exported.has(digest));
      assert.equal(added.length, 2, 'the changed layer and the config');
      assert.equal(
        result.uploadedBytes,
        added.reduce((sum, [, { byteLength }]) => sum + byteLength, 0),
      );
      assert.deepEqual(
        rig.pulledLayers('2'),
        changed.map(({ bytes }) => bytes),
      );
      await rig.assertNothingLeft(here);
    });

    it('lets the engine learn its digests once: the next push asks for all layers at once', async () => {
      await rig.push(machine(layers), { strategy: 'export' });
      const first = machine(changed);
      await rig.push(first, { tag: '2' });
      const learned = first.pusher.pushes;
      const second = machine([...changed.slice(0, 2), { bytes: randomBytes(3_000) }]);
      for (const [diffId, digest] of first.pusher.known) second.pusher.known.set(diffId, digest);
      await rig.push(second, { tag: '3' });
      assert.deepEqual([learned, second.pusher.pushes], [2, 1]);
    });

    it('exports a layer which the engine did not send because it took its digest for that of another', async () => {
      const first = machine(layers);
      await rig.push(first);
      const here = machine(changed);
      for (const [diffId, digest] of first.pusher.known) here.pusher.known.set(diffId, digest);
      const [shared, , odd] = here.engine.details.diffIds as readonly [Digest, Digest, Digest];
      here.pusher.known.set(odd, first.pusher.known.get(shared) ?? shared);
      const result = await rig.push(here, { tag: '2' });
      assert.equal(result.strategy, 'export');
      assert.deepEqual(
        rig.pulledLayers('2'),
        changed.map(({ bytes }) => bytes),
      );
      await rig.assertNothingLeft(here);
    });

    it('calls a layer what its blob is, where the engine once pulled it uncompressed and the registry has that', async () => {
      const here = machine(layers);
      const [, tar = Buffer.alloc(0)] = layers.map(({ bytes }) => bytes);
      rig.registry.blobs.set(digestOf(tar), tar);
      here.pusher.known.set(digestOf(tar), digestOf(tar));
      await rig.push(here);
      const { layers: stored } = JSON.parse(rig.published('1').toString()) as ImageManifest;
      assert.deepEqual(
        stored.map(({ mediaType }) => mediaType),
        [mediaTypes.ociLayerGzip, mediaTypes.ociLayer, mediaTypes.ociLayerGzip],
      );
      assert.deepEqual(rig.pulledLayers('1').map(digestOf), here.engine.details.diffIds);
    });

    it('does not touch an image that has no name: taking the temporary one away would remove it', async () => {
      const here = machine(layers);
      Object.assign(here.engine.details, { references: [] });
      const untagged = {
        ...here,
        engine: Object.assign(here.engine, { inspect: () => Promise.resolve(here.engine.details) }),
      };
      const error = await rig.failure(untagged);
      assert.match(error.message, /no name of its own/);
      assert.equal((await rig.push(untagged, { strategy: 'auto' })).strategy, 'export');
      assert.equal(here.pusher.pushes, 0);
    });
  });

  it('sends each blob once where two tags of an image are pushed at a time', async () => {
    for (const store of ['containerd', 'loaded', 'classic'] as const) {
      rig.reset();
      const pushes = ['1', '2'].map((tag) => rig.push(machine(layers, store), { tag, isCodecRequired: true }));
      const results = await Promise.all(pushes);
      const stored = [...rig.registry.blobs.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
      assert.equal(rig.registry.sentBytes, stored, store);
      assert.equal(
        results.reduce((sum, { uploadedBytes }) => sum + uploadedBytes, 0),
        stored,
        store,
      );
      for (const tag of ['1', '2'])
        assert.deepEqual(
          rig.pulledLayers(tag),
          layers.map(({ bytes }) => bytes),
        );
      assert.equal(rig.registry.openSessions, 0);
    }
  });

  describe("with containerd's store", () => {
    it('publishes what the engine has, byte for byte and under its digest', async () => {
      const here = machine(layers, 'containerd');
      const result = await rig.push(here);
      assert.equal(here.engine.opened, 0);
      const published = rig.registry.manifests.get('1') ?? Buffer.alloc(0);
      assert.match(published.toString(), /^\{\n {3}"schemaVersion"/);
      assert.equal(result.digest, digestOf(published));
      assert.equal(result.mediaType, mediaTypes.dockerManifest);
      assert.deepEqual(
        rig.pulledLayers('1'),
        layers.map(({ bytes }) => bytes),
      );
      await rig.assertNothingLeft(here);
    });

    it('needs one HEAD when nothing has changed since', async () => {
      const here = machine(layers, 'containerd');
      const first = await rig.push(here);
      rig.registry.calls.length = 0;
      const second = await rig.push(here);
      assert.deepEqual(rig.registry.calls, ['headManifest 1']);
      assert.deepEqual(
        [second.strategy, second.digest, second.mediaType, second.skippedBytes],
        ['none', first.digest, first.mediaType, first.uploadedBytes],
      );
    });

    it('takes what the registry has elsewhere', async () => {
      const here = machine(layers, 'containerd');
      await rig.push(here);
      const elsewhere = rig.registry;
      rig.registry = new FakeRepository();
      for (const [digest, blob] of elsewhere.blobs) rig.registry.elsewhere.set(digest, blob);
      const result = await rig.push(here, { tag: '2' });
      assert.equal(result.uploadedBytes, 0);
      assert.ok(result.mountedBytes > 700_000);
    });

    it('publishes while the engine still has its books to close, and ends when that is done', async () => {
      const here = machine(layers, 'containerd');
      const published = Promise.withResolvers<undefined>();
      rig.registry.onCall = (call) => {
        if (call === 'headManifest 1') published.resolve(undefined);
      };
      let hasEnded = false;
      here.pusher.onPushed = async () => {
        await published.promise;
        await turns(1000);
        hasEnded = true;
      };
      await rig.push(here);
      assert.ok(hasEnded);
      await rig.assertNothingLeft(here);
    });

    it('has succeeded when the engine breaks after everything came', async () => {
      const here = machine(layers, 'containerd');
      here.pusher.onPushed = () => Promise.reject(new TeaChestError('engineLost', 'The connection broke.'));
      assert.equal((await rig.push(here)).digest, digestOf(rig.registry.manifests.get('1') ?? Buffer.alloc(0)));
      await rig.assertNothingLeft(here);
    });

    it('is cancelled while the engine still has its books to close', async () => {
      const here = machine(layers, 'containerd');
      const stop = new AbortController();
      rig.registry.onCall = (call) => {
        if (call === 'putManifest') stop.abort();
        stop.signal.throwIfAborted();
      };
      here.pusher.onPushed = ({ signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => {
            reject(new TeaChestError('cancelled', 'Cancelled.'));
          });
        });
      assert.equal((await rig.failure(here, { signal: stop.signal })).code, 'cancelled');
      assert.equal(rig.registry.manifests.size, 0);
      await rig.assertNothingLeft(here);
    });
  });

  for (const store of ['classic', 'containerd', 'loaded'] as const) {
    const isCodecRequired = store === 'loaded';
    describe(`whatever goes wrong (${store})`, () => {
      it('reports our own error if the registry refuses, and stops the engine', async () => {
        rig.registry.onCall = (call) => {
          if (isSending(call)) throw new TeaChestError('quotaExceeded', 'The rig.registry has no room left.');
        };
        const here = machine(layers, store);
        const error = await rig.failure(here, { isCodecRequired });
        assert.deepEqual([error.code, error.stage], ['quotaExceeded', 'export']);
        assert.deepEqual([...rig.registry.manifests], []);
        await rig.assertNothingLeft(here);
      });

      it('has ended only when the temporary name is gone', async () => {
        const here = machine(layers, store);
        const published = Promise.withResolvers<undefined>();
        rig.registry.onCall = (call) => {
          if (call === 'headManifest 1') published.resolve(undefined);
        };
        let isGone = false;
        const untag = here.pusher.untag.bind(here.pusher);
        here.pusher.untag = async (name) => {
          await published.promise;
          await turns(1000);
          await untag(name);
          isGone = true;
        };
        await rig.push(here);
        assert.ok(isGone);
        await rig.assertNothingLeft(here);
      });

      it('leaves nothing behind when it is cancelled', async () => {
        const stop = new AbortController();
        rig.registry.onCall = (call) => {
          if (isSending(call)) stop.abort();
        };
        const here = machine(layers, store);
        assert.equal((await rig.failure(here, { isCodecRequired, signal: stop.signal })).code, 'cancelled');
        await rig.assertNothingLeft(here);
      });

      it('says so when the engine dies', async () => {
        const here = machine(layers, store);
        here.pusher.onRequest = (method, path) => {
          if (method === 'PUT' && path.includes('/uploads/'))
            throw new TeaChestError('engineLost', 'The connection broke.');
        };
        assert.equal((await rig.failure(here, { isCodecRequired })).code, 'engineLost');
        await rig.assertNothingLeft(here);
      });

      it('says so when the engine does not reach us and the relay is required', async () => {
        const here = machine(layers, store);
        here.pusher.unreachable = true;
        const error = await rig.failure(here, { isCodecRequired });
        assert.equal(error.code, 'engineFailed');
        assert.match(error.message, /“relay”.*127\.0\.0\.1/s);
        assert.equal(here.engine.opened, 0);
        assert.equal(rig.registry.manifests.size, 0);
        await rig.assertNothingLeft(here);
      });
    });
  }

  for (const code of ['registryUnreachable', 'chunksRefused', 'uploadLost'] as const) {
    it(`has containerd’s store send a blob again whose upload was interrupted (${code}), and sends it from the spool`, async () => {
      const here = machine(layers, 'containerd');
      let breaks = 1;
      rig.registry.onCall = (call) => {
        if (call !== 'streamed' || breaks-- <= 0) return;
        throw new UploadInterruptedError(new TeaChestError(code, 'The connection broke.'));
      };
      await rig.push(here);
      assert.equal(here.pusher.pushes, 1);
      assert.ok(here.pusher.resent >= 1);
      assert.ok(rig.registry.calls.includes('uploadBlob'));
      assert.deepEqual(
        rig.pulledLayers('1'),
        layers.map(({ bytes }) => bytes),
      );
      await rig.assertNothingLeft(here);
    });
  }

  it('does not take what a relay brought for the answer to a push in another compression', async () => {
    await rig.push(machine(layers), { codec: noCompression, isCodecRequired: true });
    const result = await rig.push(machine(layers), {
      codec: noCompression,
      isCodecRequired: true,
      strategy: 'auto',
    });
    assert.equal(result.strategy, 'export');
    const { layers: stored } = JSON.parse(String(rig.registry.manifests.get('1'))) as ImageManifest;
    assert.deepEqual(new Set(stored.map(({ mediaType }) => mediaType)), new Set([mediaTypes.ociLayer]));
  });

  it('gives the temporary name to nothing else than what has a name, so that no image goes with it', async () => {
    const here = machine(layers);
    const moved: string[] = [];
    const { pusher } = here;
    const tag = pusher.tag.bind(pusher);
    pusher.tag = (image, name) => {
      moved.push(image);
      return tag(image, name);
    };
    await rig.push(here);
    assert.equal(moved.at(-1), here.engine.details.references[0]);
    assert.equal(moved.length, 2 * pusher.pushes);
    await rig.assertNothingLeft(here);
  });

  it('shows bytes that were counted, and every layer placed at the end', async () => {
    await rig.push(machine(layers));
    const planned = rig.events.find((event) => event.type === 'planned');
    assert.equal(planned?.layers.length, 3);
    const progress = new PushProgress(() => 0);
    for (const event of rig.events) progress.apply(event);
    const { layers: rows, sentBytes, totalBytes, result } = progress.snapshot();
    assert.deepEqual(
      rows.map(({ state }) => state),
      ['uploaded', 'uploaded', 'uploaded'],
    );
    const config = rig.registry.pull('1').config.byteLength;
    assert.equal(sentBytes, (result?.uploadedBytes ?? 0) - config);
    assert.equal(totalBytes, sentBytes);
  });

  it('remembers across restarts which digest stands for which layer', async () => {
    const file = join(rig.folder, 'kept.json');
    rig.cache = new DigestCache(file, silentLogger, () => 0);
    const { pusher, engine } = machine(layers);
    await rig.push({ pusher, engine });
    const kept = new DigestCache(file, silentLogger, () => 0);
    await kept.load();
    const [diffId] = engine.details.diffIds as readonly [Digest];
    assert.equal(kept.engineDigest(pusher.id, diffId), pusher.known.get(diffId));
    assert.equal(kept.engineBlob(diffId)?.digest, undefined, 'the engine did not report how much it read');
  });
});
