import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { pastedSecret } from '../../../../src/host/connections/pastedSecret.ts';

const token = '0123456789abcdef0123456789abcdef01234567';

suite('a pasted secret', () => {
  test('is a token without what was copied along with it, or a password with its spaces', () => {
    for (const around of ['', ' ', '\n', '\r\n', '\t', '\u00a0'])
      assert.equal(pastedSecret(around + token + around), token);
    assert.equal(pastedSecret(' two words '), ' two words ');
    assert.equal(pastedSecret('pass word \n'), 'pass word ');
    assert.equal(pastedSecret(`${token}0 `), `${token}0 `, 'not a token');
  });
});
