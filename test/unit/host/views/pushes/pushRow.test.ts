import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import type { ImageRecord, PushRecord } from '../../../../../src/core/push/record/pushRecord.ts';
import { noSamples } from '../../../../../src/core/push/record/rateSamples.ts';
import { inertText } from '../../../../../src/host/display/inertText.ts';
import { childNodes, runNode, type PushNode } from '../../../../../src/host/views/pushes/pushNodes.ts';
import { fuzzCases } from '../../../../tools/fuzzCases.ts';
import { unicodeString } from '../../../../tools/unicodeString.ts';
import { useFakeVscode } from '../../support/fakeVscode.ts';

useFakeVscode();
const { treeItem } = await import('../../../../../src/host/display/treeItem.ts');
const { pushRow } = await import('../../../../../src/host/views/pushes/pushRow.ts');

const hostile = ['$(error)', '[a](https://evil.test)', '<img src=x>', '`', '\n', '\u202e', '**', 'https://evil.test'];
/** Text as an image, an engine, a registry, or whoever edits the file may give it. */
const outside = fc
  .array(fc.oneof(fc.constantFrom(...hostile), unicodeString(8)), { maxLength: 12 })
  .map((parts) => parts.join(''));
/** What is ours in a tooltip, between values in code spans. */
const ours = /^(?:\*\*\*\*|Image: *|Failed: +\(.*\)|stopped after 1 B|)$/;

/** Every row of a failed push of one image, and of one of two, with this text wherever text can be. */
function rowsWith(text: string): readonly PushNode[] {
  const image: ImageRecord = {
    ...{ image: text, target: text, origin: text, options: {}, platform: text, state: 'failed' },
    layers: [{ instruction: text, state: 'uploading', readBytes: 1, storedBytes: 1, sentBytes: 1 }],
    error: { code: 'registryFailed', message: text, facts: { host: text } },
  };
  const record: PushRecord = {
    ...{ id: '1', state: 'failed', queuedAt: 1, endedAt: 2, images: [image], samples: noSamples },
    progress: { enginePreparing: false, sentBytes: 0 },
  };
  return [runNode(record), runNode({ ...record, images: [image, image] })].flatMap((node) => [
    node,
    ...childNodes(node),
  ]);
}

suite('text from outside in the Pushes view', () => {
  test('is only text: no icon, no link, no Markdown', async () => {
    await fc.assert(
      fc.asyncProperty(outside, (text) => {
        for (const node of rowsWith(text)) {
          const row = pushRow(node, { now: 0, isHere: true, hasPage: () => true });
          const { label, description, tooltip, accessibilityInformation } = treeItem(row);
          for (const one of [label, description, accessibilityInformation?.label]) {
            assert.equal(typeof one === 'string' && inertText(one), one);
          }
          if (typeof tooltip === 'string') assert.equal(inertText(tooltip), tooltip);
          else {
            for (const line of tooltip?.value.split('  \n') ?? []) assert.match(line.replace(/`[^`]+`/g, ''), ours);
          }
        }
        return Promise.resolve();
      }),
      { numRuns: fuzzCases(100) },
    );
  });
});
