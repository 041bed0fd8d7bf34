import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { listShownImages } from '../../../../src/host/engine/listShownImages.ts';
import { engineImage } from '../../../tools/engineImage.ts';
import { listingEngine } from './listingEngine.ts';

const image = engineImage();

suite('shown images', () => {
  test('bear no name that is there for a push only', async () => {
    const name = `127.0.0.1:41234/tea-chest/${'ab'.repeat(12)}/0:push-0a0a0a0a-0b0b0b0b-17-1f-0123456789abcdef`;
    const references = ['app:1', name, `127.0.0.1:41234/tea-chest/app:1`];
    const digest = `sha256:${'b'.repeat(64)}`;
    const digestReferences = [`127.0.0.1:41234/tea-chest/${'ab'.repeat(12)}/0@${digest}`, `app@${digest}`];
    const busy = listingEngine(() => Promise.resolve([{ ...image, references, digestReferences }, image]));
    const shown = await listShownImages(busy, { signal: new AbortController().signal });
    const kept = {
      references: ['app:1', '127.0.0.1:41234/tea-chest/app:1'],
      digestReferences: [`app@${digest}`],
    };
    assert.deepEqual(shown, [{ ...image, ...kept }, image]);
  });
});
