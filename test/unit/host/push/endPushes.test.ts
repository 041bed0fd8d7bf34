import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { endPushes } from '../../../../src/host/push/endPushes.ts';

function recorded() {
  const steps: string[] = [];
  const stopped = Promise.withResolvers<undefined>();
  const used = ['store', 'channel'].map((name) => ({ dispose: () => void steps.push(`dispose ${name}`) }));
  const runner = {
    stop: () => {
      steps.push('stop');
      return stopped.promise.then(() => void steps.push('stopped'));
    },
  };
  return { steps, stopped, used, runner };
}

suite('the end of the window', () => {
  test('disposes of what pushes use only after they have cleaned up, and ends the timer', async () => {
    const { steps, stopped, used, runner } = recorded();
    let timer: AbortSignal | undefined;
    const ended = endPushes(runner, used, (_ms, signal) => {
      timer = signal;
      return new Promise(() => undefined);
    });
    assert.deepEqual(steps, ['stop']);
    stopped.resolve(undefined);
    await ended;
    assert.deepEqual(steps, ['stop', 'stopped', 'dispose store', 'dispose channel']);
    assert.equal(timer?.aborted, true);
  });

  test('does not wait longer than VS Code does', async () => {
    const { steps, used, runner } = recorded();
    let limit = 0;
    await endPushes(runner, used, (ms) => {
      limit = ms;
      return Promise.resolve();
    });
    assert.ok(limit < 4_000);
    assert.deepEqual(steps, ['stop', 'dispose store', 'dispose channel']);
  });
});
