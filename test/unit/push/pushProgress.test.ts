import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { digestOf } from '../../../src/core/oci/digest.ts';
import type { LayerStatus, PushEvent } from '../../../src/core/push/pushEvents.ts';
import { PushProgress } from '../../../src/core/push/pushProgress.ts';

const mega = 1_000_000;

function layer(change: Partial<LayerStatus>): LayerStatus {
  const sizes = { readBytes: 0, readTotal: undefined, storedBytes: 0, storedTotal: undefined, sentBytes: 0 };
  return { diffId: digestOf(Buffer.from('layer')), state: 'waiting', ...sizes, ...change };
}

describe('PushProgress', () => {
  let now: number;
  let progress: PushProgress;
  const at = (ms: number, event: PushEvent): void => {
    now = ms;
    progress.apply(event);
  };
  beforeEach(() => {
    now = 0;
    progress = new PushProgress(() => now);
  });

  it('says that the engine prepares until the first byte comes', () => {
    at(0, { type: 'planned', layers: [layer({})], imageBytes: 10 * mega });
    at(0, { type: 'stage', stage: 'export' });
    at(0, { type: 'received', bytes: 0 });
    assert.equal(progress.snapshot().enginePreparing, true);
    at(9_000, { type: 'received', bytes: 512 });
    assert.equal(progress.snapshot().enginePreparing, false);
  });

  it('knows no total, no rate and no time left before there is something to go by', () => {
    at(0, { type: 'planned', layers: [layer({})], imageBytes: 10 * mega });
    const { totalBytes, bytesPerSecond, etaSeconds, fraction } = progress.snapshot();
    assert.deepEqual(
      { totalBytes, bytesPerSecond, etaSeconds, fraction },
      { totalBytes: undefined, bytesPerSecond: undefined, etaSeconds: undefined, fraction: 0 },
    );
  });

  it('measures the rate of sent bytes and derives the time left from work, not from guesses', () => {
    const status = {
      state: 'uploading',
      readBytes: 100 * mega,
      readTotal: 100 * mega,
      storedBytes: 40 * mega,
      storedTotal: 40 * mega,
    } as const;
    at(0, { type: 'planned', layers: [layer({})], imageBytes: 100 * mega });
    at(0, { type: 'layer', index: 0, status: layer({ ...status, sentBytes: 0 }) });
    for (let second = 1; second <= 4; second++) {
      at(second * 1_000, { type: 'layer', index: 0, status: layer({ ...status, sentBytes: second * 5 * mega }) });
    }
    const snapshot = progress.snapshot();
    assert.equal(snapshot.totalBytes, 40 * mega);
    assert.equal(snapshot.sentBytes, 20 * mega);
    assert.equal(snapshot.bytesPerSecond, 5 * mega);
    assert.equal(snapshot.fraction, 0.5);
    assert.equal(snapshot.etaSeconds, 4);
  });

  it('leaves layers that are not sent out of totals and rates', () => {
    const there = layer({ state: 'exists', readTotal: 80 * mega, storedTotal: 30 * mega });
    at(0, { type: 'planned', layers: [there, layer({})], imageBytes: 100 * mega });
    at(0, {
      type: 'layer',
      index: 1,
      status: layer({
        state: 'uploading',
        readBytes: 20 * mega,
        readTotal: 20 * mega,
        storedBytes: 8 * mega,
        storedTotal: 8 * mega,
        sentBytes: 2 * mega,
      }),
    });
    const snapshot = progress.snapshot();
    assert.equal(snapshot.totalBytes, 8 * mega);
    assert.equal(snapshot.fraction, 0.25);
  });

  it('counts blobs of which it is not known yet which layer they are, until the layers count them', () => {
    const blob = layer({ diffId: undefined, state: 'uploading', storedBytes: 30 * mega, storedTotal: 40 * mega });
    at(0, { type: 'planned', layers: [layer({})], imageBytes: 100 * mega });
    at(0, { type: 'layer', index: 1, status: { ...blob, sentBytes: 20 * mega } });
    const { sentBytes, totalBytes, fraction } = progress.snapshot();
    assert.deepEqual(
      { sentBytes, totalBytes, fraction },
      { sentBytes: 20 * mega, totalBytes: 40 * mega, fraction: 0.5 },
    );
    at(0, { type: 'layer', index: 1, status: { ...blob, state: 'superseded' } });
    const done = { state: 'uploaded', storedBytes: 40 * mega, storedTotal: 40 * mega, sentBytes: 40 * mega } as const;
    at(0, { type: 'layer', index: 0, status: layer(done) });
    assert.deepEqual([progress.snapshot().sentBytes, progress.snapshot().totalBytes], [40 * mega, 40 * mega]);
    assert.equal(progress.snapshot().layers.length, 1);
  });

  it('weighs what a classic engine has read by the part of it that was sent, of all blobs together', () => {
    const reading = layer({ state: 'reading', readBytes: 50 * mega, readTotal: 100 * mega });
    const blob = { diffId: undefined, state: 'uploading', storedBytes: 20 * mega, sentBytes: 10 * mega } as const;
    at(0, { type: 'planned', layers: [reading], imageBytes: 100 * mega });
    at(0, { type: 'layer', index: 1, status: layer(blob) });
    const { fraction, totalBytes } = progress.snapshot();
    assert.deepEqual({ fraction, totalBytes }, { fraction: 0.25, totalBytes: undefined });
  });

  it('measures against the engine’s own figure for the image until every layer’s size is known', () => {
    const reading = layer({
      state: 'reading',
      readBytes: 10 * mega,
      readTotal: 20 * mega,
      storedBytes: 4 * mega,
      sentBytes: 4 * mega,
    });
    at(0, { type: 'planned', layers: [layer({}), layer({})], imageBytes: 100 * mega });
    at(0, { type: 'layer', index: 0, status: reading });
    assert.equal(progress.snapshot().totalBytes, undefined);
    assert.equal(progress.snapshot().fraction, 0.1);
  });

  it('restarts the measurement when an upload is restarted', () => {
    at(0, { type: 'planned', layers: [layer({})], imageBytes: 0 });
    at(0, { type: 'layer', index: 0, status: layer({ state: 'uploading', sentBytes: 0 }) });
    at(3_000, { type: 'layer', index: 0, status: layer({ state: 'uploading', sentBytes: 30 * mega }) });
    assert.equal(progress.snapshot().bytesPerSecond, 10 * mega);
    at(3_100, { type: 'layer', index: 0, status: layer({ state: 'uploading', sentBytes: 0 }) });
    assert.equal(progress.snapshot().bytesPerSecond, undefined);
  });

  it('never goes back while compressing runs ahead of sending, and then knows a time all the same', () => {
    at(0, { type: 'planned', layers: [layer({})], imageBytes: 100 * mega });
    let before = 0;
    for (let tick = 1; tick <= 50; tick++) {
      // Compressing takes a lead that grows and shrinks; sending goes on steadily.
      const sentBytes = tick * 0.2 * mega;
      const storedBytes = sentBytes * (1 + (tick % 7) / 3) + 50_000;
      const readBytes = storedBytes * 2.5 + ((tick % 5) + 1) * mega;
      const status = layer({ state: 'reading', readTotal: 100 * mega, readBytes, storedBytes, sentBytes });
      at(tick * 200, { type: 'layer', index: 0, status });
      const { fraction = 0, etaSeconds } = progress.snapshot();
      assert.ok(fraction >= before, `${fraction} after ${before}`);
      before = fraction;
      if (tick > 15) assert.ok(etaSeconds !== undefined && etaSeconds < 120, `tick ${tick}: ${String(etaSeconds)}`);
    }
  });

  it('gives no time left after a few bytes, and no speed once only the manifest is left', () => {
    at(0, { type: 'planned', layers: [layer({}), layer({})], imageBytes: 100 * mega });
    const tiny = layer({
      state: 'uploading',
      readBytes: 300,
      readTotal: 300,
      storedBytes: 99,
      storedTotal: 99,
      sentBytes: 99,
    });
    at(0, { type: 'layer', index: 0, status: layer({}) });
    at(3_000, { type: 'layer', index: 0, status: tiny });
    assert.equal(progress.snapshot().etaSeconds, undefined);
    at(4_000, { type: 'stage', stage: 'manifest' });
    assert.equal(progress.snapshot().bytesPerSecond, undefined);
  });

  it('reaches 100 % only with the result', () => {
    const sent = layer({
      state: 'uploaded',
      readBytes: mega,
      readTotal: mega,
      storedBytes: mega,
      storedTotal: mega,
      sentBytes: mega,
    });
    at(0, { type: 'planned', layers: [sent], imageBytes: mega });
    assert.equal(progress.snapshot().fraction, 0.99);
    const result = {
      reference: 'gitea.test/dev/app:1',
      digest: digestOf(Buffer.from('manifest')),
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      uploadedBytes: mega,
      mountedBytes: 0,
      skippedBytes: 0,
      durationMs: 1,
      strategy: 'export',
      notices: [],
    } as const;
    at(1, { type: 'done', result });
    assert.equal(progress.snapshot().fraction, 1);
  });
});
