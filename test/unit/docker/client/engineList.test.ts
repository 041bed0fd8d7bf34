import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';
import { engineAt, inspection, json, startFakeEngine, type Handler } from './fakeEngine.ts';

const { signal } = new AbortController();
const id = (digit: string): string => `sha256:${digit.repeat(64)}`;
const common = { Created: 1_795_517_424, Size: 300_018 };
const podmanVersion = json(200, {
  ...{ Version: '4.3.1', ApiVersion: '1.41', MinAPIVersion: '1.24' },
  Components: [{ Name: 'Podman Engine', Version: '4.3.1' }, { Name: 'Conmon' }],
});
const notFound = json(404, { message: 'No such image' });

test('a list is two requests: the images, and the containers that use them', async () => {
  await using fake = await startFakeEngine({
    '/images/json': json(200, [
      { ...common, Id: id('a'), RepoTags: ['app:1', 'team/app:2'] },
      { ...common, Id: id('b'), RepoTags: ['<none>:<none>'] },
    ]),
    '/containers/json': json(200, [{ ImageID: id('a'), State: 'running' }]),
  });
  const base = { size: 300_018, createdAt: '2026-11-24T10:50:24.000Z', taggedAt: undefined, platforms: undefined };
  const plain = { ...base, digestReferences: [], isArtifact: false, artifactType: undefined, obstacle: undefined };
  assert.deepEqual(await fake.engine.listImages({ signal }), [
    { ...plain, id: id('a'), references: ['app:1', 'team/app:2'], usedBy: { running: 1, stopped: 0 } },
    { ...plain, id: id('b'), references: [], usedBy: { running: 0, stopped: 0 } },
  ]);
  assert.deepEqual(fake.requests, ['/version', '/v1.41/images/json', '/v1.41/containers/json?all=true']);
});

test('an engine that keeps its containers to itself still lists its images; this is logged once', async () => {
  await using fake = await startFakeEngine({
    '/images/json': json(200, [{ ...common, Id: id('a'), RepoTags: ['app:1'] }]),
    '/containers/json': json(403, { message: 'forbidden by the proxy' }),
  });
  const warnings: string[] = [];
  const engine = engineAt(`unix://${fake.socket}`, { logger: { warn: (message) => warnings.push(message) } });
  for (let round = 0; round < 2; round++) {
    const [image] = await engine.listImages({ signal });
    assert.equal(image?.usedBy, undefined);
  }
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? '', /in use is not known: .*forbidden by the proxy/);
  engine.dispose();
});

test('one odd record never hides the others: it is named with what is wrong, or left out and logged once', async () => {
  const sha512 = `sha512:${'b'.repeat(128)}`;
  await using fake = await startFakeEngine({
    '/images/json': json(200, [
      { ...common, Id: id('a'), RepoTags: ['app:1'] },
      { ...common, Id: sha512, RepoTags: ['app:2'] },
      { Id: sha512, RepoTags: null },
      { Id: id('c'), RepoTags: ['app:3'], Created: 1_795_517_424 },
      {},
      null,
      { Id: id('d'), RepoTags: 'app:4', Created: 'yesterday', Size: null },
      { Id: id('a'), RepoTags: ['app:1', 'app:5'] },
    ]),
    '/containers/json': json(200, []),
  });
  const warnings: string[] = [];
  const engine = engineAt(`unix://${fake.socket}`, { logger: { warn: (message) => warnings.push(message) } });
  for (let round = 0; round < 2; round++) {
    assert.deepEqual(
      (await engine.listImages({ signal })).map((image) => [image.id, image.references, image.obstacle !== undefined]),
      [
        [id('a'), ['app:1', 'app:5'], false],
        [sha512, ['app:2'], true],
        [id('c'), ['app:3'], false],
        [id('d'), [], false],
      ],
    );
  }
  assert.equal(warnings.length, 3, warnings.join('\n'));
  engine.dispose();
});

test('an image of a foreign digest is refused by its name, with the reason', async () => {
  const odd = { ...inspection(`sha512:${'b'.repeat(128)}`), RepoTags: ['odd:1'] };
  await using fake = await startFakeEngine({ '/images/odd:1/json': json(200, odd) });
  await assert.rejects(fake.engine.inspect('odd:1', { signal }), {
    code: 'imageUnsupported',
    message: 'The image cannot be pushed: its ID is a sha512 digest, and registries such as Gitea store sha256 alone.',
  });
});

test('podman is asked by its own API, which lists manifest lists too; by docker’s where that is refused', async () => {
  const image = { ...common, Id: 'a'.repeat(64), RepoTags: ['localhost/app:1'] };
  const list = { ...common, Id: 'b'.repeat(64), RepoTags: ['localhost/multi:1'] };
  await using podman = await startFakeEngine({
    '/version': podmanVersion,
    '/v4.0.0/libpod/images/json': json(200, [image, list]),
    '/images/json': json(200, [{ ...image, Id: id('a') }]),
    '/containers/json': json(200, [{ ImageID: id('a'), State: 'exited' }]),
  });
  const listed = await podman.engine.listImages({ signal });
  assert.deepEqual(
    listed.map((one) => [one.id, one.references, one.usedBy?.stopped]),
    [
      [id('a'), ['localhost/app:1'], 1],
      [id('b'), ['localhost/multi:1'], 0],
    ],
  );
  await using old = await startFakeEngine({
    '/version': podmanVersion,
    '/images/json': json(200, [{ ...image, Id: id('a') }]),
    '/containers/json': json(200, []),
  });
  assert.equal((await old.engine.listImages({ signal })).length, 1);
});

test('the platforms of podman’s manifest list are those of its manifests; it is inspected by no ID', async () => {
  const image = { id: id('b'), references: ['localhost:5000/team/multi:1'] };
  const manifests = ['amd64', 'arm64'].map((architecture, at) => ({
    digest: id(`${at}`),
    platform: { os: 'linux', architecture },
  }));
  for (const inspected of [notFound, json(200, inspection(id('c')))]) {
    await using podman = await startFakeEngine({
      '/version': podmanVersion,
      [`/images/${image.id}/json`]: inspected,
      '/v4.0.0/libpod/manifests/localhost:5000/team/multi:1/json': json(200, { manifests }),
    });
    const platforms = await podman.engine.platformsOf(image, { signal });
    assert.deepEqual(
      platforms.map(({ architecture }) => architecture),
      ['amd64', 'arm64'],
    );
  }
  await using podman = await startFakeEngine({ '/version': podmanVersion });
  await assert.rejects(podman.engine.platformsOf(image, { signal }), { code: 'imageNotFound' });
});

test('an image without a platform has none', async () => {
  const bare = { ...inspection(id('a')), Os: '', Architecture: '', Variant: '' };
  await using fake = await startFakeEngine({ [`/images/${id('a')}/json`]: json(200, bare) });
  assert.deepEqual(await fake.engine.platformsOf({ id: id('a'), references: [] }, { signal }), []);
});

test('images without a date of their own are inspected once for the time of their tags, few at a time', async () => {
  const ids = Array.from({ length: 70 }, (_, index) => `sha256:${String(index).padStart(64, '0')}`);
  const tagged =
    (imageId: string): Handler =>
    (_request, response) =>
      response.end(JSON.stringify({ ...inspection(imageId), Metadata: { LastTagTime: '2026-11-26T07:58:53.7Z' } }));
  let second = ['app:x'];
  const inspectedOnce = new Map(ids.map((imageId): [string, Handler] => [`/images/${imageId}/json`, tagged(imageId)]));
  await using fake = await startFakeEngine({
    ...Object.fromEntries(inspectedOnce),
    '/images/json': (request, response) => {
      const records = ids.map((Id, index) => ({
        Id,
        Created: 0,
        Size: 1,
        RepoTags: index === 1 ? second : [`app:${index}`],
      }));
      const others = [
        { ...common, Id: id('a'), RepoTags: ['dated:1'] },
        { Id: id('b'), Created: 0, RepoTags: null },
        { Id: id('c'), Created: 0, RepoTags: ['damaged:1'] },
      ];
      json(200, [...others, ...records])(request, response);
    },
    '/containers/json': json(200, []),
    [`/images/${id('c')}/json`]: json(500, { message: 'damaged' }),
  });
  const inspections = (): number => fake.requests.filter((url) => url.includes('/images/sha256:')).length;
  const first = await fake.engine.listImages({ signal });
  assert.equal(inspections(), 50);
  assert.equal(first[0]?.taggedAt, undefined);
  assert.equal(first[3]?.taggedAt, '2026-11-26T07:58:53.700Z');
  await fake.engine.listImages({ signal });
  assert.equal(inspections(), 71, 'the others, and none twice');
  await fake.engine.listImages({ signal });
  assert.equal(inspections(), 71);
  second = ['app:x', 'app:y'];
  await fake.engine.listImages({ signal });
  assert.equal(inspections(), 72, 'a new name is a new time');
});

test('what an artifact is is read from its archive, once, and from no large one', async () => {
  const artifact = { Created: 0, Manifests: [{ Available: true, Kind: 'unknown' }] };
  let archives = 0;
  await using fake = await startFakeEngine({
    '/version': json(200, { Version: '28.5.2', ApiVersion: '1.51', MinAPIVersion: '1.24' }),
    '/images/json': json(200, [
      { ...artifact, Id: id('a'), RepoTags: ['chart:1'], Size: 400 },
      { ...artifact, Id: id('b'), RepoTags: ['large:1'], Size: 400_000_000 },
      { ...artifact, Id: id('c'), RepoTags: ['broken:1'], Size: 400 },
    ]),
    '/containers/json': json(200, []),
    [`/images/${id('a')}/get`]: (_request, response) => {
      archives++;
      const archive = pack();
      archive.entry({ name: `blobs/sha256/${'a'.repeat(64)}` }, '{"artifactType":"application/vnd.example.thing"}');
      archive.entry({ name: `blobs/sha256/${'f'.repeat(64)}` }, Buffer.alloc(300_000));
      archive.finalize();
      void buffer(archive).then((bytes) => response.end(bytes));
    },
    [`/images/${id('c')}/get`]: json(500, { message: 'damaged' }),
  });
  for (let round = 0; round < 2; round++) {
    const images = await fake.engine.listImages({ signal });
    assert.deepEqual(
      images.map(({ artifactType }) => artifactType),
      ['application/vnd.example.thing', undefined, undefined],
    );
  }
  assert.equal(archives, 1);
});

test('the list of podman 4.3.1, as it was recorded, is what `podman images` shows', async () => {
  const file = new URL('../../../fixtures/podman-4.3.1-images.json', import.meta.url);
  const recorded = JSON.parse(await readFile(file, 'utf8')) as PodmanRecord;
  await using podman = await startFakeEngine({
    '/version': podmanVersion,
    '/v4.0.0/libpod/images/json': json(200, recorded.images),
    '/v4.0.0/libpod/manifests/localhost/multi:1/json': json(200, recorded.manifests['localhost/multi:1']),
    '/containers/json': json(200, []),
  });
  const images = await podman.engine.listImages({ signal });
  const rows = images.flatMap((image) =>
    (image.references.length === 0 ? ['<none>:<none>'] : image.references).map(
      (name) => `${image.id} ${name} ${podmanSize(image.size)}`,
    ),
  );
  const shown = recorded.shown.map(
    ({ id: shownId, repository, tag, size }) => `${shownId} ${repository}:${tag} ${size}`,
  );
  assert.deepEqual(rows.sort(), shown.sort());
  assert.ok(images.every(({ digestReferences }) => digestReferences.length === 0));
  const multi = images.find(({ references }) => references.includes('localhost/multi:1')) ?? assert.fail();
  assert.deepEqual(await podman.engine.platformsOf(multi, { signal }), [{ os: 'linux', architecture: 'amd64' }]);
});

interface PodmanRecord {
  readonly images: readonly object[];
  readonly manifests: Readonly<Record<string, object>>;
  readonly shown: readonly Readonly<Record<'id' | 'repository' | 'tag' | 'size', string>>[];
}

/** As podman writes a size below a megabyte: three digits. */
function podmanSize(bytes: number): string {
  return bytes < 1000 ? `${bytes} B` : `${Number((bytes / 1000).toPrecision(3))} kB`;
}
