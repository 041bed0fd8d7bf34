import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { errorCodes, TeaChestError, type Stage } from '../../../../src/core/base/errors.ts';
import { actionTitle, errorMessage } from '../../../../src/host/errors/errorMessages.ts';

suite('explaining a failure', () => {
  test('every code keeps the message of the error and says what to do next', () => {
    for (const code of errorCodes) {
      const { message, actions } = errorMessage(new TeaChestError(code, 'The registry said “no more tea”.'));
      assert.ok(message.startsWith('The registry said “no more tea”.'), code);
      assert.ok(actions.length <= 3, `${code}: a notification has room for three buttons`);
      if (code !== 'cancelled') {
        assert.match(message, /“no more tea”\. .+\.$/, `${code} gives a next step as a sentence`);
      }
    }
  });

  test('a refused owner offers another one', () => {
    const { actions } = errorMessage(new TeaChestError('ownerNotFound', 'There is no owner “nobody”.'));
    assert.deepEqual(
      actions.map((kind) => actionTitle(kind, 'ownerNotFound')),
      ['Choose Another Owner'],
    );
  });

  test('a token without the scope offers to create one, then to sign in again', () => {
    const { actions } = errorMessage(new TeaChestError('scopeMissing', 'The token may not write packages.'));
    assert.deepEqual(
      actions.map((kind) => actionTitle(kind, 'scopeMissing')),
      ['Create a Token', 'Sign In Again'],
    );
  });

  test('a connection that broke during a push is not blamed on the address', () => {
    const said = (stage: Stage): string =>
      errorMessage(new TeaChestError('registryUnreachable', 'The connection broke.', { stage })).message;
    assert.match(said('plan'), /Check the address/);
    for (const stage of ['export', 'upload', 'manifest', 'check'] as const) {
      assert.match(said(stage), /reachable before/);
      assert.doesNotMatch(said(stage), /address/);
    }
  });

  test('a changed certificate is reported in one sentence, without the fingerprints that the dialog shows', () => {
    const facts = { host: 'h.example', pinnedFingerprint: 'ab'.repeat(32), fingerprint256: 'cd'.repeat(32) };
    const changed = new TeaChestError('certificateChanged', `Trusted: ${facts.pinnedFingerprint}.`, { facts });
    const { message, actions } = errorMessage(changed);
    assert.match(message, /^h\.example shows another certificate [^.]+\.$/);
    assert.equal(actions[0], 'trustCertificate');
  });

  test('the other scheme is advised where it was found to answer', () => {
    const facts = { suggestion: 'http://h.example:3000' };
    const answers = new TeaChestError('plainHttp', 'It answers at http://h.example:3000.', { facts });
    assert.equal(errorMessage(answers).message, 'It answers at http://h.example:3000. Try that address.');
    assert.match(errorMessage(new TeaChestError('plainHttp', 'It is not encrypted.')).message, /https or http/);
  });

  test('no two buttons of one failure have the same title', () => {
    for (const code of errorCodes) {
      const titles = errorMessage(new TeaChestError(code, 'x')).actions.map((kind) => actionTitle(kind, code));
      assert.equal(new Set(titles).size, titles.length, code);
    }
  });
});
