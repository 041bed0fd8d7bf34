import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RecentBytes } from '../../../src/core/spool/recentBytes.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text);

describe('RecentBytes', () => {
  it('returns its bytes, piece by piece and not beyond the requested end', () => {
    const recent = new RecentBytes(100);
    recent.add(0, bytes('abcd'));
    recent.add(4, bytes('efgh'));
    assert.equal(String(recent.from(0, 8)), 'abcd');
    assert.equal(String(recent.from(2, 8)), 'cd');
    assert.equal(String(recent.from(4, 6)), 'ef');
    assert.equal(recent.from(8, 9), undefined);
  });

  it('drops the oldest bytes beyond its capacity', () => {
    const recent = new RecentBytes(8);
    for (const [at, piece] of ['abcd', 'efgh', 'ijkl'].entries()) recent.add(at * 4, bytes(piece));
    assert.equal(recent.from(0, 4), undefined);
    assert.equal(String(recent.from(5, 12)), 'fgh');
    assert.equal(String(recent.from(8, 12)), 'ijkl');
  });

  it('keeps nothing if its capacity is 0', () => {
    const recent = new RecentBytes(0);
    recent.add(0, bytes('abcd'));
    assert.equal(recent.from(0, 4), undefined);
  });
});
