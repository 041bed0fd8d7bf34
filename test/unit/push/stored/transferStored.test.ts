import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import fc from 'fast-check';
import { TeaChestError } from '../../../../src/core/base/errors.ts';
import { digestOf, type Digest } from '../../../../src/core/oci/digest.ts';
import { mediaTypes } from '../../../../src/core/oci/mediaTypes.ts';
import { Spool } from '../../../../src/core/spool/spool.ts';
import type { SpooledBlob } from '../../../../src/core/spool/spooledBlob.ts';
import { plainGzip, type FakeEngine } from '../fakes.ts';
import { PushRig } from '../pushRig.ts';
import { engineWith, listed, StoredBlobs, type Described } from './storedImage.ts';

const sizes = [300_000, 2_000_000, 1_000];

describe('an image that the engine exports as it is stored', () => {
  const rig = new PushRig();
  before(() => rig.setUp());
  after(() => rig.tearDown());
  beforeEach(() => {
    rig.reset();
  });

  /** Each blob and manifest of these is in the registry, byte for byte. */
  function assertPublished(blobs: StoredBlobs, top: Described): void {
    for (const digest of blobs.reachable(top)) {
      const bytes = blobs.all.get(digest) ?? assert.fail();
      const manifest = [...rig.registry.manifests.values()].find((one) => digestOf(one) === digest);
      assert.ok(bytes.equals(rig.registry.blobs.get(digest) ?? manifest ?? Buffer.alloc(0)), digest);
    }
  }

  function missingOf(engine: FakeEngine, digest: Digest): void {
    engine.stored = engine.stored.filter((bytes) => digestOf(bytes) !== digest);
  }

  it('arrives byte for byte, in whatever order its archive has the blobs, or not at all', async () => {
    const anyImage = fc.record({
      images: fc.array(fc.array(fc.integer({ min: 1, max: 40_000 }), { maxLength: 3 }), { minLength: 1, maxLength: 3 }),
      salt: fc.integer({ min: 0, max: 1_000 }),
      isIndex: fc.boolean(),
      /** Which of its blobs the archive lacks, counted from 0. */
      lost: fc.option(fc.nat(30), { nil: undefined }),
    });
    await fc.assert(
      fc.asyncProperty(anyImage, async ({ images, salt, isIndex, lost }) => {
        rig.reset();
        const blobs = new StoredBlobs();
        const children = images.map((layers, at) => blobs.addImage(`arch${salt}-${at}`, layers));
        const attested = children.flatMap((child) => [child, blobs.addAttestation(child)]);
        const top = isIndex ? blobs.addIndex(attested) : (children[0] ?? assert.fail());
        const engine = engineWith(blobs, top, isIndex ? attested.map((child) => listed(child)) : undefined);
        const needed = [...blobs.reachable(top)];
        const gone = lost === undefined ? undefined : needed[lost];
        if (gone !== undefined) missingOf(engine, gone);
        if (gone === undefined) {
          const result = await rig.push(engine);
          assert.deepEqual([result.digest, result.strategy], [top.digest, 'export']);
          assertPublished(blobs, top);
        } else {
          const error = await rig.failure(engine);
          assert.ok(['engineFailed', 'archiveInvalid'].includes(error.code), error.message);
          assert.equal(rig.registry.manifests.size, 0);
        }
        await rig.assertNothingLeft();
      }),
      { numRuns: 60 },
    );
  });

  it('fails for the reason that the registry gave, though the engine goes on giving bytes of that blob', async (t) => {
    const blobs = new StoredBlobs();
    const engine = engineWith(blobs, blobs.addImage('amd64', [40_000_000], mediaTypes.ociLayer));
    const refused = Promise.withResolvers<undefined>();
    const uploadBlob = rig.registry.uploadBlob.bind(rig.registry);
    rig.registry.uploadBlob = async (source, options) => {
      if (!source.replayable || (await source.available(0, 1_000_000, options.signal)).complete) {
        await uploadBlob(source, options);
        return;
      }
      refused.resolve(undefined);
      throw new TeaChestError('quotaExceeded', 'It is full.');
    };
    const exported = Promise.withResolvers<undefined>();
    const exportBlobs = engine.exportBlobs.bind(engine);
    engine.exportBlobs = async function* (...args: Parameters<typeof exportBlobs>) {
      try {
        yield* exportBlobs(...args);
      } finally {
        exported.resolve(undefined);
      }
    };
    engine.onChunk = (_, offset) => (offset > 20_000_000 ? refused.promise.then(() => undefined) : undefined);
    // A large file is removed slowly, while the engine is quick.
    const release = Reflect.get(Spool.prototype, 'release');
    t.mock.method(Spool.prototype, 'release', async function (this: Spool, blob: SpooledBlob) {
      await release.call(this, blob);
      if (blob.size > 1_000_000) await exported.promise;
    });
    assert.equal((await rig.failure(engine)).code, 'quotaExceeded');
    await rig.assertNothingLeft();
  });

  it('is not published if the bytes of one of its blobs are not those of its digest', async () => {
    const blobs = new StoredBlobs();
    const top = blobs.addImage('amd64', sizes);
    for (const damaged of blobs.reachable(top)) {
      rig.reset();
      const engine = engineWith(blobs, top);
      engine.onChunk = () => undefined;
      const given = engine.exportBlobs.bind(engine);
      engine.exportBlobs = async function* (...args: Parameters<typeof given>) {
        for await (const blob of given(...args)) {
          yield blob.digest === damaged ? { ...blob, body: flipped(blob.body) } : blob;
        }
      };
      const error = await rig.failure(engine);
      assert.deepEqual([error.code, error.stage], ['layerMismatch', 'verify'], damaged);
      assert.match(error.message, /its store is damaged\. Nothing of the image was published/);
      assert.equal(rig.registry.manifests.size, 0);
      assert.ok(!rig.registry.blobs.has(damaged));
      await rig.assertNothingLeft();
    }
  });

  it('that is unchanged takes one inspection and one HEAD; under another tag nothing is exported', async () => {
    const blobs = new StoredBlobs();
    const [amd, arm] = [blobs.addImage('amd64', sizes), blobs.addImage('arm64', [5_000])];
    const top = blobs.addIndex([amd, arm]);
    const engine = engineWith(blobs, top, [listed(amd), listed(arm)]);
    const first = await rig.push(engine);
    rig.registry.calls.length = 0;
    const again = await rig.push(engine);
    assert.deepEqual(rig.registry.calls, ['headManifest 1']);
    assert.deepEqual([again.strategy, again.digest, again.skippedBytes], ['none', first.digest, first.uploadedBytes]);
    const retagged = await rig.push(engine, { tag: '2' });
    assert.deepEqual([retagged.digest, retagged.uploadedBytes, engine.opened], [first.digest, 0, 1]);
    assert.ok(rig.registry.manifests.get('2')?.equals(blobs.all.get(top.digest) ?? Buffer.alloc(0)));
  });

  it('of which one layer has changed is read only until that layer has come', async () => {
    const base = new StoredBlobs();
    await rig.push(engineWith(base, base.addImage('amd64', [...sizes, 10])));
    for (let salt = 20; salt < 40; salt++) {
      const blobs = new StoredBlobs();
      const top = blobs.addImage('amd64', [...sizes, salt]);
      const engine = engineWith(blobs, top);
      const { uploadedBytes } = await rig.push(engine);
      assert.ok(uploadedBytes < 5_000, `${uploadedBytes} bytes were sent`);
      const order = [...blobs.all.keys()].sort();
      const isNew = (digest: Digest): boolean => !base.all.has(digest);
      const lastNeeded = Math.max(...order.flatMap((digest, at) => (isNew(digest) ? [at] : [])));
      assert.deepEqual(
        engine.readBlobs.filter((digest) => order.indexOf(digest) > lastNeeded),
        [],
        'a blob was read after all that was needed had come',
      );
    }
  });

  it('keeps what is no layer: a chart as it is, and JSON that is a layer', async () => {
    const blobs = new StoredBlobs();
    const json = Buffer.from(JSON.stringify({ schemaVersion: 2, note: 'x'.repeat(2_000_000) }));
    const top = blobs.add(mediaTypes.ociManifest, {
      schemaVersion: 2,
      config: blobs.add('application/vnd.cncf.helm.config.v1+json', { name: 'chart' }),
      layers: [blobs.add('application/json', json), blobs.add('text/plain', Buffer.from('{ no JSON'))],
    });
    const result = await rig.push(engineWith(blobs, top));
    assert.equal(result.digest, top.digest);
    assertPublished(blobs, top);
  });

  it('is refused as soon as its manifest is read if it has a layer that may not be distributed', async () => {
    const blobs = new StoredBlobs();
    const type = 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip';
    const top = blobs.addImage('amd64', [2_000], type);
    const engine = engineWith(blobs, top);
    const layer = [...blobs.all.keys()].find((digest) => blobs.all.get(digest)?.[0] === 0x1f) ?? assert.fail();
    missingOf(engine, layer);
    const error = await rig.failure(engine);
    assert.equal(error.code, 'imageUnsupported');
    assert.match(
      error.message,
      /rootfs\.foreign.* may not be distributed.* Gitea takes no image whose layers it does not have/,
    );
    assert.equal(rig.registry.manifests.size, 0);
    await rig.assertNothingLeft();
    // Where the registry has it, it goes out.
    rig.registry.blobs.set(layer, blobs.all.get(layer) ?? assert.fail());
    assert.equal((await rig.push(engine)).digest, top.digest);
  });

  it('has manifests of a size that a registry takes', async () => {
    const blobs = new StoredBlobs();
    const image = blobs.addImage('amd64', [10]);
    const manifests = ['a', 'b'].map((letter) => {
      const annotations = { letter: letter.repeat(9 * 1024 * 1024) };
      const bytes = { ...(JSON.parse(String(blobs.all.get(image.digest))) as object), annotations };
      return blobs.add(mediaTypes.ociManifest, bytes);
    });
    const top = blobs.addIndex(manifests);
    const error = await rig.failure(
      engineWith(
        blobs,
        top,
        manifests.map((one) => listed(one)),
      ),
    );
    assert.deepEqual([error.code, error.stage], ['imageUnsupported', 'export']);
    assert.match(error.message, /manifests have more than 16 MiB/);
  });

  describe('and that is an index of which a part is here', () => {
    const blobs = new StoredBlobs();
    const [amd, arm] = [blobs.addImage('amd64', sizes), blobs.addImage('arm64', [4_000])];
    const attestation = blobs.addAttestation(arm);
    const elsewhere = new StoredBlobs();
    const riscv = elsewhere.addImage('riscv64', [10]);
    const ofMissing = blobs.addAttestation(riscv);
    const nested = blobs.addIndex([arm, riscv]);
    const top = blobs.addIndex([amd, riscv, nested, attestation, ofMissing]);
    const manifests = [amd, arm, attestation, ofMissing].map((one) => listed(one));
    const known = [...manifests, listed(riscv, false)];

    for (const [engineIs, list] of [
      ['lists them', known],
      ['does not list them', 'unlisted'],
    ] as const) {
      it(`arrives as an index of that part, with its attestations: the engine ${engineIs}`, async () => {
        const result = await rig.push(engineWith(blobs, top, list), { platform: 'all' });
        const index = JSON.parse(String(rig.registry.manifests.get('1'))) as { manifests: Described[] };
        const inner = JSON.parse(String(rig.registry.manifests.get(index.manifests[1]?.digest ?? ''))) as typeof index;
        assert.deepEqual(
          index.manifests.map(({ digest }) => digest),
          [amd.digest, digestOf(Buffer.from(JSON.stringify(inner))), attestation.digest],
        );
        assert.deepEqual(inner, { ...(JSON.parse(String(blobs.all.get(nested.digest))) as object), manifests: [arm] });
        assert.deepEqual([index.manifests[0], index.manifests[2]], [amd, attestation]);
        for (const child of [amd, arm, attestation]) assertPublished(blobs, child);
        assert.match(result.notices.join(), /does not have linux\/riscv64/);
        await rig.assertNothingLeft();
      });

      it(`arrives as one platform: the engine ${engineIs}`, async () => {
        const engine = engineWith(blobs, top, list);
        const result = await rig.push(engine, { platform: 'linux/arm64' });
        assert.deepEqual([result.digest, [...rig.registry.manifests.keys()]], [arm.digest, ['1']]);
        assertPublished(blobs, arm);
        assert.deepEqual(engine.exportedPlatform, list === 'unlisted' ? undefined : arm.platform);
      });

      it(`is not pushed before it is chosen what is: the engine ${engineIs}`, async () => {
        const error = await rig.failure(engineWith(blobs, top, list));
        assert.equal(error.code, 'platformNeeded');
        assert.match(error.message, /does not have linux\/riscv64.* It has linux\/amd64, linux\/arm64: .*“all”/);
        assert.equal(rig.registry.manifests.size, 0);
        await rig.assertNothingLeft();
      });
    }

    it('is unchanged only for the same choice', async () => {
      const engine = engineWith(blobs, top, known);
      const all = await rig.push(engine, { platform: 'all' });
      const again = await rig.push(engine, { platform: 'all' });
      assert.deepEqual([again.strategy, again.digest, again.notices], ['none', all.digest, all.notices]);
      const one = await rig.push(engine, { platform: 'linux/amd64' });
      assert.deepEqual([one.digest, one.uploadedBytes], [amd.digest, 0]);
    });

    it('is said to be a part whenever nobody asked for that part, also if it is there already', async () => {
      const index = blobs.addIndex([amd, riscv]);
      const engine = engineWith(blobs, index, [listed(amd), listed(riscv, false)]);
      const asked = await rig.push(engine, { platform: 'linux/amd64' });
      const unasked = await rig.push(engine);
      assert.deepEqual([asked.notices, unasked.strategy], [[], 'none']);
      assert.match(unasked.notices.join(), /does not have linux\/riscv64 .* Only linux\/amd64 was pushed/);
      assert.deepEqual((await rig.push(engine, { platform: 'linux/amd64' })).notices, []);
    });
  });

  it('is kept on disk while the registry is slow, not in memory: many of its blobs may wait', async (t) => {
    const begin = t.mock.method(Spool.prototype, 'begin');
    const blobs = new StoredBlobs();
    await rig.push(engineWith(blobs, blobs.addImage('amd64', [2_000_000, 3_000_000])));
    const kept = begin.mock.calls.map((call) => call.arguments[1] ?? 0);
    assert.ok(kept.length >= 2);
    assert.equal(Math.max(...kept), 0);
  });

  it('is compressed where that is asked for, if the engine holds it uncompressed', async () => {
    const blobs = new StoredBlobs();
    const top = blobs.addImage('amd64', sizes, mediaTypes.ociLayer);
    const engine = engineWith(blobs, top);
    const config = [...blobs.all.values()].find((bytes) => bytes.includes('diff_ids')) ?? assert.fail();
    const { rootfs } = JSON.parse(config.toString()) as { rootfs: { diff_ids: Digest[] } };
    Object.assign(engine.details, { diffIds: rootfs.diff_ids, manifestType: mediaTypes.ociManifest });
    const stored = await rig.push(engine);
    assert.equal(stored.digest, top.digest);
    const compressed = await rig.push(engine, { tag: '2', codec: plainGzip, isCodecRequired: true });
    assert.deepEqual([compressed.engineDigest, compressed.strategy], [top.digest, 'export']);
    assert.deepEqual(rig.registry.pull('2').layers.map(digestOf), rootfs.diff_ids);
  });
});

async function* flipped(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const piece of body) {
    const copy = Buffer.from(piece);
    copy[copy.byteLength - 1] = (copy.at(-1) ?? 0) ^ 1;
    yield copy;
  }
}
