import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { PushQueue } from '../../../../src/host/push/pushQueue.ts';

const never = new AbortController().signal;

/** A queue whose limit can change, and what becomes of the runs that come to it. */
class Rig {
  limit = 1;
  readonly queue = new PushQueue(() => this.limit);
  readonly log: string[] = [];
  readonly leave = new Map<string, () => void>();

  /** Gives the control after the run has begun or taken its position. */
  async enter(id: string, signal = never): Promise<void> {
    void this.queue
      .enter(id, signal, (position) => this.log.push(`${id} at ${position}`))
      .then(
        (leave) => {
          this.leave.set(id, leave);
          this.log.push(`${id} runs`);
        },
        (error: unknown) => this.log.push(`${id} ${String(error)}`),
      );
    await settled();
  }

  async end(id: string): Promise<void> {
    this.leave.get(id)?.();
    await settled();
  }

  take(): readonly string[] {
    return this.log.splice(0);
  }
}

const settled = (): Promise<void> => new Promise(setImmediate);

suite('the queue of pushes', () => {
  test('lets so many run as its limit says, and the others in the order in which they came', async () => {
    const rig = new Rig();
    for (const id of ['a', 'b', 'c']) await rig.enter(id);
    assert.deepEqual(rig.take(), ['a runs', 'b at 1', 'c at 2']);
    await rig.end('a');
    assert.deepEqual(rig.take(), ['c at 1', 'b runs']);
    await rig.end('a');
    assert.deepEqual(rig.take(), [], 'a run ends once');
    await rig.end('b');
    await rig.end('c');
    await rig.enter('d');
    assert.deepEqual(rig.take(), ['c runs', 'd runs']);
  });

  test('runs one next that is moved to the front', async () => {
    const rig = new Rig();
    for (const id of ['a', 'b', 'c', 'd']) await rig.enter(id);
    rig.take();
    assert.equal(rig.queue.moveToFront('d'), true);
    assert.deepEqual(rig.take(), ['d at 1', 'b at 2', 'c at 3']);
    assert.equal(rig.queue.moveToFront('a'), false);
    await rig.end('a');
    assert.ok(rig.take().includes('d runs'));
  });

  test('lets a run go whose signal fires, and never begins it', async () => {
    const rig = new Rig();
    const stop = new AbortController();
    await rig.enter('a');
    await rig.enter('b', stop.signal);
    await rig.enter('c');
    rig.take();
    stop.abort();
    await settled();
    assert.deepEqual(rig.take(), ['c at 1', 'b TeaChestError: Cancelled.']);
    await rig.end('a');
    assert.deepEqual(rig.take(), ['c runs']);
    await rig.enter('late', stop.signal);
    assert.deepEqual(rig.take(), ['late TeaChestError: Cancelled.']);
  });

  test('follows a change of its limit', async () => {
    const rig = new Rig();
    for (const id of ['a', 'b', 'c', 'd']) await rig.enter(id);
    rig.take();
    rig.limit = 3;
    rig.queue.update();
    await settled();
    assert.deepEqual(rig.take(), ['d at 1', 'b runs', 'c runs']);
    rig.limit = 1;
    await rig.end('a');
    await rig.end('b');
    assert.deepEqual(rig.take(), [], 'c still runs');
    await rig.end('c');
    assert.deepEqual(rig.take(), ['d runs']);
  });
});
