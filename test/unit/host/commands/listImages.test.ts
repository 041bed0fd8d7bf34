import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { TeaChestError } from '../../../../src/core/base/errors.ts';
import type { EngineImage } from '../../../../src/core/docker/types.ts';
import { listImagesCommand } from '../../../../src/host/commands/listImages.ts';
import { engineImage } from '../../../tools/engineImage.ts';
import { EngineLink, type Engine } from '../../../../src/host/engine/engine.ts';

suite('list of images', () => {
  test('an image that cannot be inspected is listed all the same, one that is gone is not', async () => {
    const image = (digit: string): EngineImage => engineImage({ id: `sha256:${digit.repeat(64)}`, references: [] });
    const engine: Partial<Engine> = {
      listImages: () => Promise.resolve(['a', 'b', 'c'].map(image)),
      platformsOf: ({ id }) => {
        if (id === image('a').id) return Promise.reject(new TeaChestError('engineFailed', 'Damaged.'));
        if (id === image('b').id) return Promise.reject(new TeaChestError('imageNotFound', 'Gone.'));
        return Promise.resolve([{ os: 'linux', architecture: 'amd64' }]);
      },
    };
    const listed = await listImagesCommand(new EngineLink(() => Promise.resolve(engine as Engine)));
    assert.deepEqual(
      listed.map(({ platform }) => platform),
      ['unknown', 'linux/amd64'],
    );
  });
});
