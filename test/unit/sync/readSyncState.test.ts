import assert from 'node:assert/strict';
import { after, before, beforeEach, suite, test } from 'node:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DigestCache } from '../../../src/core/digestCache/digestCache.ts';
import { digestOf, type Digest } from '../../../src/core/oci/digest.ts';
import { mediaTypes } from '../../../src/core/oci/mediaTypes.ts';
import { bytesSource } from '../../../src/core/ports/blobSource.ts';
import type { ImageDetails } from '../../../src/core/ports/imageSource.ts';
import { pushImage } from '../../../src/core/push/pushImage.ts';
import { UploadsInFlight } from '../../../src/core/push/uploadsInFlight.ts';
import type { LastPush } from '../../../src/core/sync/compareSyncState.ts';
import type { RegistryImage } from '../../../src/core/sync/readRegistryImage.ts';
import { readSyncState } from '../../../src/core/sync/readSyncState.ts';
import { startFakeGitea, type FakeGitea } from '../../fakeGitea/fakeGitea.ts';
import { silentLogger } from '../../tools/silentLogger.ts';
import { clientFor, dev, never, type TestClient } from '../gitea/testClient.ts';
import { FakeEngine, noCompression, plainGzip, someLayer } from '../push/fakes.ts';

const monday = '2026-11-23T09:00:00Z';
const tuesday = '2026-11-24T09:00:00Z';
const call = { signal: never };

/** Against the fake Gitea: states, and how many requests each takes. */
suite('the sync state of an image, read from a Gitea', () => {
  let fakeGitea: FakeGitea;
  let client: TestClient;
  let folder: string;
  let cache: DigestCache;
  let known: Map<string, RegistryImage>;
  let count = 0;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tea-chest-sync-'));
    fakeGitea = await startFakeGitea();
    client = clientFor(fakeGitea.url, { credential: dev });
  });
  beforeEach(() => {
    newMachine();
  });
  after(async () => {
    await client.close();
    await fakeGitea.close();
    await rm(folder, { recursive: true });
  });

  /** A digest cache that knows nothing. */
  function newMachine(): void {
    cache = new DigestCache(join(folder, `${++count}.json`), silentLogger, () => 0);
    known = new Map();
  }

  const engineWith = (seed: number): FakeEngine => new FakeEngine([{ bytes: someLayer(seed, 2000) }]);

  async function push(engine: FakeEngine, name: string): Promise<LastPush> {
    const { digest } = await pushImage(
      {
        ...{ image: 'app:1', origin: fakeGitea.origin, repository: `${fakeGitea.host}/dev/${name}`, tag: '1' },
        ...{ codec: plainGzip, parallelBlobs: 2 },
      },
      {
        ...{ source: engine, target: await client.repository(`dev/${name}`, call), cache },
        ...{ spoolRoot: join(folder, 'spool'), spoolLimit: 1e9, uploads: new UploadsInFlight() },
        ...{ logger: silentLogger, now: Date.now },
      },
      { signal: never, onEvent: () => undefined },
    );
    return { imageId: engine.details.id, digest, createdAt: engine.details.createdAt };
  }

  /** State, reason, and the requests to the registry's API. */
  async function read(
    image: ImageDetails,
    name: string,
    { lastPush, codecId = plainGzip.id }: { readonly lastPush?: LastPush; readonly codecId?: string } = {},
  ): Promise<string> {
    const target = await client.repository(`dev/${name}`, call);
    const repository = `${fakeGitea.host}/dev/${name}`;
    fakeGitea.clearRequests();
    const subject = { image, target, repository, tag: '1', lastPush, codecId };
    const now = (): number => Date.parse('2026-11-26T12:00:00Z');
    const { state, reason } = await readSyncState(subject, { cache, known, now }, call);
    const requests = fakeGitea.requests.map(
      ({ method, path }) => `${method} ${path.replace(/^\/v2\/dev\/[^/]+\//, '').replace(/sha256:.*/, 'digest')}`,
    );
    return `${state}: ${reason} by ${requests.filter((one) => !one.includes('/v2/token')).join(', ')}`;
  }

  /** Stores an image as another client does, with a config of these fields. */
  async function store(name: string, references: readonly string[], config: object): Promise<Buffer> {
    const repository = await client.repository(`dev/${name}`, call);
    const configBytes = Buffer.from(JSON.stringify({ os: 'linux', architecture: 'amd64', ...config }));
    const manifest = Buffer.from(
      JSON.stringify({
        ...{ schemaVersion: 2, mediaType: mediaTypes.ociManifest, layers: [] },
        config: { mediaType: mediaTypes.ociConfig, digest: digestOf(configBytes), size: configBytes.length },
      }),
    );
    const options = { signal: never, onSent: () => undefined };
    await repository.uploadBlob(bytesSource(configBytes, digestOf(configBytes)), options);
    for (const reference of references.length === 0 ? [digestOf(manifest)] : references) {
      await repository.putManifest(reference, manifest, mediaTypes.ociManifest, call);
    }
    return manifest;
  }

  async function storeIndex(name: string, items: readonly (readonly [Buffer, string, string])[]): Promise<Buffer> {
    const repository = await client.repository(`dev/${name}`, call);
    const manifests = items.map(([bytes, os, architecture]) => ({
      ...{ mediaType: mediaTypes.ociManifest, digest: digestOf(bytes), size: bytes.length },
      platform: { os, architecture },
    }));
    const index = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }));
    await repository.putManifest('1', index, mediaTypes.ociIndex, call);
    return index;
  }

  const plain = (id: Digest, createdAt?: string): ImageDetails => ({
    ...{ id, references: ['app:1'], diffIds: [], size: 1, createdAt },
    platform: { os: 'linux', architecture: 'amd64' },
  });

  test('after our push one HEAD is enough, with the record of the push or with the digest cache alone', async () => {
    const engine = engineWith(1);
    const lastPush = await push(engine, 'pushed');
    assert.equal(await read(engine.details, 'pushed', { lastPush }), 'upToDate: sameImage by HEAD manifests/1');
    assert.equal(await read(engine.details, 'pushed'), 'upToDate: sameImage by HEAD manifests/1');
  });

  test('a machine that has never pushed the image reads the manifest, which names the image’s config', async () => {
    const engine = engineWith(2);
    await push(engine, 'elsewhere');
    newMachine();
    assert.equal(await read(engine.details, 'elsewhere'), 'upToDate: sameImage by GET manifests/1');
  });

  test('an image that another codec has compressed is the same image', async () => {
    const engine = engineWith(3);
    const lastPush = await push(engine, 'codec');
    newMachine();
    const stored = { ...lastPush, digest: digestOf(Buffer.from('of another push')) };
    const expected = 'upToDate: sameImage by HEAD manifests/1, GET manifests/digest';
    assert.equal(await read(engine.details, 'codec', { lastPush: stored, codecId: noCompression.id }), expected);
  });

  test('built anew here: the registry still has our push, so one HEAD shows which is newer', async () => {
    const lastPush = await push(engineWith(4), 'rebuilt');
    assert.equal(
      await read(engineWith(5).details, 'rebuilt', { lastPush }),
      'newerHere: changedHere by HEAD manifests/1',
    );
  });

  test('pushed by somebody else: what was read of a digest is not read again', async () => {
    const engine = engineWith(6);
    const lastPush = await push(engine, 'others');
    await store('others', ['1'], { created: tuesday });
    const first = 'newerThere: changedThere by HEAD manifests/1, GET manifests/digest, GET blobs/digest';
    assert.equal(await read(engine.details, 'others', { lastPush }), first);
    assert.equal(await read(engine.details, 'others', { lastPush }), 'newerThere: changedThere by HEAD manifests/1');
  });

  test('without a push of ours the build dates count', async () => {
    await store('dated', ['1'], { created: tuesday });
    const id = digestOf(Buffer.from('an image'));
    const by = 'by GET manifests/1, GET blobs/digest';
    assert.equal(await read(plain(id, monday), 'dated'), `newerThere: builtLaterThere ${by}`);
    assert.match(await read(plain(id, '2026-11-25T00:00:00Z'), 'dated'), /^newerHere: builtLaterHere/);
    assert.match(await read(plain(id), 'dated'), /^different: unknownOrder/);
  });

  test('no tag, and no repository', async () => {
    const engine = engineWith(7);
    assert.equal(await read(engine.details, 'nothing'), 'notPushed: noTag by GET manifests/1');
    const lastPush = { imageId: engine.details.id, digest: digestOf(Buffer.from('x')), createdAt: undefined };
    assert.equal(await read(engine.details, 'nothing', { lastPush }), 'notPushed: removedThere by HEAD manifests/1');
  });

  test('an index with attestations has the image of this platform', async () => {
    const [amd64, arm64, attestation] = [
      await store('index', [], { created: monday }),
      await store('index', [], { created: tuesday, architecture: 'arm64' }),
      await store('index', [], { created: '2026-11-25T09:00:00Z', os: 'unknown' }),
    ];
    await storeIndex('index', [
      [attestation, 'unknown', 'unknown'],
      [arm64, 'linux', 'arm64'],
      [amd64, 'linux', 'amd64'],
    ]);
    const config = digestOf(Buffer.from(JSON.stringify({ os: 'linux', architecture: 'amd64', created: monday })));
    const classic = plain(config, monday);
    const three = 'by GET manifests/1, GET manifests/digest';
    assert.equal(await read(classic, 'index'), `upToDate: sameImage ${three}`);
    // Containerd's store names it by its manifest.
    const stored = { ...plain(digestOf(amd64), monday), storesBlobs: true, manifestType: mediaTypes.ociManifest };
    assert.equal(await read(stored, 'index'), 'upToDate: sameImage by HEAD manifests/1, GET manifests/digest');
    // Built between the image for this platform and the one for another: only the former counts.
    const later = plain(digestOf(Buffer.from('later')), '2026-11-23T18:00:00Z');
    assert.match(await read(later, 'index'), /^newerHere: builtLaterHere/);
  });

  test('an index of containerd’s store is the tag if their digests are the same', async () => {
    const image = await store('whole', [], { created: monday });
    const index = await storeIndex('whole', [[image, 'linux', 'amd64']]);
    const stored = {
      ...plain(digestOf(index), monday),
      ...{ storesBlobs: true, manifestType: mediaTypes.ociIndex },
      manifests: [{ digest: digestOf(image), isAvailable: true, platform: { os: 'linux', architecture: 'amd64' } }],
    };
    assert.equal(await read(stored, 'whole'), 'upToDate: sameImage by HEAD manifests/1');
  });

  test('what the engine has pulled from the repository is known by the digest that it was pulled by', async () => {
    const manifest = await store('pulled', ['1'], { created: monday });
    const image = {
      ...plain(digestOf(Buffer.from('its config')), monday),
      repositoryDigests: [
        `${fakeGitea.host}/dev/other@${digestOf(Buffer.from('x'))}`,
        `${fakeGitea.host}/dev/pulled@${digestOf(manifest)}`,
      ],
    };
    assert.equal(await read(image, 'pulled'), 'upToDate: sameImage by HEAD manifests/1');
  });

  test('a list of podman has the ID of one of its images, and is not taken for it', async () => {
    const manifest = await store('list', ['1'], { created: monday });
    const config = digestOf(Buffer.from(JSON.stringify({ os: 'linux', architecture: 'amd64', created: monday })));
    const list = {
      ...plain(config, monday),
      ...{ manifestType: mediaTypes.ociIndex },
      manifests: [{ digest: digestOf(manifest), isAvailable: true, platform: { os: 'linux', architecture: 'amd64' } }],
    };
    assert.match(await read(list, 'list'), /^different: unknownOrder/);
  });

  test('many images that are up to date take one request each', async () => {
    const engines = Array.from({ length: 12 }, (_, at) => engineWith(100 + at));
    for (const [at, engine] of engines.entries()) await push(engine, `many-${at}`);
    const reports = [];
    for (const [at, engine] of engines.entries()) reports.push(await read(engine.details, `many-${at}`));
    assert.deepEqual([...new Set(reports)], ['upToDate: sameImage by HEAD manifests/1']);
  });
});
