import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as v from 'valibot';
import { TeaChestError } from '../../../../src/core/base/errors.ts';
import { digestOf } from '../../../../src/core/oci/digest.ts';
import type { FailedPlan, ImagePlan, PlannedLayer, PushPlan } from '../../../../src/core/push/plan/pushPlan.ts';
import { layersPage } from '../../../../src/host/pushPage/layersPage.ts';
import { planPage, type PlanState } from '../../../../src/host/pushPage/planPage.ts';
import { toPage, type Page } from '../../../../src/webview/pushPage/protocol.ts';

const digest = digestOf(Buffer.from('there'));
const layer = (more: Partial<PlannedLayer>): PlannedLayer => ({
  ...{ diffId: digestOf(Buffer.from(JSON.stringify(more))), state: 'send', isEstimated: false },
  ...more,
});
const layers = [
  layer({ state: 'exists', instruction: 'FROM base', bytes: 200, storedBytes: 100 }),
  layer({ state: 'mountable', knownIn: 'dev/base', bytes: 90, storedBytes: 40 }),
  layer({ state: 'probable', bytes: 80, storedBytes: 30 }),
  layer({ state: 'send', bytes: 70, storedBytes: 20 }),
  layer({ state: 'unknown', bytes: 60, isEstimated: true }),
  layer({ state: 'unknown', isShared: true }),
];

function imageOf(more: Partial<ImagePlan> = {}): ImagePlan {
  return {
    ...{ kind: 'planned', reference: 'gitea.test/dev/app:1', origin: 'https://gitea.test', imageId: digest },
    ...{ platform: 'linux/amd64', imageBytes: 500, tag: { state: 'free' }, manifests: [], missing: [], layers },
    ...{ send: { bytes: 80, precision: 'atMost' }, transfer: { by: 'export', reason: 'An export is asked for.' } },
    ...{ uncompressedBytes: 0 },
    ...more,
  };
}

const planned = (images: PushPlan['images'], isPublic: readonly boolean[] = []): PlanState => ({
  kind: 'planned',
  planned: { plan: { images, send: { bytes: 80, precision: 'atMost' } }, isPublic },
});

const asked = [{ image: 'app:1', target: 'gitea.test/dev/app:1' }];

/** The page, as the webview accepts it. */
function drawn(page: Page): Page {
  const message = { type: 'page', page: JSON.parse(JSON.stringify(page)) as unknown, source: {} };
  return v.parse(toPage, message).page;
}

describe('the page of a plan', () => {
  it('says what would be sent at most, and of each layer what is known, in words', () => {
    const page = drawn(planPage(asked, planned([imageOf()])));
    assert.equal(page.status.text, 'Would send: at most about 80 B');
    assert.deepEqual(
      page.images[0]?.bars.map(({ look, sizeText, sendText, stateText }) => [look, sizeText, sendText, stateText]),
      [
        ['there', '200 B', '–', 'there already'],
        ['mounted', '90 B', '–', 'would be mounted from dev/base'],
        ['probable', '80 B', '–', 'probably there: a tag names it, and the push checks that'],
        ['toSend', '70 B', '20 B', 'would be sent'],
        ['unknown', 'about 60 B', '≤ 60 B', 'known once it is compressed'],
        ['mounted', '–', '–', 'sent with an image above'],
      ],
    );
    assert.deepEqual(
      page.actions.map(({ id, isPrimary }) => [id, isPrimary]),
      [
        ['push', true],
        ['planAgain', false],
      ],
    );
    assert.deepEqual(
      page.facts.map(({ label, value }) => [label, value]),
      [
        ['There already', '130 B'],
        ['Mounted', '40 B'],
        ['Tag', 'new'],
        ['Transfer', 'Exported from the engine. An export is asked for.'],
      ],
    );
  });

  it('gives a time only by a measured rate, and says which', () => {
    const time = { seconds: 7.2, bytesPerSecond: 11_000_000 };
    const page = drawn(planPage(asked, planned([imageOf({ time, send: { bytes: 80_000_000, precision: 'exact' } })])));
    assert.equal(
      page.facts.find(({ label }) => label === 'Time')?.value,
      '8 s at 11.0 MB/s, as earlier pushes to this registry',
    );
  });

  it('warns of what a person should know: a tag with both digests, a public owner, uncompressed bytes, a missing platform', () => {
    const expected = digestOf(Buffer.from('new'));
    const image = imageOf({
      ...{ tag: { state: 'other', digest, expected }, uncompressedBytes: 9_000_000, missing: ['linux/s390x'] },
      manifests: [
        { digest, platform: 'linux/amd64', isAttestation: false, isAvailable: true, isPublished: true },
        { digest: expected, platform: 'linux/s390x', isAttestation: false, isAvailable: false, isPublished: false },
      ],
    });
    const texts = drawn(planPage(asked, planned([image], [true]))).notices.map(({ text }) => text);
    assert.equal(texts.length, 4);
    assert.match(
      texts[0] ?? '',
      new RegExp(`it is sha256:${digest.slice(7, 19)} now.*sha256:${expected.slice(7, 19)}`),
    );
    assert.match(texts[1] ?? '', /its owner is public/);
    assert.match(texts[2] ?? '', /^9\.0 MB would go out uncompressed/);
    assert.match(texts[3] ?? '', /does not have linux\/s390x/);
  });

  it('shows a failure of one image beside the plan of another, and none can be pushed if all fail', () => {
    const failed: FailedPlan = {
      ...{ kind: 'failed', reference: 'gitea.test/dev/tool:1' },
      error: new TeaChestError('imageNotFound', 'The engine has no image “tool:1”.'),
    };
    const both = drawn(planPage([...asked, { image: 'tool:1' }], planned([imageOf(), failed])));
    assert.deepEqual(
      both.images.map(({ heading }) => heading),
      ['app:1 to gitea.test/dev/app:1', 'tool:1 to gitea.test/dev/tool:1'],
    );
    assert.match(both.images[1]?.notices[0]?.text ?? '', /^The push would fail: The engine has no image/);
    const none = drawn(planPage(asked, planned([failed])));
    assert.deepEqual(
      [none.status.text, none.actions.map(({ id }) => id)],
      ['The push would fail', ['planAgain', 'showError', 'showLog']],
    );
    assert.match(none.notices[0]?.text ?? '', /^The engine has no image/, 'the status is not said twice');
    assert.deepEqual(
      none.images.map(({ actions }) => actions),
      [[]],
      'the page has them already',
    );
    assert.deepEqual(
      [both.actions, ...both.images.map(({ actions }) => actions)].map((buttons) => buttons.map(({ id }) => id)),
      [['push', 'planAgain', 'showLog'], [], ['showError']],
      'the button stands at the image that it is about',
    );
  });

  it('says that it asks, that there is nothing to do, and that it could not ask', () => {
    assert.equal(drawn(planPage(asked, { kind: 'asking' })).status.text, 'Asking the engine and the registry');
    const tag = { state: 'same', digest, expected: digest } as const;
    const same = imageOf({ tag, send: { bytes: 0, precision: 'exact' } });
    assert.equal(drawn(planPage(asked, planned([same]))).status.text, 'There already: a push would change nothing');
    const rechecked = drawn(planPage(asked, planned([imageOf({ tag })])));
    assert.match(rechecked.status.text, /^Would send/, 'layers that a recheck may send are not nothing');
    const error = new TeaChestError('engineStopped', 'The engine is not running.');
    const page = drawn(planPage(asked, { kind: 'failed', error }));
    assert.deepEqual(
      page.notices.map(({ text }) => text),
      ['The engine is not running. Start the engine, or select another one.'],
    );
    assert.deepEqual(
      page.actions.map(({ id }) => id),
      ['planAgain', 'showError', 'showLog'],
    );
  });
});

describe('the page of an image', () => {
  const image = {
    ...{ imageId: digest, platform: 'linux/amd64', imageBytes: 1_000_000 },
    layers: [
      {
        diffId: digestOf(Buffer.from('a')),
        instruction: `COPY dir:${'0123456789ab'.repeat(5)}0123 in /`,
        bytes: 900_000,
      },
      { diffId: digestOf(Buffer.from('b')), instruction: undefined, bytes: 100_000 },
    ],
  };

  it('names the largest layer and the share of each', () => {
    const page = drawn(layersPage('app:1', { kind: 'read', image }));
    assert.equal(page.status.text, '1.0 MB; the largest layer is number 1, with 90%');
    assert.deepEqual(
      page.images[0]?.bars.map(({ name, sizeText, sendText, stateText }) => [name, sizeText, sendText, stateText]),
      [
        ['COPY dir:0123456789ab in /', '900 kB', '90%', undefined],
        [`Layer ${digestOf(Buffer.from('b')).slice(7, 19)}`, '100 kB', '10%', undefined],
      ],
    );
  });

  it('that cannot be read says why, and has buttons for what to do next', () => {
    const error = new TeaChestError('engineStopped', 'The engine is not running.');
    const page = drawn(layersPage('app:1', { kind: 'failed', error }));
    assert.match(page.notices[0]?.text ?? '', /^The engine is not running\. Start the engine/);
    assert.deepEqual(
      page.actions.map(({ id, isPrimary }) => [id, isPrimary]),
      [
        ['preview', false],
        ['planAgain', true],
        ['showError', false],
        ['showLog', false],
      ],
    );
  });

  it('does not invent sizes that the history does not give', () => {
    const unknown = { ...image, layers: image.layers.map(({ diffId }) => ({ diffId })) };
    const page = drawn(layersPage('app:1', { kind: 'read', image: unknown }));
    assert.deepEqual(
      page.images[0]?.bars.map(({ sizeText, weight }) => [sizeText, weight]),
      [
        ['–', 0],
        ['–', 0],
      ],
    );
    assert.match(page.images[0].notices[0]?.text ?? '', /the sizes of the layers are not known/);
  });
});
