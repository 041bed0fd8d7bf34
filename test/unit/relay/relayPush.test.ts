import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { TeaChestError } from '../../../src/core/base/errors.ts';
import { digestOf, type Digest } from '../../../src/core/oci/digest.ts';
import type { ImageManifest } from '../../../src/core/oci/manifest.ts';
import { mediaTypes } from '../../../src/core/oci/mediaTypes.ts';
import { DigestCache } from '../../../src/core/push/digestCache.ts';
import type { LayerCodec } from '../../../src/core/push/contracts.ts';
import type { PushEvent, PushResult } from '../../../src/core/push/events.ts';
import { PushProgress } from '../../../src/core/push/progress.ts';
import { pushImage } from '../../../src/core/push/pushImage.ts';
import { Reachability } from '../../../src/core/push/relay/reachability.ts';
import { RelayDoor } from '../../../src/core/push/relay/relayDoor.ts';
import { silentLogger } from '../../tools/silentLogger.ts';
import { FakeEngine, FakeRepository, noCompression, plainGzip } from '../push/fakes.ts';
import { FakePusher } from './fakePusher.ts';

const layers = [400_000, 300_000, 2_000].map((size) => ({ bytes: randomBytes(size) }));
const changed = [...layers.slice(0, 2), { bytes: randomBytes(5_000) }];

/** Bytes of a blob are on their way to the registry. */
const isSending = (call: string): boolean => call === 'chunk' || call === 'passing';

interface Machine {
  readonly engine: FakeEngine;
  readonly pusher: FakePusher;
}

/** `loaded`: containerd's store, which has the first layer uncompressed. */
type Store = 'classic' | 'containerd' | 'loaded';

function machine(bytes: readonly { readonly bytes: Buffer }[], store: Store = 'classic'): Machine {
  const engine = new FakeEngine(bytes);
  const layers = bytes.map((layer) => layer.bytes);
  if (store === 'classic') return { engine, pusher: new FakePusher({ layers, config: engine.config }, store) };
  const id = digestOf(Buffer.from('a manifest'));
  Object.assign(engine.details, { id, manifestType: mediaTypes.dockerManifest });
  const uncompressed = store === 'loaded' ? [0] : [];
  return { engine, pusher: new FakePusher({ layers, config: engine.config, uncompressed }, 'containerd') };
}

describe('pushImage by the relay', () => {
  let folder: string;
  let registry: FakeRepository;
  let cache: DigestCache;
  let door: RelayDoor;
  let reachability: Reachability;
  let events: PushEvent[];
  let clock: number;

  before(async () => (folder = await mkdtemp(join(tmpdir(), 'tea-chest-relay-'))));
  after(() => rm(folder, { recursive: true }));
  beforeEach(() => {
    clock = 0;
    registry = new FakeRepository();
    cache = new DigestCache(join(folder, `cache-${Math.random()}.json`), silentLogger, () => 0);
    door = new RelayDoor({ port: 0, secret: 'secret', onPort: () => undefined, logger: silentLogger });
    reachability = new Reachability(() => clock);
    events = [];
  });

  async function push(
    { engine, pusher }: Machine,
    options: {
      tag?: string;
      strategy?: 'auto' | 'export' | 'relay';
      codec?: LayerCodec;
      isCodecFree?: boolean;
      compressStored?: boolean;
      signal?: AbortSignal;
    } = {},
  ): Promise<PushResult> {
    const { strategy: wanted = 'relay', codec = plainGzip, isCodecFree = false } = options;
    const strategy = wanted === 'auto' ? undefined : wanted;
    return await pushImage(
      {
        ...{ image: 'app:1', origin: 'https://gitea.test', repository: 'gitea.test/dev/app' },
        ...{ tag: options.tag ?? '1', codec, isCodecFree, parallelBlobs: 2, strategy },
        compressStored: options.compressStored === true,
      },
      {
        ...{ source: engine, target: registry, cache, spoolRoot: join(folder, 'spool'), spoolLimit: 1e6 },
        ...{ logger: silentLogger, now: Date.now, relay: { pusher, door, reachability } },
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
  async function assertNothingLeft({ pusher }: Machine): Promise<void> {
    assert.deepEqual([...pusher.tags], [], 'a temporary name was left');
    assert.equal(registry.openSessions, 0, 'an upload session stayed open');
    assert.deepEqual(await readdir(join(folder, 'spool')).catch(() => []), [], 'the spool was not cleaned');
  }
  const pulledLayers = (tag: string): Buffer[] => registry.pull(tag).layers;

  describe('with a classic store', () => {
    it('brings config and layers over, bit for bit, without an export', async () => {
      const here = machine(layers);
      const result = await push(here);
      assert.equal(here.engine.opened, 0);
      assert.equal(result.strategy, 'relay');
      assert.deepEqual(registry.pull('1').config, here.engine.config);
      assert.deepEqual(
        pulledLayers('1'),
        layers.map(({ bytes }) => bytes),
      );
      const stored = [...registry.blobs.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
      assert.equal(result.uploadedBytes, stored);
      assert.equal(result.digest, digestOf(registry.manifests.get('1') ?? Buffer.alloc(0)));
      await assertNothingLeft(here);
    });

    it('needs one HEAD when nothing has changed since', async () => {
      const here = machine(layers);
      const first = await push(here);
      registry.calls.length = 0;
      const second = await push(here);
      assert.deepEqual(registry.calls, ['headManifest 1']);
      assert.deepEqual([second.strategy, second.digest], ['none', first.digest]);
      assert.equal(here.pusher.pushes, 1);
    });

    it('sends only the changed layer, though the engine never pushed the others and they were compressed by us', async () => {
      await push(machine(layers), { strategy: 'export' });
      const exported = new Set(registry.blobs.keys());
      const here = machine(changed);
      const result = await push(here, { tag: '2' });
      assert.equal(result.strategy, 'relay');
      const added = [...registry.blobs].filter(([digest]) => !exported.has(digest));
      assert.equal(added.length, 2, 'the changed layer and the config');
      assert.equal(
        result.uploadedBytes,
        added.reduce((sum, [, { byteLength }]) => sum + byteLength, 0),
      );
      assert.deepEqual(
        pulledLayers('2'),
        changed.map(({ bytes }) => bytes),
      );
      await assertNothingLeft(here);
    });

    it('lets the engine learn its digests once: the next push asks for all layers at once', async () => {
      await push(machine(layers), { strategy: 'export' });
      const first = machine(changed);
      await push(first, { tag: '2' });
      const learned = first.pusher.pushes;
      const second = machine([...changed.slice(0, 2), { bytes: randomBytes(3_000) }]);
      for (const [diffId, digest] of first.pusher.known) second.pusher.known.set(diffId, digest);
      await push(second, { tag: '3' });
      assert.deepEqual([learned, second.pusher.pushes], [2, 1]);
    });

    it('exports a layer which the engine did not send because it took its digest for that of another', async () => {
      const first = machine(layers);
      await push(first);
      const here = machine(changed);
      for (const [diffId, digest] of first.pusher.known) here.pusher.known.set(diffId, digest);
      const [shared, , odd] = here.engine.details.diffIds as readonly [Digest, Digest, Digest];
      here.pusher.known.set(odd, first.pusher.known.get(shared) ?? shared);
      const result = await push(here, { tag: '2' });
      assert.equal(result.strategy, 'export');
      assert.deepEqual(
        pulledLayers('2'),
        changed.map(({ bytes }) => bytes),
      );
      await assertNothingLeft(here);
    });

    it('does not touch an image that has no name: taking the temporary one away would remove it', async () => {
      const here = machine(layers);
      Object.assign(here.engine.details, { references: [] });
      const untagged = {
        ...here,
        engine: Object.assign(here.engine, { inspect: () => Promise.resolve(here.engine.details) }),
      };
      const error = await failure(push(untagged));
      assert.match(error.message, /no name of its own/);
      assert.equal((await push(untagged, { strategy: 'auto' })).strategy, 'export');
      assert.equal(here.pusher.pushes, 0);
    });
  });

  describe("with containerd's store", () => {
    it('publishes what the engine has, byte for byte and under its digest', async () => {
      const here = machine(layers, 'containerd');
      const result = await push(here);
      assert.equal(here.engine.opened, 0);
      const published = registry.manifests.get('1') ?? Buffer.alloc(0);
      assert.match(published.toString(), /^\{\n {3}"schemaVersion"/);
      assert.equal(result.digest, digestOf(published));
      assert.equal(result.mediaType, mediaTypes.dockerManifest);
      assert.deepEqual(
        pulledLayers('1'),
        layers.map(({ bytes }) => bytes),
      );
      await assertNothingLeft(here);
    });

    it('needs one HEAD when nothing has changed since', async () => {
      const here = machine(layers, 'containerd');
      const first = await push(here);
      registry.calls.length = 0;
      const second = await push(here);
      assert.deepEqual(registry.calls, ['headManifest 1']);
      assert.deepEqual(
        [second.strategy, second.digest, second.mediaType, second.skippedBytes],
        ['none', first.digest, first.mediaType, first.uploadedBytes],
      );
    });

    it('takes what the registry has elsewhere', async () => {
      const here = machine(layers, 'containerd');
      await push(here);
      const elsewhere = registry;
      registry = new FakeRepository();
      for (const [digest, blob] of elsewhere.blobs) registry.elsewhere.set(digest, blob);
      const result = await push(here, { tag: '2' });
      assert.equal(result.uploadedBytes, 0);
      assert.ok(result.mountedBytes > 700_000);
    });

    it('publishes while the engine still has its books to close, and ends when that is done', async () => {
      const here = machine(layers, 'containerd');
      const published = Promise.withResolvers<undefined>();
      registry.onCall = (call) => {
        if (call === 'headManifest 1') published.resolve(undefined);
      };
      let hasEnded = false;
      here.pusher.onPushed = async () => {
        await published.promise;
        await sleep(30);
        hasEnded = true;
      };
      await push(here);
      assert.ok(hasEnded);
      await assertNothingLeft(here);
    });

    it('has succeeded when the engine breaks after everything came', async () => {
      const here = machine(layers, 'containerd');
      here.pusher.onPushed = () => Promise.reject(new TeaChestError('engineLost', 'The connection broke.'));
      assert.equal((await push(here)).digest, digestOf(registry.manifests.get('1') ?? Buffer.alloc(0)));
      await assertNothingLeft(here);
    });

    it('is cancelled while the engine still has its books to close', async () => {
      const here = machine(layers, 'containerd');
      const stop = new AbortController();
      registry.onCall = (call) => {
        if (call === 'putManifest') stop.abort();
        stop.signal.throwIfAborted();
      };
      here.pusher.onPushed = ({ signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => {
            reject(new TeaChestError('cancelled', 'Cancelled.'));
          });
        });
      assert.equal((await failure(push(here, { signal: stop.signal }))).code, 'cancelled');
      assert.equal(registry.manifests.size, 0);
      await assertNothingLeft(here);
    });

    describe('that holds layers uncompressed', () => {
      const loaded = [{ bytes: Buffer.from(randomBytes(100_000).toString('hex')) }, ...layers.slice(0, 1)];
      const tars = loaded.map(({ bytes }) => bytes);
      const manifestOf = (tag: string): ImageManifest =>
        JSON.parse((registry.manifests.get(tag) ?? Buffer.alloc(0)).toString()) as ImageManifest;

      it('sends them as they are where nobody asked for more: the digest stays the engine’s', async () => {
        const result = await push(machine(loaded, 'loaded'));
        assert.deepEqual(
          manifestOf('1').layers.map(({ mediaType }) => mediaType),
          [mediaTypes.dockerLayer, mediaTypes.dockerLayerGzip],
        );
        assert.equal(result.engineDigest, undefined);
        assert.deepEqual(pulledLayers('1'), tars);
      });

      it('compresses them on the way, and says whose digest it is', async () => {
        const here = machine(loaded, 'loaded');
        const plain = await push(here);
        registry = new FakeRepository();
        const result = await push(here, { compressStored: true });
        assert.equal(here.engine.opened, 0);
        assert.equal(result.strategy, 'relay');
        const { mediaType, layers: sent } = manifestOf('1');
        assert.equal(mediaType, mediaTypes.ociManifest);
        assert.deepEqual(
          sent.map((layer) => layer.mediaType),
          [mediaTypes.ociLayerGzip, mediaTypes.ociLayerGzip],
        );
        assert.deepEqual(pulledLayers('1'), tars);
        assert.equal(result.digest, digestOf(registry.manifests.get('1') ?? Buffer.alloc(0)));
        assert.deepEqual([result.engineDigest, result.digest === plain.digest], [plain.digest, false]);
        const stored = [...registry.blobs.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
        assert.equal(result.uploadedBytes, stored);
        assert.ok(stored < plain.uploadedBytes - 50_000);
        await assertNothingLeft(here);
      });

      it('neither reads nor sends them again', async () => {
        const here = machine(loaded, 'loaded');
        const first = await push(here, { compressStored: true });
        registry.calls.length = 0;
        const second = await push(here, { compressStored: true });
        assert.deepEqual(registry.calls, ['headManifest 1']);
        assert.deepEqual([second.strategy, second.digest], ['none', first.digest]);
        const third = await push(here, { compressStored: true, tag: '2' });
        assert.deepEqual([third.uploadedBytes, here.pusher.pushes], [0, 1]);
      });

      it('is not content with a tag that has them uncompressed', async () => {
        const here = machine(loaded, 'loaded');
        await push(here);
        const result = await push(here, { compressStored: true });
        assert.equal(result.strategy, 'relay');
        assert.equal(manifestOf('1').mediaType, mediaTypes.ociManifest);
        assert.deepEqual(pulledLayers('1'), tars);
      });

      it('leaves an index as it is: attestations speak of its digests', async () => {
        const here = machine(loaded, 'loaded');
        Object.assign(here.engine.details, { manifestType: mediaTypes.ociIndex });
        const result = await push(here, { compressStored: true });
        assert.equal(result.engineDigest, undefined);
        assert.equal(manifestOf('1').layers[0]?.mediaType, mediaTypes.dockerLayer);
      });
    });
  });

  for (const store of ['classic', 'containerd', 'loaded'] as const) {
    const compressStored = store === 'loaded';
    describe(`whatever goes wrong (${store})`, () => {
      it('tells our own error when the registry refuses, and stops the engine', async () => {
        registry.onCall = (call) => {
          if (isSending(call)) throw new TeaChestError('quotaExceeded', 'The registry has no room left.');
        };
        const here = machine(layers, store);
        const error = await failure(push(here, { compressStored }));
        assert.deepEqual([error.code, error.stage], ['quotaExceeded', 'export']);
        assert.deepEqual([...registry.manifests], []);
        await assertNothingLeft(here);
      });

      it('has ended only when the temporary name is gone', async () => {
        const here = machine(layers, store);
        const untag = here.pusher.untag.bind(here.pusher);
        here.pusher.untag = async (name) => {
          await sleep(30);
          await untag(name);
        };
        await push(here);
        await assertNothingLeft(here);
      });

      it('leaves nothing behind when it is cancelled', async () => {
        const stop = new AbortController();
        registry.onCall = (call) => {
          if (isSending(call)) stop.abort();
        };
        const here = machine(layers, store);
        assert.equal((await failure(push(here, { compressStored, signal: stop.signal }))).code, 'cancelled');
        await assertNothingLeft(here);
      });

      it('says so when the engine dies', async () => {
        const here = machine(layers, store);
        here.pusher.onRequest = (method, path) => {
          if (method === 'PUT' && path.includes('/uploads/'))
            throw new TeaChestError('engineLost', 'The connection broke.');
        };
        assert.equal((await failure(push(here, { compressStored }))).code, 'engineLost');
        await assertNothingLeft(here);
      });

      it('says so when the engine does not reach us and the relay is insisted on', async () => {
        const here = machine(layers, store);
        here.pusher.unreachable = true;
        const error = await failure(push(here, { compressStored }));
        assert.equal(error.code, 'engineFailed');
        assert.match(error.message, /“relay”.*127\.0\.0\.1/s);
        assert.equal(here.engine.opened, 0);
        assert.equal(registry.manifests.size, 0);
        await assertNothingLeft(here);
      });
    });
  }

  it('has containerd’s store send a blob again whose way broke, and carries it on through the spool', async () => {
    const here = machine(layers, 'containerd');
    let breaks = 1;
    registry.onCall = (call) => {
      if (call === 'passing' && breaks-- > 0) throw new TeaChestError('registryUnreachable', 'The connection broke.');
    };
    await push(here);
    assert.equal(here.pusher.pushes, 1);
    assert.ok(here.pusher.resent >= 1);
    assert.ok(registry.calls.includes('uploadBlob'));
    assert.deepEqual(
      pulledLayers('1'),
      layers.map(({ bytes }) => bytes),
    );
    await assertNothingLeft(here);
  });

  it('exports when the engine does not reach us, and asks it again only after a while', async () => {
    const here = machine(layers, 'containerd');
    here.pusher.unreachable = true;
    assert.equal((await push(here, { strategy: 'auto' })).strategy, 'export');
    const again = machine(changed, 'containerd');
    again.pusher.unreachable = true;
    await push(again, { tag: '2', strategy: 'auto' });
    assert.equal(again.pusher.pushes, 0);
    clock += 60 * 60 * 1000;
    const later = machine([...changed, { bytes: randomBytes(100) }], 'containerd');
    assert.equal((await push(later, { tag: '3', strategy: 'auto' })).strategy, 'relay');
    await assertNothingLeft(here);
  });

  it('does not take what a relay brought for the answer to a push in another compression', async () => {
    await push(machine(layers), { codec: noCompression });
    const result = await push(machine(layers), { codec: noCompression, strategy: 'auto' });
    assert.equal(result.strategy, 'export');
    const { layers: stored } = JSON.parse(String(registry.manifests.get('1'))) as ImageManifest;
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
    await push(here);
    assert.equal(moved.at(-1), here.engine.details.references[0]);
    assert.equal(moved.length, 2 * pusher.pushes);
    await assertNothingLeft(here);
  });

  it('shows bytes that were counted, and every layer placed at the end', async () => {
    await push(machine(layers));
    const planned = events.find((event) => event.type === 'planned');
    assert.equal(planned?.layers.length, 3);
    const progress = new PushProgress(() => 0);
    for (const event of events) progress.apply(event);
    const { layers: rows, sentBytes, totalBytes, result } = progress.snapshot();
    assert.deepEqual(
      rows.map(({ state }) => state),
      ['uploaded', 'uploaded', 'uploaded'],
    );
    const config = registry.pull('1').config.byteLength;
    assert.equal(sentBytes, (result?.uploadedBytes ?? 0) - config);
    assert.equal(totalBytes, sentBytes);
  });

  it('remembers across restarts which digest stands for which layer', async () => {
    const file = join(folder, 'kept.json');
    cache = new DigestCache(file, silentLogger, () => 0);
    const { pusher, engine } = machine(layers);
    await push({ pusher, engine });
    const kept = new DigestCache(file, silentLogger, () => 0);
    await kept.load();
    const [diffId] = engine.details.diffIds as readonly [Digest];
    assert.equal(kept.engineDigest(pusher.id, diffId), pusher.known.get(diffId));
    assert.equal(kept.engineBlob(diffId)?.digest, undefined, 'the engine did not tell how much it read');
  });
});
