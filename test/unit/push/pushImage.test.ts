import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { TeaChestError } from '../../../src/core/base/errors.ts';
import { digestOf } from '../../../src/core/oci/digest.ts';
import type { LayerCodec } from '../../../src/core/push/contracts.ts';
import { DigestCache } from '../../../src/core/push/digestCache.ts';
import type { PushEvent, PushResult } from '../../../src/core/push/events.ts';
import { pushImage } from '../../../src/core/push/pushImage.ts';
import { silentLogger } from '../../tools/silentLogger.ts';
import { FakeEngine, FakeRepository, noCompression, plainGzip, someLayer } from './fakes.ts';

const layers = [someLayer(1, 300_000), someLayer(2, 50_000), someLayer(3, 1_000)].map((bytes) => ({ bytes }));

describe('pushImage', () => {
  let folder: string;
  let registry: FakeRepository;
  let cache: DigestCache;
  let events: PushEvent[];

  before(async () => (folder = await mkdtemp(join(tmpdir(), 'tea-chest-push-'))));
  after(() => rm(folder, { recursive: true }));
  beforeEach(() => {
    registry = new FakeRepository();
    cache = new DigestCache(join(folder, `cache-${Math.random()}.json`), silentLogger, () => 0);
    events = [];
  });

  const spoolRoot = (): string => join(folder, 'spool');
  async function push(
    engine: FakeEngine,
    options: { tag?: string; codec?: LayerCodec; signal?: AbortSignal; image?: string; spoolRoot?: string } = {},
  ): Promise<PushResult> {
    return await pushImage(
      {
        image: options.image ?? 'app:1',
        origin: 'https://gitea.test',
        repository: 'gitea.test/dev/app',
        tag: options.tag ?? '1',
        codec: options.codec ?? plainGzip,
        parallelBlobs: 2,
      },
      {
        source: engine,
        target: registry,
        cache,
        spoolRoot: options.spoolRoot ?? spoolRoot(),
        spoolLimit: 1e6,
        logger: silentLogger,
        now: Date.now,
      },
      { signal: options.signal ?? new AbortController().signal, onEvent: (event) => events.push(event) },
    );
  }
  async function failure(work: Promise<unknown>): Promise<TeaChestError> {
    const error = await work.then(
      () => assert.fail('the push should have failed'),
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof TeaChestError, String(error));
    return error;
  }
  async function assertNothingLeft(): Promise<void> {
    assert.equal(registry.openSessions, 0, 'an upload session stayed open');
    assert.deepEqual(await readdir(spoolRoot()).catch(() => []), [], 'the spool was not cleaned');
  }

  it('brings config and layers over, bit for bit, and counts what it sent', async () => {
    const engine = new FakeEngine(layers);
    const result = await push(engine);
    const pulled = registry.pull('1');
    assert.deepEqual(pulled.config, engine.config);
    assert.deepEqual(
      pulled.layers,
      layers.map(({ bytes }) => bytes),
    );
    assert.equal(result.reference, 'gitea.test/dev/app:1');
    assert.equal(result.digest, digestOf(registry.manifests.get('1') ?? Buffer.alloc(0)));
    assert.equal(result.strategy, 'export');
    assert.equal(
      result.uploadedBytes,
      [...registry.blobs.values()].reduce((sum, blob) => sum + blob.byteLength, 0),
    );
    assert.equal(result.mountedBytes + result.skippedBytes, 0);
    await assertNothingLeft();
  });

  it('asks the engine one inspect and the registry one HEAD when nothing has changed', async () => {
    const engine = new FakeEngine(layers);
    const first = await push(engine);
    registry.calls.length = 0;
    const second = await push(engine);
    assert.deepEqual(registry.calls, ['headManifest 1']);
    assert.equal(engine.inspected, 2);
    assert.equal(engine.opened, 1);
    assert.equal(second.digest, first.digest);
    assert.equal(second.strategy, 'none');
    assert.equal(second.uploadedBytes, 0);
    assert.equal(second.skippedBytes, first.uploadedBytes);
  });

  it('remembers across restarts: another cache object on the same file moves nothing either', async () => {
    const engine = new FakeEngine(layers);
    const file = join(folder, 'kept.json');
    cache = new DigestCache(file, silentLogger, () => 0);
    await push(engine);
    cache = new DigestCache(file, silentLogger, () => 0);
    assert.equal((await push(engine)).strategy, 'none');
  });

  it('publishes another tag of a known image without reading it again', async () => {
    const engine = new FakeEngine(layers);
    await push(engine);
    const result = await push(engine, { tag: '2' });
    assert.equal(engine.opened, 1);
    assert.equal(result.uploadedBytes, 0);
    assert.deepEqual(registry.manifests.get('2'), registry.manifests.get('1'));
  });

  it('reads and sends only the layer that is new', async () => {
    await push(new FakeEngine(layers));
    const changed = new FakeEngine([...layers.slice(0, 2), { bytes: someLayer(9, 2_000) }]);
    const result = await push(changed);
    assert.deepEqual(changed.read, [2]);
    assert.ok(result.uploadedBytes < 5_000, `${result.uploadedBytes} bytes were sent`);
    assert.deepEqual(registry.pull('1').layers[2], someLayer(9, 2_000));
  });

  it('takes blobs from elsewhere in the registry before it compresses them, when it knows their digests', async () => {
    await push(new FakeEngine(layers));
    const other = new FakeRepository();
    for (const [digest, blob] of registry.blobs) other.elsewhere.set(digest, blob);
    registry = other;
    const engine = new FakeEngine(layers);
    const result = await push(engine);
    assert.equal(engine.opened, 0);
    assert.ok(result.mountedBytes > 0);
    assert.ok(!other.calls.includes('uploadBlob'));
  });

  it('offers a plain registry the repositories where it saw a blob, and only those', async () => {
    registry.kind = 'generic';
    const engine = new FakeEngine(layers);
    await push(engine);
    assert.ok(!registry.calls.some((call) => call.startsWith('mountBlob')));
    cache.rememberLocation(
      'https://gitea.test',
      [...registry.blobs.keys()][0] ?? digestOf(Buffer.alloc(0)),
      'dev/other',
    );
    registry.blobs.clear();
    await push(engine, { tag: '2' });
    assert.ok(registry.calls.includes('mountBlob dev/other'));
  });

  it('finds out which layer it has read where the archive does not tell', async () => {
    const engine = new FakeEngine(layers.map((layer) => ({ ...layer, named: false })));
    await push(engine);
    assert.deepEqual(
      registry.pull('1').layers,
      layers.map(({ bytes }) => bytes),
    );
    registry.manifests.clear();
    const changed = new FakeEngine(
      [...layers.slice(0, 2), { bytes: someLayer(9, 2_000) }].map((layer) => ({ ...layer, named: false })),
    );
    const result = await push(changed);
    assert.ok(result.uploadedBytes < 5_000, 'known layers were sent again');
    await assertNothingLeft();
  });

  it('copes with the same layer twice, with an empty layer and with no layer at all', async () => {
    const twice = new FakeEngine([
      layers[0] ?? assert.fail(),
      { bytes: Buffer.alloc(1024) },
      layers[0] ?? assert.fail(),
    ]);
    await push(twice);
    assert.equal(registry.pull('1').layers.length, 3);
    assert.deepEqual(twice.read, [0, 1]);
    await push(new FakeEngine([]), { tag: 'none' });
    assert.equal(registry.pull('none').layers.length, 0);
  });

  it('sends what the engine holds compressed as it is, and proves it all the same', async () => {
    const tar = someLayer(5, 200_000);
    const stored = gzipSync(tar, { level: 9 });
    const engine = new FakeEngine([{ bytes: tar, sent: stored, named: false }]);
    await push(engine);
    assert.ok(registry.blobs.has(digestOf(stored)));
    const damaged = Buffer.from(stored);
    damaged.writeUInt8(damaged.readUInt8(damaged.length >> 1) ^ 0xff, damaged.length >> 1);
    registry = new FakeRepository();
    cache = new DigestCache(join(folder, 'fresh.json'), silentLogger, () => 0);
    const error = await failure(push(new FakeEngine([{ bytes: tar, sent: damaged, named: false }])));
    assert.equal(error.code, 'archiveInvalid');
    assert.equal(registry.manifests.size, 0);
  });

  it('passes over blobs of another platform’s image', async () => {
    const engine = new FakeEngine(layers);
    const foreign = gzipSync(someLayer(77, 5_000));
    const body = (async function* () {
      yield await Promise.resolve(foreign);
    })();
    engine.extra = [{ kind: 'layer', path: 'blobs/other', size: foreign.byteLength, expectedDiffId: undefined, body }];
    await push(engine);
    assert.ok(!registry.blobs.has(digestOf(foreign)));
    await assertNothingLeft();
  });

  it('refuses a layer whose bytes are not those of its diffID, and publishes nothing of it', async () => {
    for (const named of [true, false]) {
      registry = new FakeRepository();
      const wrong = someLayer(4, 300_000);
      const engine = new FakeEngine([{ bytes: someLayer(1, 300_000), sent: wrong, named }]);
      const error = await failure(push(engine, { codec: noCompression }));
      assert.equal(error.code, 'layerMismatch');
      assert.equal(error.stage, 'verify');
      assert.match(error.message, new RegExp(digestOf(wrong).slice(7, 19)));
      assert.equal(registry.blobs.size, 0);
      await assertNothingLeft();
    }
  });

  it('says so when the archive ends before it has told what is in it', async () => {
    const engine = new FakeEngine(layers);
    engine.endsEarly = true;
    assert.equal((await failure(push(engine))).code, 'archiveTruncated');
    await assertNothingLeft();
  });

  it('asks whether it may write before the engine is asked for a byte', async () => {
    registry.onCall = (call) => {
      if (call === 'checkAccess') throw new TeaChestError('ownerNotFound', 'Gitea knows no owner dev.');
    };
    const engine = new FakeEngine(layers);
    const error = await failure(push(engine));
    assert.deepEqual([error.code, error.stage, engine.opened], ['ownerNotFound', 'plan', 0]);
  });

  it('stops the engine and the other uploads when one upload fails, and tells the failure that came first', async () => {
    registry.onCall = (call) => {
      if (call === 'uploadBlob') throw new TeaChestError('registryFailed', 'Gitea answered 500.');
    };
    const engine = new FakeEngine(layers);
    engine.onChunk = async (layer) => {
      if (layer > 0) await new Promise((resolve) => setTimeout(resolve, 20));
    };
    const error = await failure(push(engine));
    assert.deepEqual([error.code, error.message], ['registryFailed', 'Gitea answered 500.']);
    await assertNothingLeft();
  });

  it('tells an engine that goes away in mid-export, keeps the old tag, and needs less the next time', async () => {
    const engine = new FakeEngine(layers);
    let gone = true;
    engine.onChunk = async (layer) => {
      // The first two layers get time to arrive.
      while (gone && layer === 2 && registry.blobs.size < 2) await new Promise((resolve) => setTimeout(resolve, 5));
      if (gone && layer === 2) throw new TeaChestError('engineLost', 'The engine closed the connection.');
    };
    registry.manifests.set('1', Buffer.from('{"layers":[]}'));
    const error = await failure(push(engine));
    assert.deepEqual([error.code, error.stage], ['engineLost', 'export']);
    assert.equal(String(registry.manifests.get('1')), '{"layers":[]}');
    await assertNothingLeft();
    gone = false;
    engine.read.length = 0;
    const result = await push(engine);
    assert.deepEqual(engine.read, [2]);
    assert.ok(result.skippedBytes > 0);
  });

  it('leaves nothing behind when it is cancelled, at whichever step', async () => {
    for (const step of ['checkAccess', 'headBlob', 'uploadBlob', 'chunk', 'putBlob', 'putManifest']) {
      registry = new FakeRepository();
      cache = new DigestCache(join(folder, `cancel-${step}.json`), silentLogger, () => 0);
      const controller = new AbortController();
      registry.onCall = (call) => {
        if (call !== step) return;
        controller.abort();
        controller.signal.throwIfAborted();
      };
      const error = await failure(push(new FakeEngine(layers), { signal: controller.signal }));
      assert.equal(error.code, 'cancelled', `cancelled at ${step}`);
      assert.equal(registry.manifests.size, 0, `cancelled at ${step}`);
      await assertNothingLeft();
    }
  });

  it('gives up an upload that is under way once the registry turns out to have the blob', async () => {
    const big = someLayer(6, 40_000_000);
    registry.elsewhere.set(digestOf(big), big);
    registry.chunk = 1_000_000;
    registry.onCall = async (call) => {
      // A slow registry: most of the blob is still unsent when the last byte has been read.
      if (call === 'chunk') await new Promise((resolve) => setTimeout(resolve, 20));
    };
    const result = await push(new FakeEngine([{ bytes: big }]), { codec: noCompression });
    assert.equal(result.mountedBytes, big.byteLength);
    assert.ok(registry.calls.filter((call) => call === 'chunk').length < 39, 'the whole blob was sent');
    await assertNothingLeft();
  });

  it('checks all blobs again, once, when the registry has lost some that it said it had', async () => {
    const engine = new FakeEngine(layers);
    await push(engine);
    registry.manifests.clear();
    let losses = 0;
    registry.onCall = (call) => {
      if (call === 'putManifest' && losses++ === 0)
        registry.blobs.delete([...registry.blobs.keys()][0] ?? assert.fail());
    };
    await push(engine);
    assert.equal(losses, 2);
    assert.deepEqual(
      registry.pull('1').layers,
      layers.map(({ bytes }) => bytes),
    );
  });

  it('learns from the tags of the repository what a fresh machine cannot know', async () => {
    await push(new FakeEngine(layers), { tag: 'latest' });
    cache = new DigestCache(join(folder, 'fresh-machine.json'), silentLogger, () => 0);
    const changed = new FakeEngine([...layers.slice(0, 2), { bytes: someLayer(9, 2_000) }]);
    const result = await push(changed, { tag: '2' });
    assert.deepEqual(changed.read, [2]);
    assert.ok(result.uploadedBytes < 5_000 && result.skippedBytes > 10_000, JSON.stringify(result));
    assert.deepEqual(registry.pull('2').layers[0], layers[0]?.bytes);
  });

  it('learns nothing from a tag in another compression, and is not hurt by one that makes no sense', async () => {
    await push(new FakeEngine(layers), { codec: noCompression });
    for (const manifest of [registry.manifests.get('1'), '{"config":7,"layers":[{}]}', 'no json', '[]', undefined]) {
      cache = new DigestCache(join(folder, `fresh-${Math.random()}.json`), silentLogger, () => 0);
      registry.manifests.clear();
      registry.manifests.set('old', Buffer.from(manifest ?? '{}'));
      const engine = new FakeEngine(layers);
      await push(engine);
      assert.deepEqual(engine.read, [0, 1, 2]);
    }
    registry.onCall = (call) => {
      if (call === 'listTags') throw new TeaChestError('registryFailed', 'tags are out of order');
    };
    cache = new DigestCache(join(folder, 'fresh-last.json'), silentLogger, () => 0);
    await push(new FakeEngine(layers));
  });

  it('sends a layer anew when what the registry has under its digest is of another size', async () => {
    await push(new FakeEngine(layers));
    const [first = assert.fail()] = registry.blobs.keys();
    registry.blobs.set(first, Buffer.from('cut short'));
    const engine = new FakeEngine(layers);
    await push(engine, { tag: '2' });
    assert.equal(engine.read.length, 1);
    assert.deepEqual(
      registry.pull('2').layers,
      layers.map(({ bytes }) => bytes),
    );
  });

  it('does not call a push done when the tag holds something else afterwards', async () => {
    registry.onCall = (call) => {
      if (call === 'headManifest 1') registry.manifests.set('1', Buffer.from('{}'));
    };
    const error = await failure(push(new FakeEngine(layers)));
    assert.deepEqual([error.code, error.stage], ['digestMismatch', 'check']);
    assert.ok(!events.some(({ type }) => type === 'done'));
  });

  it('says which image the engine does not have, and which folder cannot be used', async () => {
    const missing = await failure(push(new FakeEngine(layers), { image: 'gone:1' }));
    assert.deepEqual([missing.code, missing.stage], ['imageNotFound', 'inspect']);
    const file = join(folder, 'a-file');
    await writeFile(file, '');
    const blocked = await failure(push(new FakeEngine(layers), { spoolRoot: file }));
    assert.equal(blocked.code, 'spoolFailed');
    assert.match(blocked.message, /a-file/);
  });

  it('tells what happens in bytes that were counted', async () => {
    const engine = new FakeEngine(layers);
    await push(engine);
    const stages = events.flatMap((event) => (event.type === 'stage' ? [event.stage] : []));
    assert.deepEqual(stages, ['inspect', 'plan', 'export', 'upload', 'manifest', 'check']);
    layers.forEach(({ bytes }, index) => {
      const last = events
        .flatMap((event) => (event.type === 'layer' && event.index === index ? [event.status] : []))
        .at(-1);
      const stored = registry.blobs.get(digestOf(gzipSync(bytes, { level: 1 })))?.byteLength;
      assert.ok(stored !== undefined);
      assert.deepEqual(
        [last?.state, last?.readBytes, last?.readTotal, last?.storedTotal, last?.sentBytes],
        ['uploaded', bytes.byteLength, bytes.byteLength, stored, stored],
      );
    });
    assert.equal(events.at(-1)?.type, 'done');
  });
});
