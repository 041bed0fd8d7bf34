import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Condition } from '../../../src/core/base/condition.ts';

test('a change wakes all waiters, and none that wait after it', async () => {
  const condition = new Condition();
  const woken: string[] = [];
  const both = ['first', 'second'].map((name) => condition.wait().then(() => woken.push(name)));
  condition.notifyAll();
  void condition.wait().then(() => woken.push('later'));
  await Promise.all(both);
  await new Promise(setImmediate);
  assert.deepEqual(woken, ['first', 'second']);
});

test('a signal ends the wait of its own waiter only', async () => {
  const condition = new Condition();
  const controller = new AbortController();
  const cancelled = condition.wait(controller.signal);
  const waiting = condition.wait(new AbortController().signal);
  controller.abort();
  await assert.rejects(cancelled, { code: 'cancelled' });
  await assert.rejects(condition.wait(controller.signal), { code: 'cancelled' });
  condition.notifyAll();
  await waiting;
});
