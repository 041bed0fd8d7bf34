import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { cutToWidth, padStartToWidth, padToWidth, textWidth } from '../../../src/core/base/textWidth.ts';

suite('the width of a text', () => {
  test('counts Chinese, Japanese and Korean characters and their punctuation twice', () => {
    assert.equal(textWidth('Left: é'), 7);
    assert.equal(textWidth('左：'), 4);
    assert.equal(textWidth('レイヤー'), 8);
    assert.equal(textWidth('한글。'), 6);
    assert.equal(textWidth('𠮷'), 2);
    assert.equal(textWidth('40% · 3 → 4…'), 12);
  });

  test('is what a column is filled to', () => {
    assert.equal(padToWidth('yes', 5), 'yes  ');
    assert.equal(padToWidth('是', 5), '是   ');
    assert.equal(padToWidth('longer', 3), 'longer');
    assert.equal(padStartToWidth('12 字节', 9), '  12 字节');
    assert.equal(padStartToWidth('longer', 3), 'longer');
  });

  test('is what a line is cut to', () => {
    assert.equal(cutToWidth('43% · 61 MB/s', 5), '43% ·');
    assert.equal(cutToWidth('正在读取映像', 5), '正在');
    assert.equal(cutToWidth('正在', 4), '正在');
    assert.equal(cutToWidth('text', -1), '');
  });
});
