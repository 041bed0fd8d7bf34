import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { TeaChestError } from '../../../../src/core/base/errors.ts';
import type { DeletionPlan, DeletionStep } from '../../../../src/core/gitea/browse/planDeletion.ts';
import type { DeletionResult } from '../../../../src/core/gitea/browse/runDeletion.ts';
import { deletionQuestion, deletionReport } from '../../../../src/host/commands/deletionText.ts';
import type { Digest } from '../../../../src/core/oci/digest.ts';

const repository = 'dev/app';
const digest: Digest = `sha256:${'ab'.repeat(32)}`;

function imageStep(tags: readonly string[], untagged: number): DeletionStep {
  return { kind: 'image', repository, tags, untagged };
}

function manifestStep(tags: readonly string[]): DeletionStep {
  return { kind: 'manifest', repository, digest, tags };
}

function questionAbout(...steps: readonly DeletionStep[]): string {
  const plan: DeletionPlan = { steps, broken: [], versions: new Map(), gone: [] };
  return deletionQuestion('h', plan).message;
}

suite('the question before a deletion', () => {
  test('counts the tags and the untagged versions of an image, one or several', () => {
    assert.equal(questionAbout(imageStep(['1'], 0)), 'Delete the image h/dev/app (1 tag)?');
    assert.equal(questionAbout(imageStep(['1'], 1)), 'Delete the image h/dev/app (1 tag, 1 untagged version)?');
    assert.equal(questionAbout(imageStep(['1', '2'], 3)), 'Delete the image h/dev/app (2 tags, 3 untagged versions)?');
  });

  test('names a tag, a version, and a digest with its tags', () => {
    const tag: DeletionStep = { kind: 'tag', repository, tag: '1', digest };
    assert.equal(questionAbout(tag), 'Delete the tag h/dev/app:1 (abababababab)?');
    const version: DeletionStep = { kind: 'version', repository, digest };
    assert.equal(questionAbout(version), 'Delete the version h/dev/app@abababababab?');
    assert.equal(questionAbout(manifestStep([])), 'Delete h/dev/app@abababababab?');
    assert.equal(questionAbout(manifestStep(['1'])), 'Delete h/dev/app@abababababab with its tag 1?');
    assert.equal(questionAbout(manifestStep(['1', '2'])), 'Delete h/dev/app@abababababab with its tags 1, 2?');
  });

  test('of several steps lists them without the host', () => {
    const plan: DeletionPlan = {
      steps: [manifestStep(['1']), imageStep([], 1)],
      broken: [],
      versions: new Map(),
      gone: [],
    };
    assert.deepEqual(deletionQuestion('h', plan), {
      message: 'Delete 2 things from h?',
      detail: [
        'dev/app@abababababab with its tag 1',
        'the image dev/app (0 tags, 1 untagged version)',
        'This cannot be undone.',
      ],
    });
  });
});

suite('the report of a deletion', () => {
  const failed = { failure: new TeaChestError('registryFailed', 'The disk is full.') };
  const report = (...outcomes: readonly DeletionResult['outcome'][]): string =>
    deletionReport(outcomes.map((outcome) => ({ step: manifestStep([]), outcome }))).message;

  test('of one step says what was deleted, or not', () => {
    assert.equal(report('deleted'), 'Deleted: dev/app@abababababab.');
    assert.equal(report(failed), 'Not deleted: dev/app@abababababab.');
    assert.equal(report('gone'), 'Not deleted: dev/app@abababababab. It was not there any more.');
  });

  test('of several steps counts, also what was gone', () => {
    assert.equal(report('deleted', failed), 'Deleted: 1 of 2.');
    assert.equal(report('deleted', 'gone'), 'Deleted: 1 of 2. 1 was not there any more.');
    assert.equal(report('gone', 'gone', 'deleted'), 'Deleted: 1 of 3. 2 were not there any more.');
  });
});
