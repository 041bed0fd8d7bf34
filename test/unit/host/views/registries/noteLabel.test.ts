import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { TeaChestError, type ErrorCode } from '../../../../../src/core/base/errors.ts';
import { noteLabel, noteRemedy } from '../../../../../src/host/views/registries/noteLabel.ts';

const noteOf = (code: ErrorCode): readonly string[] => {
  const error = new TeaChestError(code, 'A whole sentence that no row has room for, with every detail there is.');
  const { kind, title } = noteRemedy(error);
  return [noteLabel(error), kind, title];
};

suite('notes in the Registries view', () => {
  test('are short, with the action that helps', () => {
    assert.deepEqual(noteOf('registryUnreachable'), ['Cannot be reached', 'retry', 'Retry']);
    assert.deepEqual(noteOf('certificateChanged'), ['The certificate changed', 'trustCertificate', 'Show Certificate']);
    assert.deepEqual(noteOf('notSignedIn'), ['Not signed in', 'signIn', 'Sign In']);
    assert.deepEqual(noteOf('credentialsRejected').slice(1), ['signIn', 'Sign In Again']);
  });

  test('offer a retry where nothing better is known', () => {
    assert.deepEqual(noteOf('quotaExceeded'), ['Could not be listed', 'retry', 'Retry']);
  });
});
