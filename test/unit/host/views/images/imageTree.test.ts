import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { suite, test } from 'node:test';
import type { EngineImage } from '../../../../../src/core/docker/types.ts';
import { digestOf, type Digest } from '../../../../../src/core/oci/digest.ts';
import {
  buildImageTree,
  describeEmptiness,
  describeTags,
  contextValueOf,
  repositoryAccessibleName,
} from '../../../../../src/host/views/images/imageTree.ts';
import { engineImage } from '../../../../tools/engineImage.ts';
import { pushChoices } from '../../../../../src/host/views/images/chosenImages.ts';
import { markdownText } from '../../../../../src/host/display/markdownText.ts';
import { imageTooltip } from '../../../../../src/host/views/images/imageTooltip.ts';

function image(created: string, ...references: string[]): EngineImage {
  const id: Digest = `sha256:${createHash('sha256')
    .update(created + references.join())
    .digest('hex')}`;
  return engineImage({ id, references, size: 1_500_000, createdAt: created });
}

const old = image('2025-01-01T00:00:00Z', 'app:1', 'app:stable');
const recent = image('2026-11-01T00:00:00Z', 'app:2');
const other = image('2026-06-01T00:00:00Z', 'localhost:5000/team/tool:v1');
const dangling = image('2026-11-20T00:00:00Z');

suite('the image tree', () => {
  test('repositories and their tags come newest first; a port is no tag', () => {
    const tree = buildImageTree([old, other, recent], { showDangling: false });
    assert.deepEqual(
      tree.map(({ name, tags }) => [name, tags.map(({ label }) => label)]),
      [
        ['app', ['2', '1', 'stable']],
        ['localhost:5000/team/tool', ['v1']],
      ],
    );
  });

  test('untagged images show only on request, below everything that has a name', () => {
    assert.equal(buildImageTree([dangling], { showDangling: false }).length, 0);
    const tree = buildImageTree([dangling, old], { showDangling: true });
    assert.deepEqual(
      tree.map(({ name }) => name),
      ['app', '<none>'],
    );
    assert.equal(tree[1]?.tags[0]?.reference, undefined);
  });

  test('every node has an id of its own that stays the same', () => {
    const ids = (): string[] =>
      buildImageTree([old, recent, other, dangling], { showDangling: true }).flatMap((repository) => [
        repository.id,
        ...repository.tags.map(({ id }) => id),
      ]);
    assert.deepEqual(ids(), ids());
    assert.equal(new Set(ids()).size, 8);
  });

  test('a repository of several tags says how many', () => {
    const another = image('2026-10-01T00:00:00Z');
    const rows = buildImageTree([old, another, dangling], { showDangling: true });
    assert.deepEqual(rows.map(describeTags), ['2 tags', '2 images']);
    assert.deepEqual(rows.map(repositoryAccessibleName), ['Repository app, 2 tags', 'Images without a tag, 2']);
  });

  test('a repository of one image has the menu of that image', () => {
    const rows = buildImageTree([old, other, dangling], { showDangling: true });
    assert.deepEqual(rows.map(contextValueOf), ['image.tagged', 'repository.several', 'image.untagged']);
    assert.deepEqual(
      rows.flatMap(({ tags }) => tags.map(contextValueOf)),
      ['image.tagged', 'image.tagged', 'image.tagged', 'image.untagged'],
    );
  });

  test('an image that is known by its digest stands under its repository, and is no dangling one', () => {
    const digest = digestOf(Buffer.from('manifest'));
    const byDigest = engineImage({ references: [], digestReferences: [`localhost:5000/team/tool@${digest}`] });
    const short = `@${digest.slice('sha256:'.length).slice(0, 12)}`;
    const [alone] = buildImageTree([byDigest], { showDangling: false });
    assert.deepEqual(alone && [alone.name, contextValueOf(alone)], ['localhost:5000/team/tool', 'image.tagged']);
    assert.deepEqual(
      alone?.tags.map(({ label, reference }) => [label, reference]),
      [[short, `localhost:5000/team/tool@${digest}`]],
    );
    const [both] = buildImageTree([byDigest, other], { showDangling: false });
    assert.ok(both);
    assert.equal(describeTags(both), '2 images');
    assert.equal(repositoryAccessibleName(both), 'Repository localhost:5000/team/tool, 2 images');
    assert.equal(describeEmptiness([byDigest]), 'some');
  });

  test('a reference that the engine gives twice makes two rows, each with an id of its own', () => {
    const twice = [old, { ...recent, references: ['app:1', 'app:2'] }];
    const rows = buildImageTree(twice, { showDangling: false }).flatMap(({ tags }) => tags);
    assert.deepEqual(rows.map(({ label }) => label).sort(), ['1', '1', '2', 'stable']);
    assert.equal(new Set(rows.map(({ id }) => id)).size, 4);
  });

  test('a repository of podman is named as podman names it', () => {
    const [row] = buildImageTree([image('2026-01-01T00:00:00Z', 'localhost/app:1')], { showDangling: false });
    assert.deepEqual([row?.name, row?.tags[0]?.label], ['localhost/app', '1']);
  });

  test('images whose date says nothing come by the time of their tags, without one last', () => {
    const undated = (name: string, createdAt: string, taggedAt: string | undefined): EngineImage =>
      engineImage({ id: `sha256:${name.padEnd(64, '0')}`, references: [`${name}:1`], createdAt, taggedAt });
    const images = [
      undated('a', '', undefined),
      undated('b', '1970-01-01T00:00:00.000Z', '2026-10-01T00:00:00Z'),
      undated('c', '1980-01-01T00:00:01.000Z', '2026-11-20T00:00:00Z'),
      undated('d', '2026-11-01T00:00:00.000Z', undefined),
    ];
    assert.deepEqual(
      buildImageTree(images, { showDangling: false }).map(({ name }) => name),
      ['c', 'd', 'b', 'a'],
    );
  });

  test('an image that cannot be pushed has no menu for it, and is not among what is pushed', () => {
    const odd = engineImage({ id: `sha512:${'b'.repeat(128)}`, references: ['odd:1'], obstacle: 'it is odd' });
    const [row] = buildImageTree([odd], { showDangling: false });
    assert.equal(row && contextValueOf(row), 'image.obstacle');
    const twoOdd = buildImageTree([odd, { ...odd, id: '', references: ['odd:2'] }], { showDangling: false });
    assert.deepEqual(twoOdd.map(contextValueOf), ['repository.obstacle']);
    assert.deepEqual(pushChoices(twoOdd), []);
    const mixed = buildImageTree([odd, image('2026-01-01T00:00:00Z', 'odd:3')], { showDangling: false });
    assert.deepEqual(
      pushChoices(mixed).map((tags) => tags.map(({ label }) => label)),
      [['3']],
    );
    assert.match(markdownText(imageTooltip('odd:1', odd, undefined)), /Cannot be pushed: `it is odd`/);
  });

  test('a repository says whether containers use one of its images', () => {
    const used = (reference: string, running: number, stopped: number): EngineImage => ({
      ...image('2026-01-01T00:00:00Z', reference),
      usedBy: { running, stopped },
    });
    const names = [
      [used('app:1', 0, 0), used('app:2', 0, 0)],
      [used('app:1', 0, 2), used('app:2', 0, 0)],
      [used('app:1', 0, 2), used('app:2', 1, 0)],
    ].map((images) => buildImageTree(images, { showDangling: false }).map(repositoryAccessibleName));
    assert.deepEqual(names, [
      ['Repository app, 2 tags'],
      ['Repository app, 2 tags, in use (stopped)'],
      ['Repository app, 2 tags, in use'],
    ]);
  });

  test('the empty view distinguishes no images from only untagged ones', () => {
    assert.equal(describeEmptiness([]), 'none');
    assert.equal(describeEmptiness([dangling]), 'onlyDangling');
    assert.equal(describeEmptiness([dangling, old]), 'some');
  });

  test('the tooltip has the whole ID, the layers and the other names', () => {
    const lines = imageTooltip('app:1', old, {
      diffIds: [digestOf(Buffer.from('1')), digestOf(Buffer.from('2'))],
      platform: { os: 'linux', architecture: 'arm64', variant: 'v8' },
      createdAt: undefined,
    });
    const text = markdownText(lines);
    assert.ok(text.includes(old.id));
    assert.match(text, /Layers: 2/);
    assert.match(text, /linux\/arm64\/v8/);
    assert.match(text, /Also: `app:stable`/);
    assert.match(text, /1,500,000 bytes/);
  });

  test('the tooltip says what is unknown, and never a date that no build has', () => {
    const details = { diffIds: [], platform: { os: '', architecture: '' }, createdAt: undefined };
    const artifact = engineImage({
      isArtifact: true,
      createdAt: '1970-01-01T00:00:00.000Z',
      taggedAt: '2026-11-26T07:58:53.7Z',
    });
    const text = markdownText(imageTooltip('chart:1', artifact, details));
    assert.match(text, /Kind: `artifact`/);
    assert.match(text, /Tagged: `Nov 26, 2026, [78]:\d\d:53\sAM/);
    assert.doesNotMatch(text, /1970|Platform|Layers/);
    assert.match(markdownText(imageTooltip('app:1', old, details)), /Platform: unknown/);
    const used = { ...old, usedBy: { running: 2, stopped: 1 } };
    const ofUsed = markdownText(imageTooltip('app:1', used, details));
    assert.match(ofUsed, /In use by: 2 running containers, 1 stopped container/);
  });
});
