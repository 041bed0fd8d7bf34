import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ImageSource } from '../../../../src/core/ports/imageSource.ts';
import { engineAt, inspection, json, listOf, startFakeEngine, type Handler } from './fakeEngine.ts';

const { signal } = new AbortController();
const id = (digit: string): string => `sha256:${digit.repeat(64)}`;

test('an engine is the image source that a push needs', async () => {
  const engine = engineAt('unix:///nowhere.sock');
  const source: ImageSource = engine;
  assert.equal(source, engine);
});

test('uses the newest API version that both sides support', async () => {
  const offers = [
    ['1.41', '1.12', '1.41'],
    ['1.51', '1.24', '1.51'],
    ['1.60', '1.44', '1.51'],
    // Docker 29 no longer supports versions before 1.44.
    ['1.52', '1.44', '1.51'],
    ['1.60', '1.55', '1.55'],
    [undefined, undefined, '1.51'],
  ];
  for (const [ApiVersion, MinAPIVersion, spoken] of offers) {
    await using fake = await startFakeEngine({
      '/version': json(200, { Version: '1.2.3', ApiVersion, MinAPIVersion }),
      '/images/json': json(200, []),
      '/containers/json': json(200, []),
    });
    assert.deepEqual(await fake.engine.listImages({ signal }), []);
    const manifests = spoken === '1.41' ? '' : '?manifests=true';
    assert.deepEqual(fake.requests, [
      '/version',
      `/v${String(spoken)}/images/json${manifests}`,
      `/v${String(spoken)}/containers/json?all=true`,
    ]);
    assert.deepEqual(await fake.engine.version({ signal }), { product: 'Docker', version: '1.2.3', api: spoken });
  }
});

test('inspects many images a few at a time, and each once', async () => {
  const ids = Array.from({ length: 60 }, (_, index) => `sha256:${String(index).padStart(64, '0')}`);
  let running = 0;
  let most = 0;
  const inspect =
    (imageId: string): Handler =>
    (_request, response) => {
      most = Math.max(most, ++running);
      setTimeout(() => {
        running--;
        response.end(JSON.stringify(inspection(imageId)));
      }, 2);
    };
  await using fake = await startFakeEngine({
    '/images/json': json(
      200,
      ids.map((Id) => ({ Id, RepoTags: ['app:1'], Created: 1_795_517_424, Size: 0, Containers: -1 })),
    ),
    ...Object.fromEntries(ids.map((imageId) => [`/images/${imageId}/json`, inspect(imageId)])),
  });
  for (let round = 0; round < 2; round++) {
    const platforms = await Promise.all(
      ids.map((imageId) => fake.engine.platformsOf({ id: imageId, references: [] }, { signal })),
    );
    assert.deepEqual(new Set(platforms.flat().map(({ variant }) => variant)), new Set(['v8']));
  }
  assert.ok(most > 1 && most <= 6, `${most} at once`);
  assert.equal(fake.requests.filter((url) => url.endsWith('/json')).length, ids.length);
  const listed = await fake.engine.listImages({ signal });
  assert.deepEqual(listed[0]?.platforms, [{ os: 'linux', architecture: 'arm64', variant: 'v8' }]);
});

test('inspects an image by any of its names', async () => {
  const inspected = json(200, inspection(id('a'), [id('b')]));
  await using fake = await startFakeEngine({
    '/images/app:1/json': inspected,
    '/images/localhost:5000/team/app:1/json': inspected,
    [`/images/app@${id('c')}/json`]: inspected,
    [`/images/${id('a')}/json`]: inspected,
    '/images/100%25/json': inspected,
  });
  for (const name of ['app:1', 'localhost:5000/team/app:1', `app@${id('c')}`, id('a'), '100%']) {
    assert.deepEqual(await fake.engine.inspect(name, { signal }), {
      id: id('a'),
      references: ['app:1'],
      repositoryDigests: [],
      diffIds: [id('b')],
      size: 1234,
      platform: { os: 'linux', architecture: 'arm64', variant: 'v8' },
      labels: { 'org.opencontainers.image.revision': 'abc' },
      createdAt: '2026-11-24T10:50:24.193Z',
      storesBlobs: undefined,
      manifestType: undefined,
      manifests: undefined,
    });
  }
});

test('an image without a date, a variant or layers has none', async () => {
  const bare = { ...inspection(id('a')), Created: '0001-01-01T00:00:00Z', Variant: '', RootFS: { Type: 'layers' } };
  await using fake = await startFakeEngine({ '/images/app:1/json': json(200, bare) });
  const details = await fake.engine.inspect('app:1', { signal });
  assert.deepEqual(
    [details.createdAt, details.platform, details.diffIds],
    [undefined, { os: 'linux', architecture: 'arm64' }, []],
  );
});

test('an image with a layer that has no digest is refused, with what stands there', async () => {
  const odd = { ...inspection(id('a')), RootFS: { Type: 'layers', Layers: [id('b'), 'md5:1'] } };
  await using fake = await startFakeEngine({ '/images/app:1/json': json(200, odd) });
  await assert.rejects(fake.engine.inspect('app:1', { signal }), {
    code: 'engineFailed',
    message: 'The container engine gave “md5:1” where a sha256 digest belongs.',
  });
});

test('an engine that leaves the algorithm out of ids keeps the platforms of its images', async () => {
  const bare = id('a').slice('sha256:'.length);
  await using fake = await startFakeEngine({
    '/images/json': json(200, [{ Id: bare, RepoTags: ['app:1'], Created: 1_795_517_424, Size: 1 }]),
    [`/images/${id('a')}/json`]: json(200, { ...inspection(id('a')), Id: bare }),
  });
  const [image = assert.fail()] = await fake.engine.listImages({ signal });
  const platforms = await fake.engine.platformsOf(image, { signal });
  assert.deepEqual((await fake.engine.listImages({ signal }))[0]?.platforms, platforms);
});

test('an invalid image name is not sent to the engine', async () => {
  await using fake = await startFakeEngine({});
  for (const name of ['', ' ', 'a b', '../containers', 'team/../../info', 'app@sha256:12']) {
    await assert.rejects(fake.engine.inspect(name, { signal }), { code: 'referenceInvalid' });
  }
  assert.deepEqual(fake.requests, []);
});

test('reports events from the moment it is connected, however they are cut into chunks', async () => {
  await using fake = await startFakeEngine({
    '/events': (_request, response) => {
      const lines = [
        { Type: 'image', Action: 'tag', Actor: { ID: id('a'), Attributes: { name: 'größe:1' } } },
        { status: 'delete', id: id('b') },
      ];
      const bytes = Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join('\n'));
      for (let at = 0; at < bytes.length; at += 7) response.write(bytes.subarray(at, at + 7));
      response.end();
    },
  });
  const events = await listOf(fake.engine.events({ signal }));
  assert.deepEqual(events, [
    { action: 'connected', image: undefined },
    { action: 'tag', image: id('a') },
    { action: 'delete', image: id('b') },
  ]);
  const query = new URL(`http://x${fake.requests.at(-1) ?? ''}`).searchParams;
  assert.deepEqual(JSON.parse(query.get('filters') ?? ''), { type: ['image'] });
});
