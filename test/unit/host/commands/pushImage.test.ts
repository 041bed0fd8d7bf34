import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { TeaChestError } from '../../../../src/core/base/errors.ts';
import type { PushController } from '../../../../src/host/push/pushController.ts';
import { useFakeVscode } from '../support/fakeVscode.ts';

useFakeVscode();
const { pushImageCommand } = await import('../../../../src/host/commands/pushImage.ts');

function failing(error: Error): PushController {
  return {
    askAndPush: () => Promise.resolve(undefined),
    pushArguments: () => Promise.reject(error),
  } as unknown as PushController;
}

suite('teaChest.pushImage', () => {
  test('without an argument resolves with undefined if there is no result', async () => {
    assert.equal(await pushImageCommand(failing(new Error('not asked')), undefined), undefined);
  });

  test('rejects with code and stage of the failure, as a plain error', async () => {
    const failure = new TeaChestError('quotaExceeded', 'No room.', { stage: 'upload' });
    await assert.rejects(pushImageCommand(failing(failure), { image: 'app:1' }), (error: unknown) => {
      assert.ok(error instanceof Error && !(error instanceof TeaChestError));
      assert.deepEqual(Object.entries(error), [
        ['code', 'quotaExceeded'],
        ['stage', 'upload'],
      ]);
      return true;
    });
    await assert.rejects(pushImageCommand(failing(new Error('bug')), { image: 'app:1' }), {
      code: 'internal',
      stage: 'resolve',
    });
  });
});
