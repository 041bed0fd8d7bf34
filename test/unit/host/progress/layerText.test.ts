import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { LayerRecord, RecordState } from '../../../../src/core/push/record/pushRecord.ts';
import { layerName, layerSize, layerState } from '../../../../src/host/progress/layerText.ts';

const mega = 1_000_000;
const layer = (change: Partial<LayerRecord> = {}): LayerRecord => ({
  ...{ state: 'waiting', readBytes: 0, storedBytes: 0, sentBytes: 0, ...change },
});
const words = (change: Partial<LayerRecord>, state: RecordState = 'running'): string =>
  layerState(layer(change), { state });

suite('what happens to a layer', () => {
  test('is said in words while it is pushed', () => {
    assert.equal(words({}), 'waiting');
    assert.equal(words({ state: 'exists' }), 'there already');
    assert.equal(words({ state: 'mounted' }), 'mounted');
    assert.equal(words({ state: 'uploaded' }), 'done');
    const reading = { state: 'reading', readBytes: 40 * mega, readTotal: 100 * mega, isCompressed: true } as const;
    assert.equal(words(reading), 'compressing 40%');
    assert.equal(words({ ...reading, sentBytes: 12 * mega }), 'compressing 40%, 12.0 MB sent');
    assert.equal(words({ ...reading, readTotal: undefined }), 'compressing 40.0 MB');
    assert.equal(words({ ...reading, isCompressed: false }), 'reading 40%');
    assert.equal(words({ ...reading, isCompressed: undefined, sentBytes: mega }), 'reading 40%, 1.0 MB sent');
    const sending = { state: 'uploading', sentBytes: 12 * mega, storedTotal: 80 * mega } as const;
    assert.equal(words(sending), 'sending 12.0 of 80.0 MB');
    assert.equal(words({ ...sending, sentBytes: 900_000 }), 'sending 900 kB of 80.0 MB');
    assert.equal(words({ ...sending, storedTotal: undefined }), 'sending 12.0 MB');
    assert.equal(words({ ...sending, sentBytes: 80 * mega }), 'sent, waiting for the registry');
  });

  test('is how far it came after a push that did not succeed, and done after one that did', () => {
    const sending = { state: 'uploading', sentBytes: 12 * mega, storedTotal: 80 * mega } as const;
    for (const state of ['failed', 'cancelled', 'interrupted'] as const) {
      assert.equal(words(sending, state), 'stopped after 12.0 of 80.0 MB');
      assert.equal(words({ state: 'reading', readBytes: 1 }, state), 'not sent');
      assert.equal(words({ state: 'uploaded' }, state), 'done');
    }
    assert.equal(words(sending, 'pushed'), 'done');
  });

  test('is of a layer that is named by its instruction, its diffID, or by neither', () => {
    const diffId = `sha256:${'a'.repeat(64)}` as const;
    assert.equal(layerName(layer({ diffId, instruction: 'COPY . /app' })), 'COPY . /app');
    assert.equal(layerName(layer({ diffId })), `Layer ${'a'.repeat(12)}`);
    assert.equal(layerName(layer()), 'Layer that the engine is sending');
    assert.equal(layerSize(layer({ readTotal: 2 * mega, storedTotal: mega })), '1.0 MB');
    assert.equal(layerSize(layer({ readTotal: 2 * mega })), '2.0 MB uncompressed');
    assert.equal(layerSize(layer()), undefined);
  });
});
