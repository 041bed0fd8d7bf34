import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { chosenRows, pushChoices, tagsOf } from '../../../../../src/host/views/images/chosenImages.ts';
import { engineImage } from '../../../../tools/engineImage.ts';
import { buildImageTree, type RepositoryNode, type TagNode } from '../../../../../src/host/views/images/imageTree.ts';

const image = engineImage({ references: ['app:1', 'app:2', 'tool:2'] });
const [app, tool] = buildImageTree([image], { showDangling: false }) as [RepositoryNode, RepositoryNode];
const [one, two] = app.tags as [TagNode, TagNode];
const labels = (tags: readonly TagNode[]): readonly string[] => tags.map(({ label }) => label);

suite('the images a command is about', () => {
  test('are the selection if the clicked row is in it, else that row; the selection without a click', () => {
    assert.deepEqual(chosenRows(one, [one, two], [one, two]), [one, two]);
    assert.deepEqual(chosenRows(one, undefined, [two]), [one]);
    assert.deepEqual(chosenRows(undefined, undefined, [two]), [two]);
  });

  test('a repository stands for its tags, and none counts twice', () => {
    assert.deepEqual(labels(tagsOf([app, one, tool])), ['1', '2', '2']);
  });

  test('a push of a repository has to ask for the tag where there are several', () => {
    assert.deepEqual(pushChoices([app, tool]).map(labels), [['1', '2'], ['2']]);
  });

  test('a repository and a tag of it are that tag', () => {
    assert.deepEqual(pushChoices([app, two]).map(labels), [['2']]);
  });
});
