import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  countContainers,
  mergeListed,
  toListedImage,
  type ListedImage,
} from '../../../../src/core/docker/images/listedImages.ts';

const id = (digit: string): string => `sha256:${digit.repeat(64)}`;

/** A record with what all engines give. */
function record(more: object): object {
  return { Id: id('a'), ParentId: '', Created: 1_795_517_424, Size: 300_018, SharedSize: -1, Labels: null, ...more };
}

function listed(info: object): ListedImage {
  const image = toListedImage(info);
  return 'unusable' in image ? assert.fail(image.unusable) : image;
}

/** The records are those of real engines, shortened. */
const names: Readonly<Record<string, readonly [object, readonly string[], readonly string[]]>> = {
  'two tags': [
    { RepoTags: ['app:1', 'localhost:5000/team/app'], RepoDigests: [] },
    ['app:1', 'localhost:5000/team/app'],
    [],
  ],
  'a dangling image of Docker 20.10': [{ RepoTags: ['<none>:<none>'], RepoDigests: ['<none>@<none>'] }, [], []],
  'a dangling image of podman': [{ RepoTags: null, RepoDigests: [], Dangling: true }, [], []],
  'a tag that was pulled': [
    { RepoTags: ['127.0.0.1:5000/a:1'], RepoDigests: [`127.0.0.1:5000/a@${id('b')}`] },
    ['127.0.0.1:5000/a:1'],
    [],
  ],
  'an image that was pulled by its digest': [
    { RepoTags: null, RepoDigests: [`127.0.0.1:5000/a@${id('b')}`] },
    [],
    [`127.0.0.1:5000/a@${id('b')}`],
  ],
  'one with a tag of another repository': [
    { RepoTags: ['plain:1'], RepoDigests: [`127.0.0.1:5000/a@${id('b')}`] },
    ['plain:1'],
    [`127.0.0.1:5000/a@${id('b')}`],
  ],
  'the same in the containerd store, which lists it as a tag': [
    { RepoTags: [`127.0.0.1:5000/a@${id('a')}`], RepoDigests: [`127.0.0.1:5000/a@${id('a')}`] },
    [],
    [`127.0.0.1:5000/a@${id('a')}`],
  ],
  'a name that was never normalised, in the containerd store': [
    { RepoTags: ['plain:1', 'plain:1', 'plain:1'], RepoDigests: [] },
    ['plain:1'],
    [],
  ],
  'an artifact, with a digest without a name': [{ RepoTags: ['chart:1'], RepoDigests: [id('a')] }, ['chart:1'], []],
  'an image that podman built': [
    { RepoTags: ['localhost/app:1'], RepoDigests: [`localhost/app@${id('b')}`] },
    ['localhost/app:1'],
    [],
  ],
};

for (const [what, [info, references, digestReferences]] of Object.entries(names)) {
  test(`names: ${what}`, () => {
    const image = listed(record(info));
    assert.deepEqual([image.references, image.digestReferences], [references, digestReferences]);
  });
}

test('size and date are the engine’s; Go’s zero time and a negative size say nothing', () => {
  const { size, createdAt } = listed(record({}));
  assert.deepEqual([size, createdAt], [300_018, '2026-11-24T10:50:24.000Z']);
  const odd = listed(record({ Size: -1, Created: -62_135_596_800 }));
  assert.deepEqual([odd.size, odd.createdAt], [0, '']);
  assert.equal(listed({ Id: id('a'), Created: 'yesterday' }).createdAt, '');
});

test('an ID without its algorithm, as older podman gives it, is a sha256 digest', () => {
  assert.equal(listed(record({ Id: 'a'.repeat(64) })).id, id('a'));
});

test('an image whose ID is no sha256 digest keeps its name and says why it cannot be pushed', () => {
  const sha512 = `sha512:${'b'.repeat(128)}`;
  const image = listed(record({ Id: sha512, RepoTags: ['odd:1'], Size: 0, Created: 0 }));
  assert.equal(image.id, sha512);
  assert.equal(image.obstacle, 'its ID is a sha512 digest, and registries such as Gitea store sha256 alone');
  assert.match(listed({ Id: 'sha256:12', RepoTags: ['odd:2'] }).obstacle ?? '', /“sha256:12” is not a digest/);
  assert.match(listed({ RepoTags: ['odd:3'] }).obstacle ?? '', /gives no ID/);
  assert.equal(listed(record({})).obstacle, undefined);
});

test('a record without a name and without a usable ID is left out, with the reason', () => {
  for (const [info, reason] of [
    [{ Id: `sha512:${'b'.repeat(128)}`, RepoTags: null }, /no name, and its ID is a sha512 digest/],
    [{}, /no name, and the engine gives no ID/],
    [null, /not an object/],
    ['text', /not an object/],
  ] as const) {
    const image = toListedImage(info);
    assert.match('unusable' in image ? image.unusable : 'listed', reason);
  }
});

const here = { Available: true, Kind: 'image' };
const platformOf = (architecture: string, variant?: string): object => ({
  ...here,
  ImageData: { Platform: { os: 'linux', architecture, ...(variant !== undefined && { variant }) } },
});

test('an image of several platforms has those that are here, without its attestations', () => {
  const attestation = { Available: true, Kind: 'attestation', ImageData: null };
  const away = { ...platformOf('s390x'), Available: false };
  const Manifests = [platformOf('amd64'), platformOf('arm64', 'v8'), platformOf('amd64'), attestation, away];
  const image = listed(record({ Manifests }));
  assert.deepEqual(image.platforms, [
    { os: 'linux', architecture: 'amd64' },
    { os: 'linux', architecture: 'arm64', variant: 'v8' },
  ]);
  assert.equal(image.isArtifact, false);
});

test('platforms are unknown where the list has no manifests, and none where the image names none', () => {
  assert.equal(listed(record({})).platforms, undefined);
  assert.equal(listed(record({ Manifests: [] })).platforms, undefined);
  assert.deepEqual(listed(record({ Manifests: [platformOf('')] })).platforms?.length, 1);
  const nameless = { ...here, ImageData: { Platform: { os: '', architecture: '' } } };
  assert.deepEqual(listed(record({ Manifests: [nameless] })).platforms, []);
});

test('what has manifests but no image is an artifact', () => {
  const Manifests = [{ Available: true, Kind: 'unknown' }];
  const chart = listed(record({ Manifests, Descriptor: { artifactType: 'application/vnd.cncf.helm.config.v1+json' } }));
  assert.deepEqual(
    [chart.isArtifact, chart.artifactType, chart.platforms],
    [true, 'application/vnd.cncf.helm.config.v1+json', []],
  );
  assert.equal(listed(record({ Manifests, Descriptor: {} })).artifactType, undefined);
});

test('two records of one image become one with the names of both', () => {
  const one = listed(record({ RepoTags: ['app:1', 'app:2'], RepoDigests: [`b@${id('c')}`] }));
  const other = listed(record({ RepoTags: ['app:2', 'b:1'], RepoDigests: [`a@${id('c')}`] }));
  const another = listed(record({ Id: id('d'), RepoTags: ['app:3'] }));
  assert.deepEqual(
    mergeListed([one, other, another]).map(({ references, digestReferences }) => [references, digestReferences]),
    [
      [['app:1', 'app:2', 'b:1'], [`a@${id('c')}`]],
      [['app:3'], []],
    ],
  );
  const nameless = ['x:1', 'x:2'].map((name) => listed({ RepoTags: [name] }));
  assert.equal(mergeListed(nameless).length, 2, 'images without an ID are not the same one');
});

test('containers are counted by the image that they were created from; a paused one runs', () => {
  const of = (digit: string, State?: unknown): object => ({ ImageID: id(digit), Image: 'app:1', State });
  const counts = countContainers([
    ...[of('a', 'running'), of('a', 'paused'), of('a', 'restarting'), of('a', 'exited'), of('a', 'created')],
    ...[of('b', 'dead'), of('b', 7), { Image: 'app:1' }, null],
    { ImageID: 'c'.repeat(64), State: 'running' },
  ]);
  assert.deepEqual(Object.fromEntries(counts ?? []), {
    [id('a')]: { running: 3, stopped: 2 },
    [id('b')]: { running: 0, stopped: 2 },
    [id('c')]: { running: 1, stopped: 0 },
  });
  assert.equal(countContainers({ message: 'no' }), undefined);
});
