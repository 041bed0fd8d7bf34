import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { TeaChestError, type ErrorCode } from '../../../src/core/base/errors.ts';
import { noteLabel, noteRemedy } from '../../../src/host/views/registries/noteLabel.ts';
import { describeVersions, packageNodes, speakPackage } from '../../../src/host/views/registries/registryTree.ts';
import { connectionTo } from './hostFakes.ts';

const told = (code: ErrorCode): readonly string[] => {
  const error = new TeaChestError(code, 'A whole sentence that no row has room for, with every detail there is.');
  const { kind, title } = noteRemedy(error);
  return [noteLabel(error), kind, title];
};

suite('notes in the Registries view', () => {
  test('are short and lead to what mends them', () => {
    assert.deepEqual(told('registryUnreachable'), ['Cannot be reached', 'retry', 'Retry']);
    assert.deepEqual(told('certificateChanged'), ['The certificate changed', 'trustCertificate', 'Show Certificate']);
    assert.deepEqual(told('notSignedIn'), ['Not signed in', 'signIn', 'Sign In']);
    assert.deepEqual(told('credentialsRejected').slice(1), ['signIn', 'Sign In Again']);
  });

  test('offer another look where nothing better is known', () => {
    assert.deepEqual(told('ownerNotFound'), ['Could not be listed', 'retry', 'Retry']);
  });
});

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
    assert.deepEqual([...nodes('2'), ...nodes('1', '2')].map(speakPackage), ['Image app, 1 tag', 'Image app, 2 tags']);
  });
});
