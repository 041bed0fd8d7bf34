import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { suite, test } from 'node:test';
import type { EngineImage } from '../../../../../src/core/docker/types.ts';
import type { Digest } from '../../../../../src/core/oci/digest.ts';
import {
  buildImageTree,
  describeEmptiness,
  describeTags,
  contextValueOf,
  repositoryAccessibleName,
} from '../../../../../src/host/views/images/imageTree.ts';
import { markdownText } from '../../../../../src/host/display/markdownText.ts';
import { imageTooltip } from '../../../../../src/host/views/images/imageTooltip.ts';

function image(created: string, ...references: string[]): EngineImage {
  const id: Digest = `sha256:${createHash('sha256')
    .update(created + references.join())
    .digest('hex')}`;
  return { id, references, size: 1_500_000, createdAt: created, platform: undefined, containers: undefined };
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

  test('a count cannot be taken for a tag, and is said in the right number', () => {
    const rows = buildImageTree([old, image('2026-10-01T00:00:00Z', 'tool:2'), dangling], { showDangling: true });
    const short = dangling.id.slice('sha256:'.length).slice(0, 12);
    assert.deepEqual(rows.map(describeTags), [':2', '2 tags', short]);
    assert.deepEqual(rows.map(repositoryAccessibleName), [
      'Repository tool, 1 tag',
      'Repository app, 2 tags',
      'Images without a tag, 1',
    ]);
  });

  test('a repository of one image has the menu of that image', () => {
    const rows = buildImageTree([old, other, dangling], { showDangling: true });
    assert.deepEqual(rows.map(contextValueOf), ['repository.tagged', 'repository.several', 'repository.untagged']);
    assert.deepEqual(
      rows.flatMap(({ tags }) => tags.map(contextValueOf)),
      ['image.tagged', 'image.tagged', 'image.tagged', 'image.untagged'],
    );
  });

  test('the empty view distinguishes no images from only untagged ones', () => {
    assert.equal(describeEmptiness([]), 'none');
    assert.equal(describeEmptiness([dangling]), 'onlyDangling');
    assert.equal(describeEmptiness([dangling, old]), 'some');
  });

  test('the tooltip has the whole ID, the layers and the other names', () => {
    const lines = imageTooltip('app:1', old, {
      diffIds: [old.id, recent.id],
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
});
