import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import {
  describeVersions,
  packageNodes,
  packageAccessibleName,
} from '../../../../../src/host/views/registries/registryTree.ts';
import { connectionTo } from '../../support/hostFakes.ts';

suite('images in the Registries view', () => {
  const nodes = (...versions: string[]): ReturnType<typeof packageNodes> =>
    packageNodes(
      connectionTo('https://h.example'),
      'dev',
      versions.map((version) => ({ name: 'app', version, createdAt: undefined })),
    );

  test('a count cannot be taken for a tag, and is said in the right number', () => {
    assert.deepEqual(nodes('2').map(describeVersions), [':2']);
    assert.deepEqual(nodes('1', '2').map(describeVersions), ['2 tags']);
    assert.deepEqual([...nodes('2'), ...nodes('1', '2')].map(packageAccessibleName), [
      'Image app, 1 tag',
      'Image app, 2 tags',
    ]);
  });
});
