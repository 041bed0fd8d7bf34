import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { TeaChestError } from '../../../../src/core/base/errors.ts';
import type { ImageProgress, ImagesSnapshot } from '../../../../src/core/push/imagesProgress.ts';
import type { PushResult } from '../../../../src/core/push/pushEvents.ts';
import type { PushSnapshot } from '../../../../src/core/push/pushProgress.ts';
import {
  describeImages,
  describeRuns,
  describeSummary,
  imageLines,
  type FinishedImage,
} from '../../../../src/host/progress/imagesText.ts';

const whole: Omit<ImagesSnapshot, 'images' | 'ended'> = {
  ...{ stage: 'export', layers: [], enginePreparing: false, sentBytes: 184_000_000, totalBytes: 420_000_000 },
  ...{ fraction: 0.4321, bytesPerSecond: 12_000_000, etaSeconds: 19.7, isAwaitingAnswer: false },
  ...{ wait: undefined, waits: { preparing: 0, sending: 0, written: 0, answer: 0 } },
};

function image(name: string, change: Partial<PushSnapshot> = {}, outcome?: ImageProgress['outcome']): ImageProgress {
  return {
    snapshot: { ...whole, reference: `h.example/dev/${name}`, inspected: undefined, result: undefined, ...change },
    outcome,
  };
}

const resultOf = (name: string, change: Partial<PushResult> = {}): PushResult => ({
  ...{ reference: `h.example/dev/${name}`, digest: `sha256:${'a'.repeat(64)}`, mediaType: 'm', durationMs: 1 },
  ...{ uploadedBytes: 1_000_000, mountedBytes: 0, skippedBytes: 2_000_000, strategy: 'export', notices: [] },
  ...change,
});

const run = (...images: ImageProgress[]): ImagesSnapshot => ({ ...whole, images, ended: 1 });

suite('the text of a running push of several images', () => {
  const several = run(image('a:1', {}, { result: resultOf('a:1') }), image('b:1'), image('c:1'));

  test('has how many have ended, percent, rate and the time left', () => {
    assert.equal(describeImages(several), '1 of 3 images · 43% · 12.0 MB/s · 20 s left');
    assert.equal(describeRuns([several]), '1 of 3 · 43% · 12.0 MB/s · 20 s');
    assert.equal(describeRuns([run(image('a:1')), several]), '43% · 12.0 MB/s · 20 s · +1 more');
    assert.equal(describeRuns([]), '');
    const waiting = { ...several, ...{ isAwaitingAnswer: true, bytesPerSecond: undefined, etaSeconds: undefined } };
    assert.equal(describeImages(waiting), '1 of 3 images · 43% · waiting for the registry');
    assert.equal(describeRuns([waiting]), '1 of 3 · 43% · waiting for the registry');
  });

  test('says before the first byte what is done', () => {
    assert.equal(
      describeImages({ ...several, ended: 0, sentBytes: 0, enginePreparing: true }),
      '0 of 3 images · the engine is preparing the image',
    );
    assert.equal(
      describeImages({ ...several, ended: 0, sentBytes: 0, stage: 'plan' }),
      '0 of 3 images · asking the registry what it has',
    );
  });

  test('has a line for each image', () => {
    const moving = { layers: [{ state: 'uploading' }] } as unknown as Partial<PushSnapshot>;
    const lines = imageLines(
      run(
        image('a:1', {}, { result: resultOf('a:1') }),
        image('b:1', {}, { result: resultOf('b:1', { isUnchanged: true }) }),
        image('c:1', {}, { error: new TeaChestError('accessDenied', 'Not yours.') }),
        image('d:1', {}, { error: new TeaChestError('cancelled', 'Cancelled.') }),
        image('e:1'),
        image('f:1', moving),
        image('g:1', { stage: 'manifest' }),
      ),
    );
    assert.deepEqual(lines, [
      'h.example/dev/a:1: pushed, 1.0 MB sent, 2.0 MB already there',
      'h.example/dev/b:1: is there already',
      'h.example/dev/c:1: failed: Not yours.',
      'h.example/dev/d:1: cancelled',
      'h.example/dev/e:1: waiting',
      'h.example/dev/f:1: 184 MB of 420 MB · 12.0 MB/s · 20 s left',
      'h.example/dev/g:1: writing the manifest',
    ]);
  });
});

suite('the summary of several images', () => {
  const pushed = (name: string, change?: Partial<PushResult>): FinishedImage => ({
    ...{ reference: `h.example/dev/${name}`, kind: 'pushed', result: resultOf(name, change) },
    image: { identity: 'sha256:0', createdAt: undefined },
  });
  const failed = (name: string, code: 'accessDenied' | 'cancelled', message: string): FinishedImage => ({
    ...{ reference: `h.example/dev/${name}`, kind: 'failed', error: new TeaChestError(code, message) },
  });
  const summary = (...images: FinishedImage[]): string =>
    describeSummary(images, 12_340, ({ message }) => `${message} Ask.`);

  test('names what was pushed, with all bytes', () => {
    assert.equal(
      summary(pushed('a:1'), pushed('b:1', { mountedBytes: 3_000_000 })),
      'Pushed 2 images in 13 s: 2.0 MB sent, 3.0 MB mounted, 4.0 MB already there. dev/a:1, dev/b:1.',
    );
  });

  test('tells what was there already from what was pushed, and what failed with its reason', () => {
    assert.equal(
      summary(
        pushed('a:1', { skippedBytes: 0 }),
        pushed('b:1', { isUnchanged: true, uploadedBytes: 0 }),
        failed('c:1', 'accessDenied', 'Not yours.'),
        failed('d:1', 'accessDenied', 'Not yours.'),
        failed('e:1', 'cancelled', 'Cancelled.'),
      ),
      'Pushed 1 of 5 images (1 unchanged, 3 not pushed) in 13 s: 1.0 MB sent, 2.0 MB already there. dev/a:1. There already, unchanged: dev/b:1. Not pushed: dev/c:1, dev/d:1: Not yours. Ask. Cancelled: dev/e:1.',
    );
  });

  test('stays short, however many there are', () => {
    const many = Array.from({ length: 200 }, (_, at) => failed(`image${at}:1`, 'accessDenied', `Reason ${at}.`));
    const text = summary(...many, ...Array.from({ length: 100 }, (_, at) => pushed(`pushed${at}:1`)));
    assert.match(text, /dev\/pushed7:1 and 92 more\./);
    assert.match(text, /197 more images failed for other reasons, which the log has\.$/);
    assert.ok(text.length < 600, text);
  });
});
