import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { addSample, noSamples, type RateSample } from '../../../../src/core/push/record/rateSamples.ts';

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
