import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as v from 'valibot';
import { digestOf } from '../../../../src/core/oci/digest.ts';
import type { ImageRecord, LayerRecord, PushRecord } from '../../../../src/core/push/record/pushRecord.ts';
import { imageOfRun } from '../../../../src/host/pushPage/imageOfRun.ts';
import { goneRecordPage, recordPage } from '../../../../src/host/pushPage/recordPage.ts';
import { toPage, type Page } from '../../../../src/webview/pushPage/protocol.ts';

const digest = digestOf(Buffer.from('manifest'));
const base: LayerRecord = {
  ...{
    diffId: digestOf(Buffer.from('base')),
    instruction: 'ADD rootfs.tar /',
    state: 'exists',
    storedTotal: 80_000_000,
  },
  ...{ readBytes: 0, readTotal: 200_000_000, storedBytes: 0, sentBytes: 0 },
};
const moving: LayerRecord = {
  ...{ diffId: digestOf(Buffer.from('moving')), instruction: 'RUN make', state: 'uploading', storedTotal: 40_000_000 },
  ...{ readBytes: 90_000_000, readTotal: 90_000_000, storedBytes: 40_000_000, sentBytes: 10_000_000 },
};
const reading: LayerRecord = {
  ...{ diffId: digestOf(Buffer.from('reading')), state: 'reading' },
  ...{ readBytes: 50, readTotal: 100, storedBytes: 20, sentBytes: 10, isCompressed: true },
};

function imageOf(more: Partial<ImageRecord> = {}): ImageRecord {
  return {
    ...{ image: 'app:1', target: 'gitea.test/dev/app:1', origin: 'https://gitea.test', options: {}, state: 'running' },
    ...{ platform: 'linux/amd64', imageBytes: 290_000_000, layers: [base, moving, reading] },
    ...more,
  };
}

function recordOf(more: Partial<PushRecord> = {}): PushRecord {
  return {
    ...{ id: '1', state: 'running', queuedAt: 0, startedAt: 0, images: [imageOf()] },
    progress: {
      ...{ stage: 'export', enginePreparing: false, sentBytes: 10_000_000, totalBytes: 40_000_000 },
      ...{ fraction: 0.25, bytesPerSecond: 5_000_000, etaSeconds: 6 },
    },
    samples: { step: 500, list: [] },
    ...more,
  };
}

/** The page, as the webview accepts it. */
function drawn(record: PushRecord, { isHere = true, isWhole = true, hasPage = true } = {}): Page {
  const page = recordPage(record, { isHere, isWhole, hasPage });
  const message = { type: 'page', page: JSON.parse(JSON.stringify(page)) as unknown, source: {} };
  return v.parse(toPage, message).page;
}

const idsOf = ({ actions }: Page): readonly string[] => actions.map(({ id }) => id);
const factOf = ({ facts }: Page, name: string): string | undefined => facts.find(({ label }) => label === name)?.value;

describe('the page of a push', () => {
  it('says what goes where, how far it is, and offers to cancel it only in its own window', () => {
    const page = drawn(recordOf());
    assert.deepEqual([page.title, page.subtitle], ['app:1', 'to gitea.test/dev/app:1']);
    assert.equal(page.status.text, '10.0 MB of 40.0 MB · 5.0 MB/s · 6 s left');
    assert.deepEqual(
      ['Sent', 'Rate', 'Time left'].map((name) => factOf(page, name)),
      ['10.0 MB of 40.0 MB', '5.0 MB/s', '6 s'],
    );
    assert.equal(page.progress?.fraction, 0.25);
    assert.equal(page.announcement, 'Push of app:1: 25%, 6 s left.');
    assert.deepEqual([idsOf(page), idsOf(drawn(recordOf(), { isHere: false }))], [['cancel'], []]);
  });

  it('has a bar for each layer, to scale by its uncompressed size, filled by what was sent', () => {
    const [image] = drawn(recordOf()).images;
    assert.equal(image?.caption, '3 layers · linux/amd64 · 290 MB in the engine');
    assert.deepEqual(
      image.bars.map(({ number, name, look, sizeText, stateText, weight, filled }) => ({
        ...{ number, name, look, sizeText, stateText, weight, filled },
      })),
      [
        {
          ...{ number: '1', name: 'ADD rootfs.tar /', look: 'there', sizeText: '80.0 MB', stateText: 'there already' },
          ...{ weight: 200_000_000, filled: 0 },
        },
        {
          ...{
            number: '2',
            name: 'RUN make',
            look: 'sending',
            sizeText: '40.0 MB',
            stateText: 'sending 10.0 of 40.0 MB',
          },
          ...{ weight: 90_000_000, filled: 0.25 },
        },
        {
          ...{ number: '3', name: `Layer ${reading.diffId?.slice(7, 19) ?? ''}`, look: 'reading' },
          ...{ sizeText: '100 B uncompressed', stateText: 'compressing 50%, 10 B sent', weight: 100, filled: 0.25 },
        },
      ],
    );
  });

  it('uses the size of the build step until the archive says the size of the layer', () => {
    const waiting: LayerRecord = { ...reading, state: 'waiting', readTotal: undefined, stepBytes: 70 };
    const [image] = drawn(recordOf({ images: [imageOf({ layers: [waiting] })] })).images;
    assert.deepEqual([image?.bars[0]?.weight, image?.bars[0]?.filled, image?.bars[0]?.look], [70, 0, 'waiting']);
  });

  it('after the end gives the numbers of the result, the digest and what the bytes waited for', () => {
    const result = {
      ...{
        reference: 'gitea.test/dev/app:1',
        digest,
        mediaType: 'm',
        strategy: 'relay' as const,
        notices: ['Read this.'],
      },
      ...{ uploadedBytes: 40_000_000, mountedBytes: 0, skippedBytes: 80_000_000, durationMs: 9_000 },
    } as const;
    const list = [0, 1, 2, 3, 4, 5].map((at) => ({
      ...{ at: at * 1000, read: at * 20_000_000, stored: 30_000_000 + at * 2_000_000, sent: at * 7_000_000 },
      sendingMs: at * 1000,
    }));
    const record = recordOf({
      ...{
        state: 'pushed',
        endedAt: 9_000,
        images: [imageOf({ state: 'pushed', result })],
        samples: { step: 500, list },
      },
    });
    const page = drawn(record);
    assert.deepEqual([page.status.text, page.status.tone], ['Pushed', 'good']);
    assert.deepEqual(
      ['Bytes', 'Took', 'Transfer', 'Digest', 'Bounded by', 'Sent'].map((name) => factOf(page, name)),
      [
        ...[
          '40.0 MB sent, 80.0 MB already there',
          '9.0 s',
          'Pushed by the engine to Tea Chest, which sends it on',
          digest,
        ],
        ...['the network or the registry: bytes waited to be sent, or for an answer', undefined],
      ],
    );
    assert.deepEqual(
      page.notices.map(({ text }) => text),
      ['Read this.'],
    );
    assert.deepEqual(idsOf(page), ['copyDigest', 'openInBrowser', 'retry']);
    assert.deepEqual(idsOf(drawn(record, { hasPage: false })), ['copyDigest', 'retry']);
    assert.match(
      page.chart?.alternative ?? '',
      /^The rate to the registry over 5 s: at most 7\.0 MB per second, 7\.0 MB /,
    );
    const waited = (engine?: number, compression?: number): string | undefined => {
      const measured = list.map((one, at) => ({
        ...{ ...one, stored: one.sent, sendingMs: 0 },
        ...(engine !== undefined && { engineMs: at * engine }),
        ...(compression !== undefined && { compressionMs: at * compression }),
      }));
      return factOf(drawn({ ...record, samples: { step: 500, list: measured } }), 'Bounded by');
    };
    assert.equal(waited(), 'the engine or compression: sending waited for the next bytes');
    assert.equal(waited(900, 0), 'the engine: its next bytes were waited for');
    assert.equal(waited(0, 900), 'compression: the engine’s bytes waited for it');
    assert.equal(waited(100, 0), 'reading the image out of the engine: sending waited for the next bytes');
    assert.equal(
      factOf(drawn({ ...record, samples: { step: 500, list: [] } }), 'Bounded by'),
      undefined,
      'no count, no claim',
    );
  });

  it('of a failed push says why and what to do, and marks what was not sent', () => {
    const error = { code: 'accessDenied', stage: 'plan', message: 'You may not write there.', facts: {} } as const;
    const images = [imageOf({ state: 'failed', error })];
    const page = drawn(recordOf({ state: 'failed', endedAt: 1, images }));
    assert.deepEqual([page.status.text, page.status.tone], ['Failed', 'error']);
    assert.match(page.notices[0]?.text ?? '', /^You may not write there\. ./);
    assert.deepEqual(
      page.images[0]?.bars.map(({ look }) => look),
      ['there', 'stopped', 'stopped'],
    );
    assert.deepEqual(idsOf(page), ['retry', 'showError', 'showLog']);
  });

  it('of several images has a part for each, and numbers for all', () => {
    const page = drawn(
      recordOf({ images: [imageOf(), imageOf({ image: 'tool:1', target: 'gitea.test/dev/tool:1' })] }),
    );
    assert.deepEqual([page.title, page.subtitle], ['2 images', undefined]);
    assert.deepEqual(
      page.images.map(({ heading }) => heading),
      ['app:1 to gitea.test/dev/app:1', 'tool:1 to gitea.test/dev/tool:1'],
    );
  });

  it('waits in words, and says that a record is gone', () => {
    const queued = drawn(recordOf({ state: 'queued', position: 2, images: [imageOf({ layers: [] })] }));
    assert.equal(queued.status.text, 'Waiting for other pushes: number 2 in the queue');
    assert.deepEqual([queued.progress, queued.images[0]?.emptyText], [undefined, 'Its layers are not known yet.']);
    assert.equal(goneRecordPage().title, 'This push is not in the list any more');
    assert.deepEqual(idsOf(goneRecordPage()), ['showPushes']);
  });

  it('says before it is over what happens if its window closes, or which window runs it', () => {
    const texts = (record: PushRecord, context = {}): readonly string[] =>
      drawn(record, context).notices.map(({ text }) => text);
    assert.deepEqual(texts(recordOf()), [
      'If this window closes, the push stops and publishes nothing more. The Pushes view then has it as interrupted; pushed again, it does not send layers that have arrived.',
    ]);
    assert.match(texts(recordOf({ state: 'queued' }))[0] ?? '', /^If this window closes, the push does not begin\./);
    assert.deepEqual(texts(recordOf(), { isHere: false }), [
      'Another window runs this push. It can be cancelled there.',
    ]);
    assert.deepEqual(texts(recordOf({ state: 'pushed' })), []);
  });

  it('has a button for the error of each image, where there are several', () => {
    const error = (code: string): object => ({
      error: { code, message: `It is ${code}.`, facts: {} },
      state: 'failed',
    });
    const images = [imageOf(error('accessDenied')), imageOf({ state: 'pushed' }), imageOf(error('uploadLost'))];
    const page = drawn(recordOf({ state: 'failed', images }));
    assert.equal(page.status.text, 'Failed · 1 of 3 pushed');
    assert.equal(drawn(recordOf({ state: 'cancelled', images })).status.text, 'Cancelled · 1 of 3 pushed');
    assert.deepEqual(idsOf(page), ['retry', 'showLog']);
    assert.deepEqual(
      page.images.map(({ actions, notices: [notice] }) => [actions.map(({ id }) => id).join(), notice?.text ?? '']),
      [
        ['showError', 'It is accessDenied. Choose an owner you may write to, or ask for write access to its packages.'],
        ['', ''],
        ['showError', 'It is uploadLost. Layers that arrived are kept: try again.'],
      ],
    );
    assert.deepEqual(idsOf(drawn(recordOf({ state: 'failed', images: images.slice(0, 1) }))), [
      ...['retry', 'showError', 'showLog'],
    ]);
  });
});

describe('the page of one image of several', () => {
  const other = imageOf({ image: 'tool:1', target: 'gitea.test/dev/tool:1', state: 'failed', layers: [moving] });
  const run = recordOf({ images: [imageOf(), other] });

  it('shows that image alone, with its own state and bytes, and nothing that is of the whole run', () => {
    const record = imageOfRun(run, other.target) ?? assert.fail();
    const page = recordPage(record, { isHere: true, isWhole: false, hasPage: false });
    assert.equal(page.title, 'tool:1');
    assert.equal(page.subtitle, 'to gitea.test/dev/tool:1');
    assert.equal(page.status.text, 'Failed');
    assert.equal(page.images.length, 1);
    assert.equal(page.chart, undefined);
    assert.deepEqual(
      page.facts.map(({ label }) => label).filter((label) => ['Rate', 'Time left', 'Took'].includes(label)),
      [],
    );
    assert.deepEqual(
      page.actions.map(({ id }) => id),
      ['retry', 'showError', 'showLog'],
    );
    const running = recordPage(imageOfRun(run, 'gitea.test/dev/app:1') ?? assert.fail(), {
      ...{ isHere: true, isWhole: false, hasPage: false },
    });
    assert.deepEqual(running.actions, [], 'one image of several cannot be cancelled by itself');
    assert.match(running.notices[0]?.text ?? '', /^If this window closes/);
  });

  it('is that of a push that is gone if the run has no such image', () => {
    assert.equal(imageOfRun(run, 'gitea.test/dev/gone:1'), undefined);
  });
});
