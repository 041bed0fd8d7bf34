import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { InterruptedPush } from '../../../../src/host/push/interruptedPush.ts';
import type { PushArguments } from '../../../../src/host/push/pushArguments.ts';
import { press, takeShown, useFakeVscode } from '../support/fakeVscode.ts';

useFakeVscode();
const { describeInterrupted, offerToPushAgain } = await import('../../../../src/host/push/offerToPushAgain.ts');

function interrupted(image: string, more: Partial<InterruptedPush> = {}): InterruptedPush {
  return {
    ...{ image, origin: 'https://one.example', repository: 'dev/app', target: `one.example/dev/${image}` },
    ...{ spoolRoot: '/spool', startedAt: 1, process: 'p', sessions: [], end: undefined, isTold: false },
    ...more,
  };
}

async function offer(pushes: readonly InterruptedPush[]): Promise<readonly PushArguments[]> {
  const pushed: PushArguments[] = [];
  await offerToPushAgain(pushes, {
    pushArguments: (args) => {
      pushed.push(args);
      return Promise.reject(new Error('shown already'));
    },
    pushEach: (all) => {
      pushed.push(...all);
      return Promise.reject(new Error('shown already'));
    },
  });
  return pushed;
}

suite('interrupted pushes', () => {
  test('are reported in one message that says why', () => {
    const closed = interrupted('app:1', { end: 'windowClosed' });
    assert.match(
      describeInterrupted([closed]),
      /^The push of app:1 to one\.example\/dev\/app:1 was stopped when its window closed/,
    );
    assert.match(describeInterrupted([interrupted('app:1')]), /was interrupted: VS Code ended during it/);
    assert.match(
      describeInterrupted([interrupted('app:1'), interrupted('app:2')]),
      /^2 pushes were interrupted.*app:1 to .*, app:2 to /,
    );
  });

  test('are all repeated together, with their options, if the person wants that', async () => {
    press('Push Again');
    const pushed = await offer([interrupted('app:1', { strategy: 'relay', recheck: true }), interrupted('app:2')]);
    assert.deepEqual(
      pushed.map(({ image, target, strategy, recheck }) => [image, target, strategy, recheck]),
      [
        ['app:1', 'one.example/dev/app:1', 'relay', true],
        ['app:2', 'one.example/dev/app:2', undefined, undefined],
      ],
    );
  });

  test('are not repeated if the person closes the message', async () => {
    takeShown();
    assert.deepEqual(await offer([interrupted('app:1')]), []);
    assert.equal(takeShown().filter(({ element }) => element === 'warning').length, 1);
  });
});
