import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { sleep } from '../../../src/core/base/cancel.ts';
import { Semaphore } from '../../../src/core/base/semaphore.ts';
import { TaskGroup } from '../../../src/core/base/taskGroup.ts';

const { signal } = new AbortController();

describe('Semaphore', () => {
  it('has no more holders than its size, and serves all waiters', async () => {
    const semaphore = new Semaphore(2);
    let inside = 0;
    let most = 0;
    const work = async (): Promise<void> => {
      most = Math.max(most, ++inside);
      await setImmediate();
      inside--;
    };
    await Promise.all(Array.from({ length: 7 }, () => semaphore.run(work)));
    assert.deepEqual([inside, most], [0, 2]);
  });

  it('is released after a failure, and a cancelled waiter leaves the queue', async () => {
    const semaphore = new Semaphore(1);
    await assert.rejects(
      semaphore.run(() => Promise.reject(new Error('no'))),
      /no/,
    );
    const controller = new AbortController();
    const release: { done?: () => void } = {};
    const holder = semaphore.run(() => new Promise<void>((resolve) => (release.done = resolve)));
    const waiter = semaphore.run(() => Promise.resolve('in'), controller.signal);
    controller.abort();
    await assert.rejects(waiter, { code: 'cancelled' });
    release.done?.();
    await holder;
    assert.equal(await semaphore.run(() => Promise.resolve('next')), 'next');
  });
});

describe('TaskGroup', () => {
  it('stops the others at the first failure, waits for them, and throws that failure', async () => {
    const group = new TaskGroup(signal);
    let cleaned = false;
    const outcome = group.run(async () => {
      group.start(async () => {
        try {
          await sleep(60_000, group.signal);
        } finally {
          await setImmediate();
          cleaned = true;
        }
      });
      await setImmediate();
      throw new Error('the reason');
    });
    await assert.rejects(outcome, /the reason/);
    assert.equal(cleaned, true);
  });

  it('waits for tasks that tasks have started', async () => {
    const group = new TaskGroup(signal);
    const done: string[] = [];
    await group.run(async () => {
      group.start(async () => {
        await setImmediate();
        group.start(async () => {
          await setImmediate();
          done.push('grandchild');
        });
        done.push('child');
      });
      await Promise.resolve();
    });
    assert.deepEqual(done, ['child', 'grandchild']);
  });

  it('is cancelled by the outer signal', async () => {
    const controller = new AbortController();
    const group = new TaskGroup(controller.signal);
    const outcome = group.run(() => sleep(60_000, group.signal));
    controller.abort();
    await assert.rejects(outcome, { code: 'cancelled' });
  });
});
