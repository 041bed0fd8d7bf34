import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Stage } from '../../../src/core/base/errors.ts';
import { digestOf } from '../../../src/core/oci/digest.ts';
import type { LayerStatus } from '../../../src/core/push/pushEvents.ts';
import { findWait, WaitClock, type RunWait } from '../../../src/core/push/runWaits.ts';

const mega = 1_000_000;
const layer = (change: Partial<LayerStatus>): LayerStatus => ({
  ...{ diffId: digestOf(Buffer.from('one')), state: 'uploading', readBytes: 9, readTotal: 9, storedTotal: undefined },
  ...{ storedBytes: 5 * mega, sentBytes: 5 * mega, ...change },
});
const waitOf = (
  layers: readonly LayerStatus[],
  stage: Stage = 'export',
  isEnginePreparing = false,
): RunWait | undefined => findWait([{ stage, isEnginePreparing }], layers);

suite('what a run waits for now', () => {
  test('is the engine, until it gives its first byte', () => {
    const waiting = layer({ state: 'waiting', storedBytes: 0, sentBytes: 0 });
    assert.equal(waitOf([waiting], 'export', true), 'preparing');
    assert.equal(waitOf([waiting], 'export', false), undefined);
  });

  test('is nothing of the registry while sending keeps up with what is read', () => {
    assert.equal(waitOf([layer({ state: 'reading', readTotal: 90, phase: 'sending' })]), undefined);
    assert.equal(waitOf([layer({ state: 'reading', readTotal: 90, phase: 'answer' })]), undefined);
    const next = layer({ state: 'waiting', storedBytes: 0, sentBytes: 0 });
    assert.equal(waitOf([layer({ phase: 'answer' }), next]), undefined, 'the next layer is not read yet');
  });

  test('is sending, as long as one request does and bytes are left', () => {
    const sending = layer({ sentBytes: mega, phase: 'sending' });
    assert.equal(waitOf([sending, layer({ phase: 'answer' })]), 'sending');
    const held = layer({ state: 'reading', readTotal: 90, sentBytes: 0 });
    assert.equal(waitOf([held]), undefined, 'a small layer is sent once it is complete');
    assert.equal(waitOf([layer({ sentBytes: mega })]), 'sending', 'a session is being opened');
  });

  test('is the answer once no request sends, whatever waits behind it', () => {
    assert.equal(waitOf([layer({ phase: 'answer' })]), 'answer');
    assert.equal(waitOf([layer({ phase: 'answer' }), layer({ phase: 'written' })]), 'written');
    const reading = layer({ state: 'reading', readTotal: 90, storedBytes: 50 * mega, phase: 'answer' });
    assert.equal(waitOf([reading]), 'answer', 'what is read would only wait as well');
  });

  test('is the answer while the manifest is written and checked', () => {
    const done = layer({ state: 'uploaded' });
    assert.deepEqual(
      [waitOf([done], 'manifest'), waitOf([done], 'check'), waitOf([done], 'plan')],
      ['answer', 'answer', undefined],
    );
    assert.equal(findWait([], [done]), undefined, 'it is over');
  });

  test('of an engine’s own push is the answer although its layers keep waiting', () => {
    const own = layer({ state: 'waiting', storedBytes: 0, sentBytes: 0 });
    assert.equal(waitOf([own, layer({ diffId: undefined, phase: 'answer' })]), 'answer');
  });
});

test('the times of all waits are summed up', () => {
  let now = 100;
  const clock = new WaitClock(() => now);
  const pass = (wait: RunWait | undefined, ms: number): void => {
    clock.change(wait);
    now += ms;
  };
  pass(undefined, 5);
  pass('preparing', 10);
  pass('sending', 20);
  pass('preparing', 1);
  pass('answer', 30);
  assert.deepEqual(clock.sums(), { preparing: 11, sending: 20, written: 0, answer: 30 });
  now += 4;
  assert.deepEqual([clock.current, clock.sums().answer], ['answer', 34]);
});
