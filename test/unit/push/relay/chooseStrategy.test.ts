import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chooseStrategy, type StrategyInputs } from '../../../../src/core/push/relay/chooseStrategy.ts';
import { layerSizes } from '../../../../src/core/push/relay/layerSizes.ts';

const megabytes = (size: number, isMissing: boolean): { bytes: number; isMissing: boolean } => ({
  bytes: size * 1e6,
  isMissing,
});

describe('chooseStrategy', () => {
  const usual = { store: 'classic', knowsDigests: true, cores: 2, codec: 'gzip' } as const;
  const cases: readonly [string, StrategyInputs, 'relay' | 'export'][] = [
    [
      "everything of containerd's store, whatever is missing",
      { ...usual, store: 'containerd', layers: [megabytes(5_000, true)] },
      'relay',
    ],
    [
      'a large image of which nothing is there',
      { ...usual, layers: [megabytes(800, true), megabytes(500, true)] },
      'export',
    ],
    [
      'a small layer on a large base that is there',
      { ...usual, layers: [megabytes(1_300, false), megabytes(2, true)] },
      'relay',
    ],
    [
      'the same with an engine that must learn its digests first',
      { ...usual, knowsDigests: false, layers: [megabytes(1_300, false), megabytes(2, true)] },
      'export',
    ],
    [
      'one large changed layer on a small base',
      { ...usual, layers: [megabytes(50, false), megabytes(600, true)] },
      'export',
    ],
    [
      'a large changed layer on a huge base',
      { ...usual, layers: [megabytes(8_000, false), megabytes(600, true)] },
      'relay',
    ],
    ['a tiny image', { ...usual, layers: [megabytes(0.2, true)] }, 'export'],
    [
      'many changed layers on a machine with many cores',
      {
        ...usual,
        cores: 16,
        layers: [megabytes(100, false), ...Array<ReturnType<typeof megabytes>>(5).fill(megabytes(20, true))],
      },
      'relay',
    ],
    [
      'a first push, even on a machine with many cores',
      { ...usual, cores: 16, layers: Array<ReturnType<typeof megabytes>>(5).fill(megabytes(20, true)) },
      'export',
    ],
    ['what need not be compressed at all', { ...usual, codec: 'none', layers: [megabytes(400, true)] }, 'export'],
  ];
  for (const [what, inputs, expected] of cases) {
    it(`takes the ${expected} for ${what}`, () => {
      const choice = chooseStrategy(inputs);
      assert.equal(choice.strategy, expected, JSON.stringify(choice));
    });
  }

  it('takes the relay if it reckons it to be clearly sooner done, and says what it reckoned', () => {
    for (const missing of [1, 10, 30, 60, 100, 300, 1_000]) {
      const choice = chooseStrategy({ ...usual, layers: [megabytes(700, false), megabytes(missing, true)] });
      assert.equal(choice.strategy, choice.relayMs <= choice.exportMs * 0.8 ? 'relay' : 'export');
    }
  });
});

describe('layerSizes', () => {
  it('prefers what was counted, then the build history, leaving out steps without files', () => {
    assert.deepEqual(layerSizes([10, undefined, undefined], [7, 0, 20, 30, 0], 100), [10, 20, 30]);
  });
  it('shares what is left where the history has another number of steps', () => {
    assert.deepEqual(layerSizes([10, undefined, undefined], [7, 20], 100), [10, 45, 45]);
  });
  it('never gives less than nothing', () => {
    assert.deepEqual(layerSizes([200, undefined], [], 100), [200, 0]);
  });
});
