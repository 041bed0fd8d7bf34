import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { findBottleneck } from '../../../../src/core/push/record/bottleneck.ts';
import type { RateSample } from '../../../../src/core/push/record/rateSamples.ts';

const mega = 1_000_000;
const step = 500;

/** What every count has grown by at the end of one step. */
type Growth = Readonly<Partial<Record<Exclude<keyof RateSample, 'at'>, number>>>;

/** Samples that grow by the parts, one after the other, each for so many seconds. */
function grow(...parts: readonly (readonly [seconds: number, growth: Growth])[]): RateSample[] {
  const list: RateSample[] = [{ at: 0, read: 0, stored: 0, sent: 0, sendingMs: 0 }];
  for (const [seconds, growth] of parts) {
    for (let steps = (seconds * 1000) / step; steps > 0; steps--) {
      const last = list.at(-1) ?? assert.fail();
      const grown = Object.entries(growth).map(([name, by]) => [name, (last[name as keyof Growth] ?? 0) + by] as const);
      list.push({ ...last, at: last.at + step, ...Object.fromEntries(grown) });
    }
  }
  return list;
}

const compressing = { read: 5 * mega, stored: 2 * mega, sent: 2 * mega, engineMs: 20, compressionMs: 460 };
const sending = { sent: 2 * mega, sendingMs: step };

suite('what a run waited for', () => {
  test('is the network or the registry, if bytes waited to be sent; else the engine and compression', () => {
    assert.equal(findBottleneck(grow([10, sending])), 'link');
    assert.equal(findBottleneck(grow([6, { read: 2 * mega, stored: mega, sent: mega }])), 'source');
  });

  test('is the engine or compression where the waits say which', () => {
    const waits = (engineMs: number, compressionMs: number): RateSample[] =>
      grow([6, { ...compressing, engineMs, compressionMs }]);
    assert.equal(findBottleneck(waits(450, 30)), 'engine');
    assert.equal(findBottleneck(waits(30, 450)), 'compression');
    assert.equal(findBottleneck(waits(240, 240)), 'source', 'both');
    assert.equal(findBottleneck(waits(90, 10)), 'source', 'it waited for something else: the disk, or the sender');
  });

  test('is never compression where nothing is compressed', () => {
    const waits = (engineMs: number): RateSample[] => grow([6, { ...compressing, engineMs, compressionMs: 0 }]);
    assert.equal(findBottleneck(waits(450)), 'engine');
    assert.equal(findBottleneck(waits(100)), 'reading');
    assert.equal(
      findBottleneck(grow([4, { preparingMs: step }], [6, { ...compressing, engineMs: 100, compressionMs: 0 }])),
      'reading',
    );
  });

  test('counts the time in which nothing moves, by its cause', () => {
    const answer = [60, { answerMs: step }] as const;
    assert.equal(findBottleneck(grow([4, compressing], answer)), 'answers');
    assert.equal(findBottleneck(grow([60, { preparingMs: step }], [4, sending])), 'engine');
    const idle = [60, {}] as const;
    assert.equal(findBottleneck(grow([4, compressing], idle)), undefined, 'no cause was measured');
    // The wait for the engine's next bytes is counted when they come.
    const stalled = grow([4, compressing], idle, [0.5, { ...compressing, engineMs: 60_000 }], [4, compressing]);
    assert.equal(findBottleneck(stalled), 'engine');
  });

  test('is the network or the other side where the connections say which', () => {
    const observed = (busyMs: number, receiverMs: number): RateSample[] =>
      grow([10, { ...sending, observedMs: step, busyMs, receiverMs }]);
    assert.equal(findBottleneck(observed(step, 40)), 'network');
    assert.equal(findBottleneck(observed(step, step)), 'receiver');
    assert.equal(findBottleneck(observed(step, 250)), 'link', 'both');
    assert.equal(findBottleneck(observed(10, 0)), 'link', 'nothing was on its way: this machine may be slow');
    const short = grow([10, sending], [1, { ...sending, observedMs: step, busyMs: step }]);
    assert.equal(findBottleneck(short), 'link', 'too little was observed');
  });

  test('is the answer if nothing of what was written was on its way any more', () => {
    const written = (busyMs: number): RateSample[] =>
      grow([2, { ...compressing }], [20, { writtenMs: step, observedMs: step, busyMs }]);
    assert.equal(findBottleneck(written(2)), 'answers');
    assert.equal(findBottleneck(written(step)), 'network', 'the buffers of this machine were not empty');
    assert.equal(findBottleneck(grow([20, { writtenMs: step }])), 'link', 'not observed');
  });

  test('of a registry that reads slowly and answers slowly is the larger of the two', () => {
    const slow = { ...sending, observedMs: step, busyMs: step, receiverMs: step };
    assert.equal(findBottleneck(grow([6, slow], [5, { answerMs: step }])), 'receiver');
    assert.equal(findBottleneck(grow([5, slow], [6, { answerMs: step }])), 'answers');
  });

  test('is not said where it changed, or too little was counted', () => {
    const keepsUp = { read: 2 * mega, stored: mega, sent: mega };
    assert.equal(findBottleneck(grow([5, keepsUp], [5, sending])), undefined);
    assert.equal(findBottleneck(grow([1.5, keepsUp])), undefined);
    assert.equal(findBottleneck([]), undefined);
    const early = grow([6, keepsUp]).map(({ sendingMs: _, ...sample }) => sample);
    assert.equal(findBottleneck(early), undefined, 'a record of an earlier version');
  });
});
