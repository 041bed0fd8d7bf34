import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { digestOf } from '../../../src/core/oci/digest.ts';
import { RepositoryBlobs } from '../../../src/core/push/repositoryBlobs.ts';
import { FakeEngine, noCompression, someLayer } from './fakes.ts';
import { PushRig } from './pushRig.ts';

const origin = 'https://gitea.test';
const { signal } = new AbortController();
const small = 256 * 1024;

describe('the requests before a blob is sent', () => {
  const rig = new PushRig();
  const blob = someLayer(1, 10);
  const digest = digestOf(blob);
  let blobs: RepositoryBlobs;

  before(() => rig.setUp());
  after(() => rig.tearDown());
  beforeEach(async () => {
    rig.reset();
    await rig.cache.load();
    blobs = open();
  });

  const open = (): RepositoryBlobs =>
    new RepositoryBlobs({ target: rig.registry, cache: rig.cache, uploads: rig.uploads, origin }, undefined);

  it('are none for a small blob where the repository has no tags', async () => {
    blobs.noteNoTags();
    assert.equal(await blobs.locate(digest, small, signal), undefined);
    assert.equal(await blobs.head(digest, small, signal), undefined);
    assert.deepEqual(rig.registry.calls, []);
    await blobs.close(signal);
  });

  it('are as many as ever where it has tags, and for what a push that did not end has sent', async () => {
    assert.equal(await blobs.locate(digest, small, signal), undefined);
    assert.deepEqual(rig.registry.calls, ['headBlob', 'openSession']);
    await blobs.close(signal);
    rig.registry.blobs.set(digest, blob);
    rig.cache.rememberLocation(origin, digest, rig.registry.repository);
    const later = open();
    later.noteNoTags();
    assert.deepEqual(await later.locate(digest, blob.byteLength, signal), { size: 10, origin: 'exists' });
    await later.close(signal);
  });

  it('are one for a larger blob on Gitea without tags: it opens the session of the upload, or finds the blob', async () => {
    blobs.noteNoTags();
    assert.equal(await blobs.locate(digest, small + 1, signal), undefined);
    assert.equal(await blobs.locate(digest, small + 1, signal), undefined);
    assert.deepEqual([rig.registry.calls, rig.registry.openSessions], [['openSession'], 1]);
    const session = blobs.takeSession(digest) ?? assert.fail();
    assert.equal(blobs.takeSession(digest), undefined);
    await session.close(signal);
    const large = someLayer(2, small + 1);
    rig.registry.elsewhere.set(digestOf(large), large);
    const located = await blobs.locate(digestOf(large), large.byteLength, signal);
    assert.deepEqual(located, { size: large.byteLength, origin: 'mounted' });
    await blobs.close(signal);
  });

  it('leave no session open that no upload has used, nor one that is being opened at the end', async () => {
    const opening = Array.from({ length: 12 }, (_, at) => blobs.locate(digestOf(Buffer.of(at)), undefined, signal));
    await Promise.all(opening);
    assert.equal(rig.registry.openSessions, 8);
    const late = blobs.locate(digest, undefined, signal);
    await Promise.resolve();
    await Promise.all([late, blobs.close(signal)]);
    await blobs.close(signal);
    assert.equal(rig.registry.openSessions, 0);
  });

  it('are counted in a first push: nothing is asked for small layers, and one thing for a large one', async () => {
    for (const [kind, asked] of [
      ['gitea', ['openSession']],
      ['generic', ['headBlob']],
    ] as const) {
      rig.reset();
      rig.registry.kind = kind;
      const engine = new FakeEngine([
        { bytes: someLayer(3, 20_000) },
        { bytes: someLayer(4, 20_000) },
        { bytes: someLayer(5, small + 1) },
      ]);
      await rig.push(engine, { codec: noCompression });
      const plan = ['checkAccess', 'getManifest 1', 'listTags'];
      const ends = ['putManifest', 'headManifest 1'];
      const rest = rig.registry.calls.filter((call) => ![...plan, ...ends, 'chunk', 'uploadBlob'].includes(call));
      assert.deepEqual(rest, asked, kind);
      assert.equal(rig.registry.calls.filter((call) => call === 'uploadBlob').length, 4, 'three layers and the config');
      await rig.assertNothingLeft();
    }
  });

  it('find what an interrupted push has sent: nothing is sent twice', async () => {
    for (const kind of ['gitea', 'generic'] as const) {
      rig.reset();
      rig.registry.kind = kind;
      rig.registry.onCall = (call) => {
        if (call.startsWith('putManifest')) throw new Error('the connection broke');
      };
      const layers = [{ bytes: someLayer(6, 30_000) }, { bytes: someLayer(7, small + 1) }];
      await rig.failure(new FakeEngine(layers), { codec: noCompression });
      rig.registry.onCall = () => undefined;
      const sent = rig.registry.sentBytes;
      await rig.push(new FakeEngine(layers), { codec: noCompression });
      assert.equal(rig.registry.sentBytes, sent, kind);
    }
  });
});

describe('a layer of a slow codec', () => {
  const rig = new PushRig();
  before(() => rig.setUp());
  after(() => rig.tearDown());

  it('is sent while it is still being compressed, though it is small', { timeout: 60_000 }, async () => {
    rig.reset();
    const begun = Promise.withResolvers<undefined>();
    rig.registry.onCall = (call) => {
      if (call === 'uploadBlob') begun.resolve(undefined);
    };
    const engine = new FakeEngine([{ bytes: someLayer(8, 3_000_000) }]);
    // The rest of the layer does not come before its upload has begun.
    engine.onChunk = async (_layer, offset) => {
      if (offset > 2_000_000) await begun.promise;
    };
    await rig.push(engine, { codec: { ...noCompression, isSlow: true } });
    assert.deepEqual(
      rig.registry.pull('1').layers.map((layer) => layer.byteLength),
      [3_000_000],
    );
    await rig.assertNothingLeft();
  });
});
