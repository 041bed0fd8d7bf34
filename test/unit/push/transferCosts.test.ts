import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chooseCompression } from '../../../src/core/compress/chooseCompression.ts';
import { codecKindOf, codecSpeeds } from '../../../src/core/compress/codecSpeeds.ts';
import { mediaTypes } from '../../../src/core/oci/mediaTypes.ts';
import {
  engineSpeeds,
  estimateTransfer,
  layerSizes,
  type TransferInputs,
} from '../../../src/core/push/transferCosts.ts';

const megabytes = (size: number, isMissing: boolean): { bytes: number; isMissing: boolean } => ({
  bytes: size * 1e6,
  isMissing,
});

describe('estimateTransfer', () => {
  const usual = { knowsDigests: true, cores: 2, codec: 'gzip' } as const;
  const cases: readonly [string, TransferInputs, 'relay' | 'export'][] = [
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
      const costs = estimateTransfer(inputs);
      assert.equal(costs.isRelaySooner, expected === 'relay', JSON.stringify(costs));
    });
  }

  it('takes the relay if it is estimated to be clearly sooner done, and gives both estimates', () => {
    for (const missing of [1, 10, 30, 60, 100, 300, 1_000]) {
      const costs = estimateTransfer({ ...usual, layers: [megabytes(700, false), megabytes(missing, true)] });
      assert.equal(costs.isRelaySooner, costs.relayMs <= costs.exportMs * 0.8);
    }
  });
});

describe('codecSpeeds', () => {
  it('is the table by which an export is estimated', () => {
    for (const codec of ['gzip', 'zstd', 'none'] as const) {
      const bytes = 3_000_000_000;
      const { exportMs } = estimateTransfer({
        ...{ codec, cores: 2, knowsDigests: true },
        layers: [{ bytes, isMissing: true }],
      });
      const seconds = bytes / engineSpeeds.save + bytes / (2 * codecSpeeds[codec].bytesPerSecond);
      assert.equal(exportMs, 50 + Math.round(seconds * 1000), codec);
    }
  });

  it('is the table by which a compression is chosen', () => {
    const means = { threads: 1, hasZstd: false };
    const asFast = codecSpeeds.gzip.bytesPerSecond / 0.9;
    assert.equal(chooseCompression({ scope: 'private', bytesPerSecond: asFast * 1.01 }, means).kind, 'none');
    assert.equal(chooseCompression({ scope: 'private', bytesPerSecond: asFast * 0.99 }, means).kind, 'gzip');
  });

  it('knows each codec by the media type of its layers', () => {
    const types = [mediaTypes.ociLayerGzip, mediaTypes.ociLayerZstd, mediaTypes.ociLayer];
    assert.deepEqual(types.map(codecKindOf), ['gzip', 'zstd', 'none']);
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
