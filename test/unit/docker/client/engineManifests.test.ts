import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inspection, json, listOf, startFakeEngine, type Handler } from './fakeEngine.ts';

const { signal } = new AbortController();
const id = (digit: string): `sha256:${string}` => `sha256:${digit.repeat(64)}`;
const [index, amd, arm, attestation] = ['a', 'b', 'c', 'd'].map((digit) => `sha256:${digit.repeat(64)}` as const);
const version = json(200, { Version: '28.5.2', ApiVersion: '1.51', MinAPIVersion: '1.24' });

/** As docker 28.5.2 says it of an image that was pulled for one of its platforms. */
const manifests = [
  {
    ID: amd,
    Descriptor: { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: amd, size: 402 },
    Available: true,
    Size: { Content: 1_000, Total: 3_000 },
    Kind: 'image',
    ImageData: { Platform: { architecture: 'amd64', os: 'linux' }, Containers: null },
  },
  {
    ID: arm,
    Available: false,
    Kind: 'image',
    ImageData: { Platform: { architecture: 'arm64', os: 'linux', variant: 'v8' } },
  },
  { ID: attestation, Available: true, Kind: 'attestation', AttestationData: { For: amd } },
];

const unsaid = { platform: undefined, attests: undefined, size: undefined };

test('an engine of API 1.48 or later is asked which manifests of an image it has', async () => {
  const answer = { ...inspection(index ?? ''), Manifests: manifests };
  await using fake = await startFakeEngine({ '/version': version, '/images/app:1/json': json(200, answer) });
  const image = await fake.engine.inspect('app:1', { signal });
  assert.ok(fake.requests.includes('/v1.51/images/app:1/json?manifests=true'), fake.requests.join());
  assert.deepEqual(image.manifests, [
    { ...unsaid, digest: amd, isAvailable: true, platform: { os: 'linux', architecture: 'amd64' }, size: 1_000 },
    {
      ...unsaid,
      digest: arm,
      isAvailable: false,
      platform: { os: 'linux', architecture: 'arm64', variant: 'v8' },
    },
    { ...unsaid, digest: attestation, isAvailable: true, attests: amd },
  ]);
});

test('the store of an engine whose inspect does not show it is asked for once', async () => {
  const answers = { '/images/app:1/json': json(200, inspection(index ?? '')) };
  const driver = { DriverStatus: [['driver-type', 'io.containerd.snapshotter.v1']] };
  for (const [api, info, expected] of [
    ['1.43', driver, true],
    ['1.43', { DriverStatus: [['Backing Filesystem', 'extfs']] }, false],
    ['1.41', undefined, undefined],
    ['1.51', undefined, undefined],
  ] as const) {
    const version = json(200, { Version: '24.0.0', ApiVersion: api, MinAPIVersion: '1.12' });
    const asked = info === undefined ? {} : { '/info': json(200, info) };
    await using fake = await startFakeEngine({ '/version': version, ...answers, ...asked });
    for (let count = 0; count < 2; count++) {
      assert.equal((await fake.engine.inspect('app:1', { signal })).storesBlobs, expected);
    }
    const questions = fake.requests.filter((path) => path.endsWith('/info'));
    assert.equal(questions.length, info === undefined ? 0 : 1, fake.requests.join());
  }
});

test('an inspection that is cancelled while the store is asked for ends no other one', async () => {
  const asked = Promise.withResolvers<undefined>();
  const infos: (() => void)[] = [];
  await using fake = await startFakeEngine({
    '/version': json(200, { Version: '24.0.0', ApiVersion: '1.43', MinAPIVersion: '1.12' }),
    '/images/app:1/json': json(200, inspection(index ?? '')),
    '/info': (request, response) => {
      infos.push(() => {
        json(200, { DriverStatus: [['driver-type', 'io.containerd.snapshotter.v1']] })(request, response);
      });
      asked.resolve(undefined);
    },
  });
  const stop = new AbortController();
  const first = fake.engine.inspect('app:1', { signal: stop.signal });
  await asked.promise;
  const second = fake.engine.inspect('app:1', { signal });
  second.catch(() => undefined);
  // Until its request has arrived as well, or it waits for the first one.
  for (let turn = 0; turn < 200 && infos.length < 2; turn++) await new Promise(setImmediate);
  stop.abort();
  await assert.rejects(first, { code: 'cancelled' });
  for (const answer of infos) answer();
  assert.equal((await second).storesBlobs, true);
});

test('the engine’s manifests are used only if all are valid', async () => {
  for (const odd of [null, {}, 'x', [...manifests, { ID: 'sha512:1', Available: true }], [{ ID: amd }], [null]]) {
    const answer = { ...inspection(index ?? ''), Manifests: odd };
    await using fake = await startFakeEngine({ '/version': version, '/images/app:1/json': json(200, answer) });
    assert.equal((await fake.engine.inspect('app:1', { signal })).manifests, undefined);
  }
});

test('a missing image is not found with API 1.48 as well', async () => {
  const missing = json(404, { message: 'No such image: app:1' });
  await using fake = await startFakeEngine({ '/version': version, '/images/app:1/json': missing });
  await assert.rejects(fake.engine.inspect('app:1', { signal }), { code: 'imageNotFound', message: /No such image/ });
});

test('the notices of an engine’s push become sentences, and nothing else does', async () => {
  const said = [
    { status: 'The push refers to repository [127.0.0.1:39455/t/n]' },
    {
      progressDetail: {},
      aux: {
        manifestPushedInsteadOfIndex: true,
        originalIndex: { digest: index, size: 491 },
        selectedManifest: { digest: amd, size: 402, platform: { architecture: 'amd64', os: 'linux' } },
      },
    },
    { status: 'Mounted from t/m', progressDetail: {}, id: '12356c525e7f' },
    { status: 'Pushing', progressDetail: { current: 1, total: 2 }, id: '12356c525e7f' },
    { status: 'The registry is being moved: use another one from Monday on.' },
    { status: `1: digest: ${amd ?? ''} size: 402` },
    { progressDetail: {}, aux: { Tag: '1', Digest: amd, Size: 402 } },
  ];
  const body = said.map((line) => JSON.stringify(line)).join('\r\n');
  await using fake = await startFakeEngine({
    '/images/127.0.0.1:1/t/n/push': (_request, response) => {
      response.end(body);
    },
  });
  const pusher = fake.engine.pusher() ?? assert.fail('a socket can push');
  const credential = { username: 'u', secret: 's' };
  const steps = await listOf(pusher.push({ repository: '127.0.0.1:1/t/n', tag: '1' }, credential, { signal }));
  assert.deepEqual(
    steps.flatMap(({ notice }) => (notice === undefined ? [] : [notice])),
    [
      `Not all multiplatform-content is present and only the available single-platform image was pushed: linux/amd64 (${amd ?? ''}).`,
      'The registry is being moved: use another one from Monday on.',
    ],
  );
});

test('the error of an engine’s push has the engine’s message in its facts, as every other one', async () => {
  await using fake = await startFakeEngine({
    '/images/127.0.0.1:1/t/n/push': (_request, response) => {
      response.end('{"errorDetail":{"message":"denied by the registry"},"error":"denied"}\r\n');
    },
  });
  const pusher = fake.engine.pusher() ?? assert.fail('a socket can push');
  const pushed = listOf(
    pusher.push({ repository: '127.0.0.1:1/t/n', tag: '1' }, { username: 'u', secret: 's' }, { signal }),
  );
  await assert.rejects(pushed, { code: 'engineFailed', facts: { message: 'denied by the registry' } });
});

describe('a manifest list of podman', () => {
  const podman = json(200, {
    Version: '5.2.2',
    ApiVersion: '1.41',
    MinAPIVersion: '1.24',
    Components: [{ Name: 'Podman Engine' }],
  });
  const answers = {
    '/version': podman,
    '/images/team/app:1/json': json(200, inspection(id('e'))),
    [`/images/team/app@${id('a')}/json`]: json(200, inspection(id('e'))),
  };
  const item = { digest: id('a'), platform: { os: 'linux', architecture: 'amd64' } };
  const asked = (manifests: readonly unknown[]): Record<string, Handler> => ({
    ...answers,
    '/v4.0.0/libpod/manifests/team/app:1/json': json(200, { schemaVersion: 2, manifests }),
  });

  test('is one without a media type as well, and keeps an item without a platform', async () => {
    await using fake = await startFakeEngine(asked([item, { digest: id('b'), size: 7 }]));
    const { manifestType, manifests = [] } = await fake.engine.inspect('team/app:1', { signal });
    assert.equal(manifestType, 'application/vnd.oci.image.index.v1+json');
    assert.deepEqual(
      manifests.map(({ digest, isAvailable, platform }) => [digest, isAvailable, platform?.architecture]),
      [
        [id('a'), true, 'amd64'],
        [id('b'), false, undefined],
      ],
    );
  });

  test('of podman 5, which finds an image by a digest under its own name alone, has the images that are here', async () => {
    const listed = [
      { Id: 'c'.repeat(64), Digest: id('b'), RepoDigests: [] },
      { Id: 'd'.repeat(64), Digest: id('9'), RepoDigests: [`localhost/part@${id('8')}`, 7] },
      { Id: 'odd', Digest: id('7') },
    ];
    await using fake = await startFakeEngine({
      ...asked([item, ...['b', '8', '7', '6'].map((digit) => ({ ...item, digest: id(digit) }))]),
      '/v4.0.0/libpod/images/json': json(200, listed),
    });
    const { manifests = [] } = await fake.engine.inspect('team/app:1', { signal });
    assert.deepEqual(
      manifests.map(({ digest, isAvailable, imageId }) => [digest, isAvailable, imageId]),
      [
        [id('a'), true, id('e')],
        [id('b'), true, id('c')],
        [id('8'), true, id('d')],
        [id('7'), false, undefined],
        [id('6'), false, undefined],
      ],
    );
    assert.equal(fake.requests.filter((path) => path.includes('/libpod/images/json')).length, 1);
  });

  test('is refused, and not pushed without an item that Gitea cannot store', async () => {
    for (const [odd, why] of [
      [{ ...item, digest: `sha512:${'a'.repeat(128)}` }, /sha512 digest/],
      [{ platform: item.platform }, /no ID|gives no/],
      ['x', /no ID|gives no/],
    ] as const) {
      await using fake = await startFakeEngine(asked([item, odd]));
      await assert.rejects(fake.engine.inspect('team/app:1', { signal }), { code: 'imageUnsupported', message: why });
    }
  });
});
