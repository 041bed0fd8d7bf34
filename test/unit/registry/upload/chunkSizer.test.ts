import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readValue } from '../../../../src/core/base/json.ts';
import { ChunkSizer, chunkState, type ChunkState } from '../../../../src/core/registry/upload/chunkSizer.ts';

const mib = 1024 * 1024;
const origin = 'https://h';

const minute = 60_000;

interface Rig {
  readonly sizer: ChunkSizer;
  readonly memory: Map<string, ChunkState>;
  /** Lets time pass. */
  readonly wait: (ms: number) => void;
  /** Another one, as after a restart. */
  readonly again: () => ChunkSizer;
}

function setUp(size?: number): Rig {
  const memory = new Map<string, ChunkState>(size === undefined ? [] : [[origin, { size }]]);
  let now = Date.parse('2026-11-26T00:00:00Z');
  const again = (): ChunkSizer => new ChunkSizer(origin, memory, { now: () => now });
  const wait = (ms: number): void => void (now += ms);
  return { sizer: again(), memory, wait, again };
}

/** Lets each chunk pass that is not larger than the limit, quickly, until the size stays; gives how many broke. */
function settleBelow(sizer: ChunkSizer, limit: number, chunks = 50): number {
  let broke = 0;
  for (let i = 0; i < chunks; i++) {
    if (sizer.size <= limit) sizer.accepted(sizer.size, 10);
    else {
      broke++;
      sizer.broken(sizer.size);
    }
  }
  return broke;
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
  assert.equal(memory.get(origin)?.size, 64 * mib);
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

test('a 413 for the smallest chunk means that no size gets through', () => {
  const { sizer } = setUp(512 * 1024);
  assert.equal(sizer.tooLarge(512 * 1024), false);
});

test('a size that was refused stays so after a restart', () => {
  const { sizer, again } = setUp();
  sizer.tooLarge(16 * mib);
  const later = again();
  assert.equal(later.seemsUnlimited, false);
  for (let i = 0; i < 5; i++) later.accepted(later.size, 10);
  assert.equal(later.size, 8 * mib);
});

test('a chunk that broke makes them smaller, and one after the other in larger steps', () => {
  const { sizer } = setUp();
  sizer.broken(16 * mib);
  assert.equal(sizer.size, 8 * mib);
  sizer.broken(8 * mib);
  assert.equal(sizer.size, 2 * mib);
});

test('chunks that were sent at the same time count as one', () => {
  const { sizer } = setUp();
  for (let i = 0; i < 3; i++) sizer.broken(16 * mib);
  assert.equal(sizer.size, 8 * mib);
});

for (const limit of [600_000, 5_000_000, 20_000_000, 40_000_000]) {
  test(`a limit of ${limit} bytes that shows only as broken connections costs at most four chunks, and none after a restart`, () => {
    const { sizer, again } = setUp();
    assert.ok(settleBelow(sizer, limit) <= 4);
    assert.ok(sizer.size <= limit);
    assert.equal(sizer.seemsUnlimited, false);
    assert.equal(settleBelow(again(), limit), 0);
  });
}

test('a size that broke is tried again after a while: it may have been an accident', () => {
  const { sizer, wait } = setUp();
  sizer.broken(16 * mib);
  sizer.accepted(8 * mib, 10);
  assert.equal(sizer.size, 8 * mib);
  wait(11 * minute);
  sizer.accepted(8 * mib, 10);
  assert.equal(sizer.size, 16 * mib);
  assert.equal(sizer.seemsUnlimited, true);
});

test('a size that breaks again and again is tried ever more seldom', () => {
  const { sizer, wait } = setUp();
  let broke = 0;
  // A day of uploads through something that cuts at 20 MB.
  for (let i = 0; i < 24 * 60; i += 5) {
    broke += settleBelow(sizer, 20_000_000, 4);
    wait(5 * minute);
  }
  assert.ok(broke >= 2 && broke <= 5, String(broke));
});

test('a whole blob that broke leaves the size of chunks, but nothing seems unlimited any more', () => {
  const { sizer } = setUp();
  sizer.broken(400 * mib);
  assert.equal(sizer.size, 16 * mib);
  assert.equal(sizer.seemsUnlimited, false);
});

test('a limit from a clock that ran ahead does not last', () => {
  const memory = new Map<string, ChunkState>();
  memory.set(origin, { size: mib, limit: { bytes: 2 * mib, times: 1, until: Date.parse('2100-01-01') } });
  const sizer = new ChunkSizer(origin, memory);
  sizer.accepted(mib, 10);
  assert.equal(sizer.size, 2 * mib);
});

test('what is remembered reads back as it was written, and anything else as nothing', () => {
  fc.assert(
    fc.property(fc.anything(), (value) => {
      const state = readValue(chunkState, value);
      if (state !== undefined) assert.ok(Number.isSafeInteger(state.size) && state.size > 0);
    }),
  );
  const state = { size: mib, limit: { bytes: 2 * mib, times: 3, until: 4 } };
  assert.deepEqual(readValue(chunkState, JSON.parse(JSON.stringify(state))), state);
});
