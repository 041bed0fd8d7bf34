import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { moreAbout } from '../../../../src/host/errors/moreAbout.ts';

suite('the link of a message about failures', () => {
  test('leads to the entry of their code, and to the whole page if they have several', () => {
    assert.equal(moreAbout(['quotaExceeded', 'quotaExceeded'])?.argument, 'quotaExceeded');
    assert.equal(moreAbout(['quotaExceeded', 'engineLost'])?.argument, '');
  });

  test('is not there if nothing failed: a cancel is no failure', () => {
    assert.equal(moreAbout([]), undefined);
    assert.equal(moreAbout(['cancelled']), undefined);
    assert.equal(moreAbout(['cancelled', 'engineLost'])?.argument, 'engineLost');
  });
});
