import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { PushArguments } from '../../../../src/host/push/pushArguments.ts';
import type { PushController } from '../../../../src/host/push/pushController.ts';
import type { PushImagesResult } from '../../../../src/host/push/pushImagesResult.ts';
import { useFakeVscode } from '../support/fakeVscode.ts';

useFakeVscode();
const { pushImagesCommand } = await import('../../../../src/host/commands/pushImages.ts');

/** What the controller is asked to push. */
async function pushedBy(argument: unknown): Promise<readonly PushArguments[]> {
  const pushed: PushArguments[] = [];
  const controller: Partial<PushController> = {
    pushAll: () => Promise.resolve(),
    pushEach: (all) => {
      pushed.push(...all);
      return Promise.resolve({} as PushImagesResult);
    },
  };
  const inspect = (): Promise<never> => Promise.reject(new Error('No image is looked at in this test.'));
  await pushImagesCommand(controller as PushController, inspect, argument);
  return pushed;
}

suite('teaChest.pushImages', () => {
  test('gives images without a target of their own one under the common owner, and options to all', async () => {
    const id = `sha256:${'a'.repeat(64)}`;
    const argument = {
      images: [
        'app',
        'registry.example/team/tool:2',
        { image: 'docs:1', target: 'h/web/docs:3', platform: 'linux/arm64' },
        id,
      ],
      target: 'gitea.example.com:3000/dev/',
      compression: 'zstd',
    };
    assert.deepEqual(await pushedBy(argument), [
      { image: 'app', target: 'gitea.example.com:3000/dev/app:latest', compression: 'zstd' },
      { image: 'registry.example/team/tool:2', target: 'gitea.example.com:3000/dev/tool:2', compression: 'zstd' },
      { image: 'docs:1', target: 'h/web/docs:3', platform: 'linux/arm64', compression: 'zstd' },
      // It has no name that it could keep: the person is asked.
      { image: id, compression: 'zstd' },
    ]);
    assert.deepEqual(await pushedBy({ images: ['app'] }), [{ image: 'app' }]);
    assert.deepEqual(await pushedBy(undefined), []);
  });

  test('refuses arguments that are not what it takes', async () => {
    for (const images of [
      [],
      'app',
      [''],
      [1],
      [{ image: '' }],
      [{ target: 'h/dev/app' }],
      [{ image: 'a', tag: '1' }],
    ]) {
      await assert.rejects(pushedBy({ images }), {
        code: 'argumentInvalid',
        stage: 'resolve',
        message: /^The command teaChest\.pushImages wants “images” to be a list of images that is not empty/,
      });
    }
    await assert.rejects(pushedBy({}), { message: 'The command teaChest.pushImages needs “images” or “composeFile”.' });
    await assert.rejects(pushedBy({ images: ['app'], tags: 1 }), {
      message: /does not know “tags”; it takes images, composeFile, services, profiles, target/,
    });
  });
});
