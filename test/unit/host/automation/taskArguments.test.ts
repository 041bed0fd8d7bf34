import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { readPushTask } from '../../../../src/host/automation/tasks/taskArguments.ts';

const task = { type: 'teaChest', task: 'push' };

suite('a push task', () => {
  test('pushes one image with its options', () => {
    const definition = { ...task, image: 'app:1', target: 'h/dev/app:1', platform: 'all', compression: 'zstd' };
    const { kind, args } = readPushTask(definition, undefined);
    assert.equal(kind, 'image');
    assert.deepEqual(JSON.parse(JSON.stringify(args)), {
      ...{ image: 'app:1', target: 'h/dev/app:1', platform: 'all', compression: 'zstd' },
    });
  });

  test('pushes several images, or those of compose files below its folder', () => {
    const several = readPushTask({ ...task, images: ['a:1', { image: 'b:1', target: 'h/x/b:1' }] }, undefined);
    assert.ok(several.kind === 'images' && several.args.images?.length === 2);
    const compose = readPushTask({ ...task, composeFile: ['a.yaml', '/b.yaml'], services: ['web'] }, '/work space');
    assert.ok(compose.kind === 'images');
    assert.deepEqual(compose.args.composeFile, ['/work space/a.yaml', '/b.yaml']);
  });

  test('that is wrong says what is wrong', () => {
    for (const [definition, message] of [
      [{}, /needs “image”, “images” or “composeFile”/],
      [{ image: 'a', images: ['b'] }, /only one of/],
      [{ image: 'a', composeFile: 'c.yaml' }, /only one of/],
      [{ images: ['a'], composeFile: 'c.yaml' }, /not both/],
      [{ images: ['a'], services: ['b'] }, /only with “composeFile”/],
      [{ images: ['a'], platform: 'all' }, /“platform” with “image”/],
      [{ image: 1 }, /wants “image” to be a text/],
      [{ image: 'a', compression: 'rar' }, /wants “compression” to be one of stored/],
      [{ task: 'pull' }, /^The task wants “task” to be “push”\.$/],
      [{ task: undefined }, /^The task needs “task”\.$/],
      [{ images: ['a'], composefile: 'c.yaml' }, /^The task does not know “composefile”; it takes type, task, image, /],
      [{ composeFile: [1] }, /wants “composeFile” to be a path or a list of paths/],
    ] as const) {
      assert.throws(() => readPushTask({ ...task, ...definition }, '/folder'), { code: 'argumentInvalid', message });
    }
    assert.throws(() => readPushTask({ ...task, composeFile: 'c.yaml' }, undefined), { message: /no folder is open/ });
  });
});
