import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { PulledImages } from '../../../../src/host/pull/pulledImages.ts';
import { silentLogger } from '../../../tools/silentLogger.ts';
import { memento } from '../support/hostFakes.ts';

const here = 'https://one.example';
const there = 'https://two.example';
const minute = 60_000;

/** Two windows with one state and one clock. */
function windows() {
  const state = memento();
  const clock = { now: 0 };
  const window = (): PulledImages => new PulledImages(state, silentLogger, () => clock.now);
  return { state, clock, one: window(), other: window() };
}

suite('what the windows have pulled', () => {
  test('is known in all of them, also while it is pulled, and not after a failure', async () => {
    const { one, other } = windows();
    await one.begin('a:1', here);
    await one.begin('b:1', here);
    assert.deepEqual([...other.names()].toSorted(), [
      ['a:1', undefined],
      ['b:1', undefined],
    ]);
    await one.end('a:1', here, 'sha256:a');
    await one.end('b:1', here, undefined);
    assert.deepEqual([...other.names()], [['a:1', 'sha256:a']]);
  });

  test('is no pull any more if its window has ended, unless it says that it goes on', async () => {
    const { one, other, clock } = windows();
    await one.begin('a:1', here);
    await one.begin('b:1', here);
    clock.now = 90_000;
    await one.begin('b:1', here);
    clock.now = 3 * minute;
    assert.deepEqual([...other.names().keys()], ['b:1']);
  });

  test('is kept for a day, the last 200 of them', async () => {
    const { one, other, clock, state } = windows();
    await one.end('old:1', here, 'sha256:old');
    clock.now = 25 * 60 * minute;
    assert.deepEqual([...other.names()], []);
    for (let at = 0; at < 205; at++) {
      clock.now++;
      await one.end(`app:${at}`, here, `sha256:${at}`);
    }
    assert.equal(other.names().size, 200);
    assert.equal(state.keys().length, 200);
    assert.ok(!other.names().has('app:4') && other.names().has('app:5'));
  });

  test('is removed with the sign-out of its registry, and may be of any form', async () => {
    const { one, other, state } = windows();
    await one.end('a:1', here, 'sha256:a');
    await one.end('b:1', there, 'sha256:b');
    await state.update('teaChest.pulledImage odd:1', 'no row');
    await one.forgetRegistry(here);
    assert.deepEqual([...other.names().keys()], ['b:1']);
  });

  test('keeps no pull from running where it cannot be written', async () => {
    const warnings: string[] = [];
    const full = { ...memento(), update: () => Promise.reject(new Error('the disk is full')) };
    const one = new PulledImages(full, { warn: (line) => void warnings.push(line) });
    await one.begin('a:1', here);
    await one.end('a:1', here, 'sha256:a');
    assert.equal(warnings.length, 2);
  });
});
