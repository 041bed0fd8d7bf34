import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { findBottleneck } from '../../../../src/core/push/record/bottleneck.ts';
import { addSample, noSamples, type RateSample } from '../../../../src/core/push/record/rateSamples.ts';

const mega = 1_000_000;
const sample = (at: number, change: Partial<RateSample> = {}): RateSample => ({
  at,
  read: at,
  stored: at,
  sent: at,
  ...change,
});

suite('the samples of a run', () => {
  test('span all of it, however long it takes', () => {
    let samples = noSamples;
    for (let at = 0; at <= 3_600_000; at += 200) samples = addSample(samples, sample(at));
    samples = addSample(samples, sample(3_600_001), { isLast: true });
    const { list } = samples;
    assert.ok(list.length > 100 && list.length <= 241, `${list.length} samples`);
    assert.deepEqual([list[0]?.at, list.at(-1)?.at], [0, 3_600_001]);
    const gaps = list.slice(1, -1).map(({ at }, index) => at - (list[index]?.at ?? 0));
    assert.ok(Math.max(...gaps) <= 2 * samples.step, 'no part of the run is missing');
  });
});

suite('what the bytes of a run waited for', () => {
  const run = (backlog: number, change = (_at: number): Partial<RateSample> => ({})): RateSample[] =>
    Array.from({ length: 12 }, (_, at) =>
      sample(at * 500, { read: at * 2 * mega, stored: at * mega + backlog, sent: at * mega, ...change(at) }),
    );

  test('is the registry, if compressed bytes waited; else the engine and the compression', () => {
    assert.equal(findBottleneck(run(20 * mega)), 'registry');
    assert.equal(findBottleneck(run(0)), 'source');
  });

  test('is the engine or the compression where the waits say which', () => {
    const waits = (engine: number, compression: number): RateSample[] =>
      run(0, (at) => ({ engineMs: at * engine, compressionMs: at * compression }));
    assert.equal(findBottleneck(waits(450, 30)), 'engine');
    assert.equal(findBottleneck(waits(30, 450)), 'compression');
    assert.equal(findBottleneck(waits(240, 240)), 'source', 'both');
    assert.equal(findBottleneck(waits(90, 10)), 'source', 'it waited for something else: the disk, or the sender');
  });

  test('is not said where it changed, or too little was counted', () => {
    // In the first half nothing waited, in the second half much did.
    const changing = run(0, (at) => (at < 6 ? {} : { stored: at * mega + 20 * mega }));
    assert.equal(findBottleneck(changing), undefined);
    assert.equal(findBottleneck(run(0).slice(0, 4)), undefined);
    assert.equal(findBottleneck([]), undefined);
  });
});
