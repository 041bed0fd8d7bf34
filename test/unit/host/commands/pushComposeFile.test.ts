import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { TeaChestError } from '../../../../src/core/base/errors.ts';
import type { ImageDetails } from '../../../../src/core/ports/imageSource.ts';
import { makeScratch } from '../../../tools/scratch.ts';
import { lastButtons, press, takeShown, Uri, useFakeVscode } from '../support/fakeVscode.ts';

useFakeVscode();
const { previewComposeFileCommand, pushComposeFileCommand } =
  await import('../../../../src/host/commands/pushComposeFile.ts');

const composeYaml = `
services:
  api: { image: 'shop/api:1' }
  web: { image: 'shop/web:1' }
  cache: { image: 'shop/cache:1' }
`;

/** A compose file of three services, and an engine that lacks some of their images. */
async function rigWithout(t: { after(work: () => unknown): void }, ...missing: readonly string[]) {
  const scratch = await makeScratch('compose');
  t.after(() => scratch.remove());
  const path = join(scratch.path, 'compose.yaml');
  await writeFile(path, composeYaml);
  const done: unknown[] = [];
  const dependencies = {
    inspect: (image: string): Promise<ImageDetails> =>
      missing.includes(image)
        ? Promise.reject(new TeaChestError('imageNotFound', 'It is not there.'))
        : Promise.resolve({} as ImageDetails),
    push: {
      pushAll: (images?: readonly string[]) => Promise.resolve(void done.push(['push', images])),
      preview: (images?: readonly string[]) => Promise.resolve(void done.push(['preview', images])),
    },
  };
  takeShown();
  return { done, dependencies, file: Uri.file(path) as never };
}

const titles = (): readonly string[] =>
  takeShown()
    .filter(({ element }) => element === 'list.title')
    .map(({ text }) => text);

suite('the images of a compose file', () => {
  test('are pushed by one command, and previewed by the other', async (t) => {
    const { done, dependencies, file } = await rigWithout(t);
    press('OK');
    await pushComposeFileCommand(dependencies, file);
    assert.deepEqual(titles(), ['Push 3 images of compose.yaml']);
    press('OK');
    await previewComposeFileCommand(dependencies, file);
    assert.deepEqual(titles(), ['Preview the push of 3 images of compose.yaml']);
    const all = ['shop/api:1', 'shop/web:1', 'shop/cache:1'];
    assert.deepEqual(done, [
      ['push', all],
      ['preview', all],
    ]);
  });

  test('that the engine has are used if the person wants that, by a button that says what for', async (t) => {
    const { done, dependencies, file } = await rigWithout(t, 'shop/web:1');
    await previewComposeFileCommand(dependencies, file);
    assert.equal(lastButtons().at(-1), 'Preview the Other 2');
    await pushComposeFileCommand(dependencies, file);
    assert.equal(lastButtons().at(-1), 'Push the Other 2');
    assert.deepEqual(done, [], 'the person pressed neither');
    press('Preview the Other 2');
    press('OK');
    await previewComposeFileCommand(dependencies, file);
    assert.deepEqual(done, [['preview', ['shop/api:1', 'shop/cache:1']]]);
  });
});
