import assert from 'node:assert/strict';
import { test } from 'node:test';
import { orCancelled, untilCancelled } from '../../../src/core/base/cancel.ts';

test('a promise that fails after its cancel is no unhandled rejection', async () => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  process.on('unhandledRejection', note);
  try {
    const controller = new AbortController();
    const { promise, reject } = Promise.withResolvers<never>();
    const waiting = orCancelled(promise, controller.signal);
    controller.abort();
    await assert.rejects(waiting, { code: 'cancelled' });
    await assert.rejects(orCancelled(promise, controller.signal), { code: 'cancelled' });
    reject(new Error('too late'));
    await new Promise(setImmediate);
    assert.deepEqual(unhandled, []);
  } finally {
    process.off('unhandledRejection', note);
  }
});

test('items come until the signal fires, even from a source that hangs', async () => {
  const controller = new AbortController();
  let closed = false;
  async function* source(): AsyncGenerator<number> {
    try {
      yield 1;
      await new Promise(() => undefined);
    } finally {
      closed = true;
    }
  }
  const items: number[] = [];
  const reading = (async () => {
    for await (const item of untilCancelled(source(), controller.signal)) items.push(item);
  })();
  await new Promise(setImmediate);
  controller.abort();
  await assert.rejects(reading, { code: 'cancelled' });
  assert.deepEqual([items, closed], [[1], false]);
});

test('a consumer that leaves the loop closes the source, and waits for that', async () => {
  let closed = false;
  async function* source(): AsyncGenerator<number> {
    try {
      yield 1;
      yield 2;
    } finally {
      await new Promise(setImmediate);
      closed = true;
    }
  }
  for await (const item of untilCancelled(source(), new AbortController().signal)) if (item === 1) break;
  assert.equal(closed, true);
});
