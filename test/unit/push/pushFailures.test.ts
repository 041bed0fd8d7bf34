import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { TeaChestError } from '../../../src/core/base/errors.ts';
import { digestOf } from '../../../src/core/oci/digest.ts';
import { errorMessage } from '../../../src/host/errors/errorMessages.ts';
import { FakeEngine, FakeRepository, noCompression, someLayer } from './fakes.ts';
import { layers, PushRig } from './pushRig.ts';

describe('a push that goes wrong', () => {
  const rig = new PushRig();
  before(() => rig.setUp());
  after(() => rig.tearDown());
  beforeEach(() => {
    rig.reset();
  });

  it('sends what the engine holds compressed as it is, and proves it all the same', async () => {
    const tar = someLayer(5, 200_000);
    const stored = gzipSync(tar, { level: 9 });
    const engine = new FakeEngine([{ bytes: tar, sent: stored, named: false }]);
    await rig.push(engine);
    assert.ok(rig.registry.blobs.has(digestOf(stored)));
    const damaged = Buffer.from(stored);
    damaged.writeUInt8(damaged.readUInt8(damaged.length >> 1) ^ 0xff, damaged.length >> 1);
    rig.registry = new FakeRepository();
    rig.clearCache();
    const error = await rig.failure(new FakeEngine([{ bytes: tar, sent: damaged, named: false }]));
    assert.equal(error.code, 'archiveInvalid');
    assert.equal(rig.registry.manifests.size, 0);
  });

  it('refuses a layer whose bytes are not those of its diffID, and publishes nothing of it', async () => {
    for (const named of [true, false]) {
      rig.registry = new FakeRepository();
      const wrong = someLayer(4, 300_000);
      const engine = new FakeEngine([{ bytes: someLayer(1, 300_000), sent: wrong, named }]);
      const error = await rig.failure(engine, { codec: noCompression });
      assert.equal(error.code, 'layerMismatch');
      assert.equal(error.stage, 'verify');
      assert.match(error.message, new RegExp(digestOf(wrong).slice(7, 19)));
      assert.equal(rig.registry.blobs.size, 0);
      await rig.assertNothingLeft();
    }
  });

  it('says so if the archive ends before its manifest.json', async () => {
    const engine = new FakeEngine(layers);
    engine.endsEarly = true;
    assert.equal((await rig.failure(engine)).code, 'archiveTruncated');
    await rig.assertNothingLeft();
  });

  it('asks whether it may write before the engine is asked for a byte', async () => {
    rig.registry.onCall = (call) => {
      if (call === 'checkAccess') throw new TeaChestError('ownerNotFound', 'Gitea knows no owner dev.');
    };
    const engine = new FakeEngine(layers);
    const error = await rig.failure(engine);
    assert.deepEqual([error.code, error.stage, engine.opened], ['ownerNotFound', 'plan', 0]);
  });

  it('reports first that it may not write, even if the registry refuses other requests', async () => {
    await rig.push(new FakeEngine(layers));
    const asked = Promise.withResolvers<undefined>();
    rig.registry.onCall = async (call) => {
      if (call === 'headBlob') {
        asked.resolve(undefined);
        throw new TeaChestError('registryFailed', 'Gitea answered 500.');
      }
      if (call !== 'checkAccess') return;
      await asked.promise;
      await new Promise(setImmediate);
      throw new TeaChestError('accessDenied', 'You may not write there.');
    };
    const error = await rig.failure(new FakeEngine(layers), { tag: '2' });
    assert.deepEqual([error.code, error.stage], ['accessDenied', 'plan']);
  });

  it('stops the engine and the other uploads when one upload fails, and reports the failure that came first', async () => {
    const failed = Promise.withResolvers<undefined>();
    rig.registry.onCall = (call) => {
      if (call !== 'uploadBlob') return;
      failed.resolve(undefined);
      throw new TeaChestError('registryFailed', 'Gitea answered 500.');
    };
    const engine = new FakeEngine(layers);
    engine.onChunk = async (layer) => {
      if (layer > 0) await failed.promise;
    };
    const error = await rig.failure(engine);
    assert.deepEqual([error.code, error.message], ['registryFailed', 'Gitea answered 500.']);
    await rig.assertNothingLeft();
  });

  it('reports an engine that stops during an export, keeps the old tag, and sends less the next time', async () => {
    const engine = new FakeEngine(layers);
    let gone = true;
    engine.onChunk = async (layer) => {
      // The first two layers get time to arrive.
      while (gone && layer === 2 && rig.registry.blobs.size < 2) await new Promise((resolve) => setTimeout(resolve, 5));
      if (gone && layer === 2) throw new TeaChestError('engineLost', 'The engine closed the connection.');
    };
    rig.registry.manifests.set('1', Buffer.from('{"layers":[]}'));
    const error = await rig.failure(engine);
    assert.deepEqual([error.code, error.stage], ['engineLost', 'export']);
    assert.equal(String(rig.registry.manifests.get('1')), '{"layers":[]}');
    await rig.assertNothingLeft();
    gone = false;
    engine.read.length = 0;
    const result = await rig.push(engine);
    assert.deepEqual(engine.read, [2]);
    assert.ok(result.skippedBytes > 0);
  });

  it('leaves nothing behind when it is cancelled, at whichever step', async () => {
    for (const step of ['checkAccess', 'headBlob', 'uploadBlob', 'chunk', 'putManifest']) {
      rig.registry = new FakeRepository();
      rig.clearCache();
      // Of a repository without tags nothing is asked.
      rig.registry.listTags = () => Promise.resolve(['other']);
      const controller = new AbortController();
      rig.registry.onCall = (call) => {
        if (call !== step) return;
        controller.abort();
        controller.signal.throwIfAborted();
      };
      const error = await rig.failure(new FakeEngine(layers), { signal: controller.signal });
      assert.equal(error.code, 'cancelled', `cancelled at ${step}`);
      assert.equal(rig.registry.manifests.size, 0, `cancelled at ${step}`);
      await rig.assertNothingLeft();
    }
  });

  describe('while a large layer is being read and sent at the same time', () => {
    const big = someLayer(8, 60_000_000);
    /** An engine that stops giving in the middle of the layer, and what becomes of a push then. */
    function stalledEngine(atStall: () => void): FakeEngine {
      const engine = new FakeEngine([{ bytes: big }]);
      engine.onChunk = async (_layer, offset) => {
        if (offset < 40_000_000) return;
        atStall();
        await new Promise((resolve) => setTimeout(resolve, 60_000).unref());
      };
      return engine;
    }

    it('a cancel ends both at once', async () => {
      const controller = new AbortController();
      const engine = stalledEngine(() => {
        controller.abort();
        controller.signal.throwIfAborted();
      });
      const error = await rig.failure(engine, { codec: noCompression, signal: controller.signal });
      assert.equal(error.code, 'cancelled');
      await rig.assertNothingLeft();
    });

    it('an engine that goes away ends both at once', async () => {
      const engine = stalledEngine(() => {
        throw new TeaChestError('engineLost', 'The engine is gone.');
      });
      const error = await rig.failure(engine, { codec: noCompression });
      assert.deepEqual([error.code, error.stage], ['engineLost', 'export']);
      await rig.assertNothingLeft();
    });

    it('a refusal by the registry is reported at once, not after the layer was read', async () => {
      let read = 0;
      const engine = new FakeEngine([{ bytes: big }]);
      const refused = Promise.withResolvers<undefined>();
      engine.onChunk = async (_layer, offset) => {
        read = offset;
        if (offset > 20_000_000) await refused.promise;
      };
      rig.registry.onCall = (call) => {
        if (call !== 'chunk') return;
        refused.resolve(undefined);
        throw new TeaChestError('quotaExceeded', 'No room.');
      };
      const error = await rig.failure(engine, { codec: noCompression });
      assert.deepEqual([error.code, error.stage], ['quotaExceeded', 'upload']);
      assert.ok(read < 30_000_000, `${read} bytes were read before anybody said so`);
      await rig.assertNothingLeft();
    });
  });

  it('counts a push as done that was cancelled after the registry had taken its manifest', async () => {
    const controller = new AbortController();
    rig.registry.onCall = (call) => {
      if (call === 'headManifest 1') controller.abort();
    };
    const result = await rig.push(new FakeEngine(layers), { signal: controller.signal });
    assert.equal(result.digest, digestOf(rig.registry.manifests.get('1') ?? Buffer.alloc(0)));
  });

  it('checks all blobs again, once, when the registry has lost some that it said it had', async () => {
    const engine = new FakeEngine(layers);
    await rig.push(engine);
    rig.registry.manifests.clear();
    let losses = 0;
    rig.registry.onCall = (call) => {
      if (call === 'putManifest' && losses++ === 0)
        rig.registry.blobs.delete([...rig.registry.blobs.keys()][0] ?? assert.fail());
    };
    await rig.push(engine);
    assert.equal(losses, 2);
    assert.deepEqual(
      rig.registry.pull('1').layers,
      layers.map(({ bytes }) => bytes),
    );
  });

  it('sends a layer again if the registry’s blob of its digest has another size', async () => {
    await rig.push(new FakeEngine(layers));
    const [first = assert.fail()] = rig.registry.blobs.keys();
    rig.registry.blobs.set(first, Buffer.from('cut short'));
    const engine = new FakeEngine(layers);
    await rig.push(engine, { tag: '2' });
    assert.equal(engine.read.length, 1);
    assert.deepEqual(
      rig.registry.pull('2').layers,
      layers.map(({ bytes }) => bytes),
    );
  });

  it('does not call a push done when the tag holds something else afterwards', async () => {
    rig.registry.onCall = (call) => {
      if (call === 'headManifest 1') rig.registry.manifests.set('1', Buffer.from('{}'));
    };
    const error = await rig.failure(new FakeEngine(layers));
    assert.deepEqual([error.code, error.stage], ['digestMismatch', 'check']);
    assert.ok(!rig.events.some(({ type }) => type === 'done'));
  });

  for (const [what, failure, code, why] of [
    [
      'does not answer in time',
      new TeaChestError('cancelled', 'Cancelled.'),
      'registryUnreachable',
      'did not answer in time',
    ],
    ['fails', new TeaChestError('registryFailed', 'Gitea answered 500.'), 'registryFailed', 'Gitea answered 500.'],
  ] as const) {
    it(`says that the image was published where the registry ${what} at the last look`, async () => {
      rig.registry.onCall = (call) => {
        if (call === 'headManifest 1' && rig.registry.manifests.has('1')) {
          throw failure;
        }
      };
      const error = await rig.failure(new FakeEngine(layers));
      assert.deepEqual([error.code, error.stage], [code, 'check']);
      assert.match(error.message, /app:1 was published, but .* could not be checked: /);
      assert.ok(error.message.includes(why), error.message);
      assert.match(errorMessage(error).message, /Push it again/);
    });
  }

  it('says which image the engine does not have, and which folder cannot be used', async () => {
    const missing = await rig.failure(new FakeEngine(layers), { image: 'gone:1' });
    assert.deepEqual([missing.code, missing.stage], ['imageNotFound', 'inspect']);
    const file = join(rig.folder, 'a-file');
    await writeFile(file, '');
    const blocked = await rig.failure(new FakeEngine(layers), { spoolRoot: file });
    assert.equal(blocked.code, 'spoolFailed');
    assert.match(blocked.message, /a-file/);
  });
});
