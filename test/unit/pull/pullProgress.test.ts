import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { digestOf } from '../../../src/core/oci/digest.ts';
import { mediaTypes } from '../../../src/core/oci/mediaTypes.ts';
import { LayerRows } from '../../../src/core/pull/layerRows.ts';
import type { PullEvent } from '../../../src/core/pull/pullEvents.ts';
import { PullProgress } from '../../../src/core/pull/pullProgress.ts';

const [one, two] = [digestOf(Buffer.from('one')), digestOf(Buffer.from('two'))];
const layers = [
  { digest: one, size: 1_000_000, mediaType: mediaTypes.ociLayerGzip },
  { digest: two, size: 3_000_000, mediaType: mediaTypes.ociLayerGzip },
];
const idOf = (digest: string): string => digest.slice(7, 19);
const downloading = (digest: string, current: number, total?: number) =>
  ({ id: idOf(digest), state: 'downloading', current, total }) as const;

function progressOf(planned: typeof layers | undefined): {
  progress: PullProgress;
  rows: LayerRows;
  clock: { now: number };
} {
  const clock = { now: 0 };
  const progress = new PullProgress(() => clock.now);
  const apply = (event: PullEvent): void => {
    progress.apply(event);
  };
  apply({ type: 'stage', stage: 'transfer' });
  return { progress, rows: new LayerRows('engine', planned, apply), clock };
}

describe('the progress of a pull', () => {
  it('has a total from the start where the layers are known, and never more than that', () => {
    const { progress, rows } = progressOf(layers);
    assert.deepEqual(
      [progress.snapshot().receivedBytes, progress.snapshot().totalBytes, progress.snapshot().fraction],
      [0, 4_000_000, 0],
    );
    rows.apply(downloading(one, 1_500_000));
    const { receivedBytes, fraction, layers: shown } = progress.snapshot();
    assert.deepEqual([receivedBytes, fraction, shown[0]?.receivedBytes], [1_000_000, 0.25, 1_000_000]);
    rows.apply(downloading(two, 9_000_000));
    assert.equal(progress.snapshot().fraction, 0.99);
  });

  it('leaves out layers that the engine has', () => {
    const { progress, rows } = progressOf(layers);
    rows.apply({ id: idOf(two), state: 'exists', current: undefined, total: undefined });
    rows.apply({ id: idOf(one), state: 'done', current: undefined, total: undefined });
    assert.deepEqual(
      [progress.snapshot().receivedBytes, progress.snapshot().totalBytes, rows.downloadedBytes],
      [1_000_000, 1_000_000, 1_000_000],
    );
  });

  it('has no total and no fraction while the size of a layer is not known', () => {
    const { progress, rows } = progressOf(undefined);
    assert.deepEqual([progress.snapshot().totalBytes, progress.snapshot().fraction], [undefined, undefined]);
    rows.apply(downloading(one, 500_000, 1_000_000));
    rows.apply({ id: idOf(two), state: 'waiting', current: undefined, total: undefined });
    assert.deepEqual([progress.snapshot().totalBytes, progress.snapshot().fraction], [undefined, undefined]);
    rows.apply(downloading(two, 500_000, 1_000_000));
    assert.deepEqual([progress.snapshot().totalBytes, progress.snapshot().fraction], [2_000_000, 0.5]);
  });

  it('ignores the manifest and the config, of which engines report too', () => {
    const { progress, rows } = progressOf(layers);
    rows.apply({ id: 'abcdefabcdef', state: 'downloading', current: 7, total: 7 });
    assert.deepEqual([progress.snapshot().layers.length, progress.snapshot().receivedBytes], [2, 0]);
  });

  it('does not go back when an engine unpacks or asks again', () => {
    const { progress, rows } = progressOf(layers);
    rows.apply(downloading(two, 2_000_000));
    rows.apply(downloading(two, 100_000));
    assert.equal(progress.snapshot().receivedBytes, 2_000_000);
    rows.apply({ id: idOf(two), state: 'unpacking', current: 5, total: 3_000_000 });
    assert.equal(progress.snapshot().receivedBytes, 3_000_000);
  });

  it('measures the rate and the time left while bytes come, and says when they are unpacked', () => {
    const { progress, rows, clock } = progressOf(layers);
    for (let second = 1; second <= 4; second++) {
      clock.now = second * 1000;
      rows.apply(downloading(two, second * 500_000));
    }
    const { bytesPerSecond, etaSeconds, isUnpacking } = progress.snapshot();
    assert.deepEqual([Math.round(bytesPerSecond ?? 0), Math.round(etaSeconds ?? 0), isUnpacking], [500_000, 4, false]);
    for (const digest of [one, two]) rows.apply({ id: idOf(digest), state: 'unpacking', current: 1, total: undefined });
    const after = progress.snapshot();
    assert.deepEqual([after.isUnpacking, after.bytesPerSecond, after.etaSeconds], [true, undefined, undefined]);
  });

  it('begins anew with another way', () => {
    const { progress, rows } = progressOf(layers);
    rows.apply(downloading(two, 2_000_000));
    progress.apply({
      type: 'way',
      way: 'archive',
      layers: [{ digest: one, state: 'waiting', receivedBytes: 0, size: 5 }],
    });
    assert.deepEqual(
      [progress.snapshot().receivedBytes, progress.snapshot().totalBytes, progress.snapshot().way],
      [0, 5, 'archive'],
    );
  });
});
