import assert from 'node:assert/strict';
import { test } from 'node:test';
import { joinAlternatives, joinList } from '../../../src/core/base/joinList.ts';
import { joinSentences } from '../../../src/core/base/joinSentences.ts';

test('a list of names has commas, and one word before the last', () => {
  assert.equal(joinList([]), '');
  assert.equal(joinList(['a']), 'a');
  assert.equal(joinList(['a', 'b']), 'a and b');
  assert.equal(joinList(['a', 'b', 'c']), 'a, b and c');
  assert.equal(joinAlternatives([]), '');
  assert.equal(joinAlternatives(['a']), 'a');
  assert.equal(joinAlternatives(['a', 'b']), 'a or b');
  assert.equal(joinAlternatives(['a', 'b', 'c']), 'a, b or c');
});

test('sentences have one blank between them, and those that are not said leave none', () => {
  assert.equal(joinSentences('One.', undefined, 'Two.', ''), 'One. Two.');
  assert.equal(joinSentences(undefined), '');
  assert.equal(joinSentences('一。', '二。', 'Three.'), '一。二。Three.');
});
