import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { TeaChestError } from '../../../../src/core/base/errors.ts';
import type { ShowLayersDependencies } from '../../../../src/host/commands/showLayers.ts';
import { inputAsking, takeShown, useFakeVscode } from '../support/fakeVscode.ts';
import { imageNamed } from '../support/hostFakes.ts';

useFakeVscode();
const { showLayersCommand } = await import('../../../../src/host/commands/showLayers.ts');

type State = Awaited<ReturnType<ShowLayersDependencies['images']['open']>>;

function rigFor(state: State): { readonly shown: string[]; readonly done: Promise<void> } {
  const shown: string[] = [];
  const done = showLayersCommand({
    images: { open: () => Promise.resolve(state) },
    pages: { showLayers: (name) => void shown.push(name) },
  });
  return { shown, done };
}

suite('Show Layers of an Image', () => {
  const images = ['app:1', 'tool:1'].map(imageNamed);

  test('asks for an image of the engine, and shows its layers', async () => {
    const { shown, done } = rigFor({ kind: 'ready', images });
    const list = await inputAsking(/Which image/);
    list.take(list.items.find(({ label }) => label === 'tool:1'));
    await done;
    assert.deepEqual(shown, ['tool:1']);
  });

  test('shows nothing if the person leaves', async () => {
    const { shown, done } = rigFor({ kind: 'ready', images });
    (await inputAsking(/Which image/)).leave();
    await done;
    assert.deepEqual(shown, []);
  });

  test('says why there is no image to choose', async () => {
    takeShown();
    const error = new TeaChestError('engineStopped', 'The engine does not answer.');
    const { shown, done } = rigFor({ kind: 'problem', error });
    await done;
    assert.match(takeShown().find(({ element }) => element === 'error')?.text ?? '', /The engine does not answer\./);
    assert.deepEqual(shown, []);
  });
});
