import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { useFakeVscode } from '../support/fakeVscode.ts';

useFakeVscode();
const { chosenImages } = await import('../../../../src/host/containerTools/chosenImages.ts');

const imageId = `sha256:${'ab'.repeat(32)}`;

/** As Container Tools' ImageTreeItem: getters of the class. */
class Row {
  readonly #tag: string;

  constructor(tag: string) {
    this.#tag = tag;
  }

  get fullTag(): string {
    return this.#tag;
  }

  get imageId(): string {
    return imageId;
  }
}

suite('rows of Container Tools', () => {
  test('are images by name, or by ID without one', () => {
    assert.deepEqual(chosenImages(new Row('app:1'), undefined), ['app:1']);
    assert.deepEqual(chosenImages(new Row('gitea.test:3000/dev/app:1'), undefined), ['gitea.test:3000/dev/app:1']);
    assert.deepEqual(chosenImages(new Row('<none>'), undefined), [imageId]);
    assert.deepEqual(chosenImages(new Row('app'), undefined), ['app:latest']);
  });

  test('that are selected are taken together, each once, and groups are left out', () => {
    const group = { contextValue: 'imageGroup', label: 'app' };
    assert.deepEqual(chosenImages(new Row('a:1'), [new Row('a:1'), group, new Row('b:2'), new Row('b:2')]), [
      'a:1',
      'b:2',
    ]);
  });

  test('of any other shape push nothing', () => {
    const throws = {
      get fullTag(): string {
        throw new Error('gone');
      },
      imageId,
    };
    const odd = [undefined, null, 'app:1', 7, {}, { fullTag: 7, imageId }, { fullTag: 'app; rm -rf /', imageId: 'x' }];
    for (const row of [...odd, throws]) {
      assert.throws(() => chosenImages(row, undefined), /did not say which image this row is/);
    }
  });
});
