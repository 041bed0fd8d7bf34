import assert from 'node:assert/strict';
import { beforeEach, suite, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { ConnectionTimes } from '../../../src/core/ports/connectionTimes.ts';
import { LinkWatch } from '../../../src/core/push/linkWatch.ts';
import type { RunWait } from '../../../src/core/push/runWaits.ts';

suite('the connections of a run', () => {
  let now = 0;
  let asked = 0;
  let counts: readonly ConnectionTimes[] | undefined;
  let watch: LinkWatch;
  const at = async (ms: number, wait: RunWait | undefined, ...found: readonly (readonly number[])[]): Promise<void> => {
    now = ms;
    counts = found.map(([localPort = 0, busy = 0, receiver = 0]) => ({ localPort, busy, receiver }));
    watch.update(wait);
    await setImmediate();
  };
  beforeEach(() => {
    asked = 0;
    watch = new LinkWatch(
      () => {
        asked++;
        return [Promise.resolve(counts), Promise.resolve(undefined)];
      },
      () => now,
    );
  });

  test('are observed every two seconds, while bytes are being sent or were written', async () => {
    await at(0, undefined, [1, 0]);
    await at(200, 'answer', [1, 0]);
    assert.equal(asked, 0);
    await at(1_000, 'sending', [1, 500]);
    for (let ms = 1_200; ms < 3_000; ms += 200) await at(ms, 'sending', [1, 500]);
    assert.deepEqual([asked, watch.times], [1, undefined], 'what was before is of no interest');
    await at(3_000, 'written', [1, 2_400, 300]);
    assert.deepEqual(watch.times, { observedMs: 2_000, busyMs: 1_900, receiverMs: 300 });
  });

  test('of which several are busy count as one, and with the mean of what the other side did', async () => {
    await at(0, 'sending', [1, 0], [2, 100, 100]);
    await at(2_000, 'sending', [1, 2_000, 0], [2, 2_100, 2_100], [3, 1_000, 1_000]);
    assert.deepEqual(watch.times, { observedMs: 2_000, busyMs: 2_000, receiverMs: 1_200 });
  });

  test('are not counted over a time in which something else was waited for', async () => {
    await at(0, 'sending', [1, 0]);
    await at(1_000, undefined);
    await at(4_000, 'sending', [1, 900]);
    assert.equal(watch.times, undefined);
    await at(6_000, 'sending', [1, 1_900]);
    assert.deepEqual(watch.times, { observedMs: 2_000, busyMs: 1_000, receiverMs: 0 });
  });

  test('are unknown where the operating system does not count', async () => {
    for (let ms = 0; ms < 8_000; ms += 2_000) {
      now = ms;
      counts = undefined;
      watch.update('sending');
      await setImmediate();
    }
    assert.equal(watch.times, undefined);
  });
});
