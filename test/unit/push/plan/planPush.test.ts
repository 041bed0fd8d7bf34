import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { after, before, beforeEach, describe, it } from 'node:test';
import { TeaChestError } from '../../../../src/core/base/errors.ts';
import type { DigestCache } from '../../../../src/core/digestCache/digestCache.ts';
import { digestOf } from '../../../../src/core/oci/digest.ts';
import { mediaTypes } from '../../../../src/core/oci/mediaTypes.ts';
import type { ImageSource, ImageStep } from '../../../../src/core/ports/imageSource.ts';
import { planPush } from '../../../../src/core/push/plan/planPush.ts';
import type { ImagePlan, PushPlan } from '../../../../src/core/push/plan/pushPlan.ts';
import { silentLogger } from '../../../tools/silentLogger.ts';
import { FakeEngine, FakeRepository, plainGzip, someLayer, type FakeLayer } from '../fakes.ts';
import { layers, PushRig } from '../pushRig.ts';
import { engineWith, listed, StoredBlobs, type Described } from '../stored/storedImage.ts';

/** The calls of a registry that change nothing there. */
const harmless = /^(headManifest|headBlob|getManifest|getBlob|listTags)\b/;

interface Asked {
  readonly engine: ImageSource;
  readonly cache: DigestCache;
  readonly registry: FakeRepository;
  /** Other repositories of the registry, by name. */
  readonly others?: Readonly<Record<string, FakeRepository>>;
  readonly tag?: string;
  readonly platform?: string;
  readonly recheck?: boolean;
  readonly strategy?: 'relay';
}

interface Options {
  readonly steps?: readonly ImageStep[];
  readonly rate?: number;
}

async function plan(all: readonly Asked[], { steps = [], rate }: Options = {}): Promise<PushPlan> {
  const [first] = all;
  const { engine, cache } = first ?? assert.fail();
  const requests = all.map(({ registry, others = {}, tag = '1', platform, recheck = false, strategy }) => {
    const repository = `gitea.test/${registry.repository}`;
    const request = {
      ...{ image: 'app:1', origin: 'https://gitea.test', repository, tag, codec: plainGzip, parallelBlobs: 2 },
      ...{ platform, recheck, strategy },
    };
    return {
      ...{ reference: `${repository}:${tag}`, origin: 'https://gitea.test' },
      open: () =>
        Promise.resolve({
          ...{ request, target: registry },
          findRepository: (name: string) => {
            const other = others[name];
            return other === undefined
              ? Promise.reject(new TeaChestError('accessDenied', `${name} is not yours.`))
              : Promise.resolve(other);
          },
        }),
    };
  });
  const before = all.flatMap(({ registry, others = {} }) => [registry, ...Object.values(others)]);
  for (const { calls } of before) calls.length = 0;
  const made = await planPush(
    requests,
    {
      ...{ source: engine, cache, logger: silentLogger },
      readHistory: () => Promise.resolve(steps),
      linkRate: () => rate,
    },
    { signal: new AbortController().signal },
  );
  for (const { calls, openSessions } of before) {
    assert.deepEqual(
      calls.filter((call) => !harmless.test(call)),
      [],
      'a plan changes nothing in the registry',
    );
    assert.equal(openSessions, 0);
  }
  return made;
}

function planned({ images: [image] }: PushPlan): ImagePlan {
  return image?.kind === 'planned' ? image : assert.fail(JSON.stringify(image));
}

const statesOf = ({ layers: all }: ImagePlan): readonly string[] => all.map(({ state }) => state);
const stored = ({ bytes }: FakeLayer): Buffer => gzipSync(bytes, { level: 1 });
const storedSize = (all: readonly FakeLayer[]): number => all.reduce((sum, one) => sum + stored(one).byteLength, 0);

describe('the plan of a push', () => {
  const rig = new PushRig();
  before(() => rig.setUp());
  after(() => rig.tearDown());
  beforeEach(() => {
    rig.reset();
  });

  const ask = (engine: ImageSource, more: Partial<Asked> = {}): Asked => ({
    ...{ engine, cache: rig.cache, registry: rig.registry, ...more },
  });

  it('does not claim to know the blob of a layer that no push has read, and counts its size as the most', async () => {
    const engine = new FakeEngine(layers);
    const steps = [300_000, 0, 50_000, 1_000].map((size, at) => ({ createdBy: `RUN step ${at}`, size }));
    const made = await plan([ask(engine)], { steps });
    const image = planned(made);
    assert.deepEqual(statesOf(image), ['unknown', 'unknown', 'unknown']);
    assert.deepEqual(
      image.layers.map(({ instruction, bytes, isEstimated, digest, storedBytes }) => ({
        ...{ instruction, bytes, isEstimated, digest, storedBytes },
      })),
      [
        ['RUN step 0', 300_000],
        ['RUN step 2', 50_000],
        ['RUN step 3', 1_000],
      ].map(([instruction, bytes]) => ({
        ...{ instruction, bytes, isEstimated: true, digest: undefined, storedBytes: undefined },
      })),
    );
    assert.deepEqual(image.send, { bytes: 351_000, precision: 'atMost' });
    assert.deepEqual(made.send, image.send);
    assert.deepEqual([image.tag.state, image.transfer.by, image.time], ['free', 'export', undefined]);
    assert.equal(engine.opened, 0, 'nothing was exported');
  });

  it('pairs a layer without files, as WORKDIR makes one, with its step, so that the sizes of the others are known', async () => {
    const steps = [
      { createdBy: 'COPY base /', size: 300_000 },
      { createdBy: 'WORKDIR /srv', size: 0 },
      { createdBy: 'COPY app .', size: 50_000 },
      { createdBy: 'CMD ["/srv/app"]', size: 0 },
    ];
    const image = planned(await plan([ask(new FakeEngine(layers))], { steps }));
    assert.deepEqual(
      image.layers.map(({ instruction, bytes }) => [instruction, bytes]),
      [
        ['COPY base /', 300_000],
        ['WORKDIR /srv', 0],
        ['COPY app .', 50_000],
      ],
    );
  });

  it('says exactly what is sent once the blobs are known, and by which rate it takes how long', async () => {
    const engine = new FakeEngine(layers);
    await rig.push(engine);
    rig.registry = new FakeRepository('dev/app');
    const made = await plan([ask(engine)], { rate: 1_000 });
    const image = planned(made);
    assert.deepEqual(statesOf(image), ['send', 'send', 'send']);
    const bytes = storedSize(layers);
    assert.deepEqual(image.send, { bytes, precision: 'exact' });
    assert.deepEqual(image.time, { seconds: bytes / 1_000, bytesPerSecond: 1_000 });
    const { uploadedBytes } = await rig.push(engine);
    assert.equal(uploadedBytes, bytes + engine.config.byteLength);
  });

  it('of an image that is there finds every layer and the tag, and nothing to send', async () => {
    const engine = new FakeEngine(layers);
    const { digest } = await rig.push(engine);
    const image = planned(await plan([ask(engine)]));
    assert.deepEqual(statesOf(image), ['exists', 'exists', 'exists']);
    assert.deepEqual(image.tag, { state: 'same', digest, expected: digest });
    assert.deepEqual([image.send, image.transfer.by], [{ bytes: 0, precision: 'exact' }, 'none']);
  });

  it('finds what other repositories have, where an earlier push saw it', async () => {
    const engine = new FakeEngine(layers);
    const elsewhere = rig.registry;
    await rig.push(engine);
    const others = { 'dev/app': elsewhere };
    const registry = new FakeRepository('team/app');
    const image = planned(await plan([ask(engine, { registry, others })]));
    assert.deepEqual(statesOf(image), ['mountable', 'mountable', 'mountable']);
    assert.deepEqual(
      image.layers.map(({ knownIn }) => knownIn),
      ['dev/app', 'dev/app', 'dev/app'],
    );
    assert.deepEqual([image.send.bytes, image.transfer.by], [0, 'none']);

    elsewhere.blobs.delete(digestOf(stored(layers[1] ?? assert.fail())));
    const later = planned(await plan([ask(engine, { registry, others })]));
    assert.deepEqual(statesOf(later), ['mountable', 'send', 'mountable']);
    const hidden = planned(await plan([ask(engine, { registry })]));
    assert.deepEqual(statesOf(hidden), ['send', 'send', 'send'], 'a repository that is not ours gives nothing');
  });

  it('of a changed image keeps what is there apart from what is new, and names the digest that is overwritten', async () => {
    const { digest } = await rig.push(new FakeEngine(layers));
    const added = { bytes: someLayer(9, 70_000) };
    const engine = new FakeEngine([...layers, added]);
    const image = planned(await plan([ask(engine)]));
    assert.deepEqual(statesOf(image), ['exists', 'exists', 'exists', 'unknown']);
    assert.deepEqual(image.tag, { state: 'other', digest, expected: undefined });
    const counted = layers.map(({ bytes }) => bytes.byteLength);
    assert.deepEqual(
      image.layers.slice(0, 3).map(({ bytes }) => bytes),
      counted,
    );
    assert.deepEqual(image.send, { bytes: 70_000, precision: 'atMost' });
    const { uploadedBytes, skippedBytes } = await rig.push(engine);
    assert.equal(uploadedBytes, stored(added).byteLength + engine.config.byteLength);
    assert.equal(skippedBytes, storedSize(layers));
  });

  it('without a cache calls a layer that a tag names probably there, as it has to be read back', async () => {
    const engine = new FakeEngine(layers);
    await rig.push(engine);
    rig.clearCache();
    const image = planned(await plan([ask(engine, { tag: '2' })]));
    assert.deepEqual(statesOf(image), ['probable', 'probable', 'probable']);
    assert.deepEqual([image.send.bytes, image.tag.state], [0, 'free']);
    const { skippedBytes } = await rig.push(engine, { tag: '2' });
    assert.ok(skippedBytes >= storedSize(layers), `${skippedBytes}`);
  });

  it('counts once what several images share, and says which rows these are', async () => {
    const engine = new FakeEngine(layers);
    await rig.push(engine);
    const empty = new FakeRepository('dev/one');
    const made = await plan([
      ask(engine, { registry: empty }),
      ask(engine, { registry: empty, tag: '2' }),
      ask(engine, { registry: new FakeRepository('dev/two') }),
    ]);
    const bytes = storedSize(layers);
    assert.deepEqual(
      made.images.map((image) => (image.kind === 'planned' ? image.send.bytes : image.error)),
      [bytes, 0, 0],
    );
    assert.deepEqual(made.send, { bytes, precision: 'exact' });
    const shared = made.images.map((image) =>
      image.kind === 'planned' ? image.layers.filter(({ isShared }) => isShared).length : 0,
    );
    assert.deepEqual(shared, [0, 3, 3]);
  });

  it('gives the failure that the push would give, and plans the other images', async () => {
    const engine = new FakeEngine(layers);
    const made = await plan([
      ask(engine, { platform: 'linux/s390x' }),
      ask(engine),
      ask(engine, { strategy: 'relay' }),
    ]);
    const [first, second, third] = made.images;
    assert.deepEqual([first?.kind === 'failed' && first.error.code, second?.kind], ['imageNotFound', 'planned']);
    assert.ok(third?.kind === 'failed');
    assert.match(third.error.message, /“relay” is asked for/);
  });

  describe('of an engine that stores blobs', () => {
    const blobs = new StoredBlobs();
    const one = blobs.addImage('amd64', [300_000, 20_000]);
    const two = blobs.addImage('arm64', [90_000]);
    const attestation = blobs.addAttestation(one);
    const index = blobs.addIndex([one, two, attestation]);

    const sized = (described: Described, isAvailable = true): ReturnType<typeof listed> => ({
      ...listed(described, isAvailable),
      size: [...blobs.reachable(described)].reduce((sum, digest) => sum + (blobs.all.get(digest)?.byteLength ?? 0), 0),
    });

    const indexed = (isWhole = true): FakeEngine =>
      engineWith(blobs, index, [sized(one), sized(two, isWhole), sized(attestation)]);

    /** An engine that has this image alone, and describes it. */
    function single(tars: readonly Buffer[], layerType?: string): readonly [FakeEngine, Described, number] {
      const own = new StoredBlobs();
      const top = own.addImage(
        'amd64',
        tars.map(({ byteLength }) => byteLength),
        layerType,
      );
      const size = [...own.all.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
      const engine = engineWith(own, top, [{ ...listed(top), size }]);
      return [Object.assign(engine, { details: { ...engine.details, diffIds: tars.map(digestOf) } }), top, size];
    }

    // As `addImage` makes them.
    const tarsOf = (sizes: readonly number[]): readonly Buffer[] =>
      sizes.map((size, at) => someLayer(size + at + 'amd64'.length, size));

    it('knows the digest of the tag and the stored bytes before, and the layers only where a registry has the manifest', async () => {
      const [engine, top, size] = single(tarsOf([300_000, 20_000]));
      const first = planned(await plan([ask(engine)]));
      assert.deepEqual(first.tag, { state: 'free', expected: top.digest });
      assert.deepEqual(statesOf(first), ['unknown', 'unknown']);
      assert.deepEqual(first.send, { bytes: size, precision: 'atMost' });
      assert.deepEqual(first.manifests, [], 'it is no index');
      const { uploadedBytes } = await rig.push(engine);
      assert.ok(uploadedBytes <= size, `${uploadedBytes}`);

      const again = planned(await plan([ask(engine)]));
      assert.deepEqual([again.tag.state, again.send.bytes, again.transfer.by], ['same', 0, 'none']);
      assert.deepEqual(statesOf(again), ['exists', 'exists']);

      // By what the first push has cached, and with all of its blobs in the other repository.
      const registry = new FakeRepository('team/app');
      const mounted = planned(await plan([ask(engine, { registry, others: { 'dev/app': rig.registry } })]));
      assert.deepEqual(statesOf(mounted), ['mountable', 'mountable']);
      assert.deepEqual(mounted.send, { bytes: 0, precision: 'exact' });
    });

    it('lists the manifests of an index with their platforms, and a row for each platform whose layers are not known', async () => {
      const image = planned(await plan([ask(indexed())]));
      assert.deepEqual(
        image.manifests.map(({ platform, isAttestation, isPublished }) => [platform, isAttestation, isPublished]),
        [
          ['linux/amd64', false, true],
          ['linux/arm64', false, true],
          [undefined, true, true],
        ],
      );
      assert.deepEqual(
        image.layers.map(({ platform, isAttestation, state, storedBytes }) => [
          platform,
          isAttestation,
          state,
          storedBytes,
        ]),
        [
          ['linux/amd64', undefined, 'unknown', sized(one).size],
          ['linux/arm64', undefined, 'unknown', sized(two).size],
          [undefined, true, 'unknown', sized(attestation).size],
        ],
      );
      assert.equal(image.tag.expected, index.digest);
      const { digest, uploadedBytes } = await rig.push(indexed());
      assert.equal(digest, index.digest);
      assert.ok(uploadedBytes <= (image.send.bytes ?? 0));
      const again = planned(await plan([ask(indexed(), { recheck: true })]));
      assert.deepEqual(statesOf(again), ['exists', 'exists', 'exists', 'exists']);
      assert.deepEqual(again.send, { bytes: 0, precision: 'exact' });
    });

    it('says what an incomplete index lacks, and that only a part of it is pushed', async () => {
      const image = planned(await plan([ask(indexed(false), { platform: 'linux/amd64' })]));
      assert.deepEqual(image.missing, ['linux/arm64']);
      assert.deepEqual(
        image.manifests.map(({ isAvailable, isPublished }) => [isAvailable, isPublished]),
        [
          [true, true],
          [false, false],
          [true, false],
        ],
      );
      assert.equal(image.tag.expected, one.digest);
    });

    it('counts what would go out uncompressed', async () => {
      const [engine] = single(tarsOf([400_000]), mediaTypes.ociLayer);
      await rig.push(engine);
      const registry = new FakeRepository('team/app');
      const image = planned(await plan([ask(engine, { registry })]));
      assert.deepEqual([image.uncompressedBytes, image.send.bytes], [400_000, 400_000]);
    });

    it('gives no number where the engine gives none', async () => {
      const image = planned(await plan([ask(engineWith(blobs, one, [listed(one)]))]));
      assert.deepEqual([image.send, image.time], [{ precision: 'atMost' }, undefined]);
    });
  });
});
