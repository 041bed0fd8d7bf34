import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { suite, test } from 'node:test';
import {
  formatIdentity,
  hasEnded,
  isThisProcess,
  parseIdentity,
  thisMachine,
  type ProcessIdentity,
  type ProcessView,
} from '../../../src/core/base/processIdentity.ts';

const now = 1_800_000_000_000;
const seconds = (count: number): number => count * 1000;
const hours = (count: number): number => seconds(count * 3600);
const own: ProcessIdentity = { host: 'aaaaaaaa', system: 'bbbbbbbb', pid: 100, start: '1f' };

/** A machine that was started an hour ago, on which these processes live. */
function machine(living: Readonly<Record<number, string>> = {}): ProcessView {
  return { own, systemStartedAt: now - hours(1), now: () => now, startOf: (pid) => living[pid] };
}

suite('whether a process has ended', () => {
  const other = { ...own, pid: 200 };

  test('is determined on its own system by process ID and start time', () => {
    assert.equal(hasEnded(own, now, machine()), false);
    assert.equal(hasEnded(other, now, machine()), true);
    assert.equal(hasEnded(other, now, machine({ 200: '1f' })), false);
    assert.equal(hasEnded(other, now, machine({ 200: '2a' })), true, 'the id was given again');
    assert.equal(hasEnded({ ...own, start: '2a' }, now, machine()), true, 'the id was ours before');
    assert.equal(hasEnded(other, now, machine({ 200: 'unknown' })), false);
  });

  test('is determined for another machine or container by the heartbeat alone', () => {
    const elsewhere = [
      { ...own, host: 'cccccccc' },
      { ...own, host: 'cccccccc', system: 'dddddddd', pid: 200 },
    ];
    for (const process of elsewhere) {
      assert.equal(hasEnded(process, now - hours(23), machine()), false);
      assert.equal(hasEnded(process, now - hours(25), machine()), true);
    }
  });

  test('is determined for this machine before its last boot, unless there is a heartbeat of its name', () => {
    const before = { ...own, system: 'dddddddd' };
    assert.equal(hasEnded(before, now - hours(2), machine()), true);
    assert.equal(hasEnded(before, now - seconds(20), machine()), false, 'another container of the same name');
    const justStarted = { ...machine(), systemStartedAt: now - seconds(10) };
    assert.equal(hasEnded(before, now - seconds(20), justStarted), false, 'it may yet be seen');
    assert.equal(hasEnded(before, now - hours(2), { ...machine(), systemStartedAt: undefined }), false);
  });

  test('is assumed after a day without a heartbeat, unless this process is known to run', () => {
    assert.equal(hasEnded(other, now - hours(25), machine({ 200: 'unknown' })), true);
    assert.equal(hasEnded(other, now - hours(70), machine({ 200: '1f' })), false, 'the machine has slept');
    assert.equal(hasEnded(own, now - hours(70), machine()), false);
  });
});

suite('the identity of a process', () => {
  test('is parsed as it is formatted, and nothing else is', () => {
    assert.deepEqual(parseIdentity(formatIdentity(own)), own);
    for (const text of ['', 'aaaaaaaa-bbbbbbbb-1', '-aaaaaaaa-bbbbbbbb-1-2', 'aaaaaaaa-bbbbbbbb-x-2']) {
      assert.equal(parseIdentity(text), undefined);
    }
  });

  test('is our own here, and another one in another process, as long as it runs', async () => {
    const view = thisMachine();
    assert.ok(isThisProcess(view.own));
    assert.equal(hasEnded(view.own, Date.now()), false);
    const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: ['pipe', 'ignore', 'ignore'] });
    const ended = once(child, 'exit');
    const { pid = assert.fail() } = child;
    const theirs = { ...view.own, pid, start: view.startOf(pid) ?? assert.fail() };
    assert.ok(!isThisProcess(theirs));
    assert.equal(hasEnded(theirs, Date.now()), false);
    child.stdin.end();
    await ended;
    assert.equal(hasEnded(theirs, Date.now()), true);
  });
});
