import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ChunkSizer } from '../../../src/core/registry/chunkSizer.ts';

const mib = 1024 * 1024;
const origin = 'https://h';

function setUp(remembered?: number): { sizer: ChunkSizer; memory: Map<string, number> } {
  const memory = new Map<string, number>(remembered === undefined ? [] : [[origin, remembered]]);
  return { sizer: new ChunkSizer(origin, memory), memory };
}

test('it begins with 16 MiB, or with what worked the last time', () => {
  assert.equal(setUp().sizer.size, 16 * mib);
  assert.equal(setUp(2 * mib).sizer.size, 2 * mib);
});

test('a remembered size outside all bounds is brought inside', () => {
  assert.equal(setUp(1).sizer.size, 512 * 1024);
  assert.equal(setUp(1e12).sizer.size, 64 * mib);
});

test('on a fast link it doubles up to 64 MiB, and what worked is remembered', () => {
  const { sizer, memory } = setUp();
  for (let i = 0; i < 5; i++) sizer.accepted(sizer.size, 100);
  assert.equal(sizer.size, 64 * mib);
  assert.equal(memory.get(origin), 64 * mib);
});

test('on a slow link it shrinks to what fits in 15 seconds', () => {
  const { sizer } = setUp();
  sizer.accepted(16 * mib, 60_000);
  assert.equal(sizer.size, 4 * mib);
});

test('the short last chunk of a blob changes nothing', () => {
  const { sizer } = setUp();
  sizer.accepted(1000, 60_000);
  assert.equal(sizer.size, 16 * mib);
});

test('a 413 halves it until it fits, and that size is not reached again', () => {
  const { sizer } = setUp();
  assert.equal(sizer.tooLarge(16 * mib), true);
  assert.equal(sizer.tooLarge(8 * mib), true);
  assert.equal(sizer.size, 4 * mib);
  sizer.accepted(4 * mib, 10);
  assert.equal(sizer.size, 4 * mib);
});

test('a 413 for the smallest chunk means that there is no way', () => {
  const { sizer } = setUp(512 * 1024);
  assert.equal(sizer.tooLarge(512 * 1024), false);
});

test('a broken chunk halves it, and it may grow again', () => {
  const { sizer } = setUp();
  sizer.broken(16 * mib);
  assert.equal(sizer.size, 8 * mib);
  sizer.accepted(8 * mib, 10);
  assert.equal(sizer.size, 16 * mib);
});
