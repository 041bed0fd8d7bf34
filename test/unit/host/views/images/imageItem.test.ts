import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { ThemeIcon } from 'vscode';
import type { EngineImage } from '../../../../../src/core/docker/types.ts';
import { buildImageTree } from '../../../../../src/host/views/images/imageTree.ts';
import { engineImage } from '../../../../tools/engineImage.ts';
import { useFakeVscode } from '../../support/fakeVscode.ts';

useFakeVscode();
const { imageItem } = await import('../../../../../src/host/views/images/imageItem.ts');

const now = Date.parse('2026-11-24T10:55:24.000Z');

/** What a row shows, and what a screen reader says. */
function rowOf(facts: Partial<EngineImage>): readonly [icon: string, text: string, spoken: string | undefined] {
  const [repository] = buildImageTree([engineImage({ size: 184_000_000, ...facts })], { showDangling: true });
  const item = imageItem(repository?.tags[0] ?? assert.fail(), () => ({}), now);
  return [(item.iconPath as ThemeIcon).id, String(item.description), item.accessibilityInformation?.label];
}

suite('the row of an image', () => {
  test('says size, age and platforms', () => {
    const platforms = [
      { os: 'linux', architecture: 'amd64' },
      { os: 'linux', architecture: 'arm64', variant: 'v8' },
    ];
    assert.deepEqual(rowOf({ platforms }), [
      'tag',
      '184 MB · 5 min ago · linux/amd64, linux/arm64/v8',
      'Image app:1, 184 MB, 5 min ago, linux/amd64, linux/arm64/v8',
    ]);
  });

  test('says whether containers use it: by its text, its icon and aloud', () => {
    const use = (running: number, stopped: number) => rowOf({ usedBy: { running, stopped } });
    assert.deepEqual(use(2, 1), [
      'vm-running',
      'in use · 184 MB · 5 min ago',
      'Image app:1, in use by 2 running containers and 1 stopped one, 184 MB, 5 min ago',
    ]);
    assert.deepEqual(use(0, 1), [
      'vm-outline',
      'in use (stopped) · 184 MB · 5 min ago',
      'Image app:1, in use by 1 stopped container, 184 MB, 5 min ago',
    ]);
    assert.equal(use(1, 0)[2], 'Image app:1, in use by 1 running container, 184 MB, 5 min ago');
    assert.equal(use(1, 2)[2], 'Image app:1, in use by 1 running container and 2 stopped ones, 184 MB, 5 min ago');
    assert.deepEqual(use(0, 0), ['tag', '184 MB · 5 min ago', 'Image app:1, 184 MB, 5 min ago']);
  });

  test('says why an image cannot be pushed', () => {
    const obstacle = 'its ID is a sha512 digest';
    assert.deepEqual(rowOf({ obstacle, platforms: [], createdAt: '' }), [
      'warning',
      'cannot be pushed: its ID is a sha512 digest · 184 MB',
      'Image app:1, cannot be pushed: its ID is a sha512 digest, 184 MB',
    ]);
  });

  test('says of an artifact what it is, and shows no platform', () => {
    const artifact = { isArtifact: true, platforms: [], createdAt: '1970-01-01T00:00:00.000Z' };
    assert.deepEqual(rowOf(artifact), ['archive', '184 MB · artifact', 'Image app:1, 184 MB, artifact']);
    const ofType = (artifactType: string): string => rowOf({ ...artifact, artifactType })[1];
    assert.equal(ofType('application/vnd.cncf.helm.config.v1+json'), '184 MB · Helm chart');
    assert.equal(ofType('application/vnd.example.thing'), '184 MB · artifact application/vnd.example.thing');
  });

  test('never shows a platform without a name, nor an age of 1970 or 1980', () => {
    for (const createdAt of ['1970-01-01T00:00:00.000Z', '1980-01-01T00:00:01.000Z', '']) {
      assert.equal(rowOf({ platforms: [{ os: '', architecture: '' }], createdAt })[1], '184 MB');
    }
  });

  test('of an untagged image says so aloud', () => {
    const [icon, , spoken] = rowOf({ references: [] });
    assert.deepEqual([icon, spoken], ['circle-slash', 'Image aaaaaaaaaaaa, untagged, 184 MB, 5 min ago']);
  });
});
