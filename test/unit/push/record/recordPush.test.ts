import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { TeaChestError } from '../../../../src/core/base/errors.ts';
import { digestOf, type Digest } from '../../../../src/core/oci/digest.ts';
import type { RecordedOutcome } from '../../../../src/core/push/record/recordPush.ts';
import { ImagesProgress } from '../../../../src/core/push/imagesProgress.ts';
import type { LayerStatus, PushEvent, PushResult } from '../../../../src/core/push/pushEvents.ts';
import type { PushRecord } from '../../../../src/core/push/record/pushRecord.ts';
import { newRecord, reducePush, toError, type RecordChange } from '../../../../src/core/push/record/recordPush.ts';

const mega = 1_000_000;
const base = digestOf(Buffer.from('base'));
const own = digestOf(Buffer.from('own'));
const origin = 'https://h.example';

const layer = (diffId: Digest | undefined, change: Partial<LayerStatus> = {}): LayerStatus => ({
  ...{ diffId, state: 'waiting', readBytes: 0, readTotal: undefined, storedBytes: 0, storedTotal: undefined },
  ...{ sentBytes: 0, ...change },
});
const resultOf = (change: Partial<PushResult> = {}): PushResult => ({
  ...{ reference: 'h.example/dev/app:1', digest: own, mediaType: 'm', uploadedBytes: 1, mountedBytes: 0 },
  ...{ skippedBytes: 0, durationMs: 1, strategy: 'export', notices: [], ...change },
});
const inspected: PushEvent = {
  type: 'inspected',
  image: { id: own, diffIds: [base, own], platform: { os: 'linux', architecture: 'amd64' }, size: 3 * mega },
};

/** A push of so many images, and what happens to it. `now`: milliseconds since it began. */
class Run {
  record: PushRecord;
  now = 0;
  readonly #progress: ImagesProgress;

  constructor(...names: string[]) {
    this.record = newRecord({
      ...{ id: 'one', at: 1000 },
      images: names.map((name) => ({ image: name, target: `h.example/dev/${name}`, origin, options: {} })),
    });
    this.#progress = new ImagesProgress(
      names.map(() => origin),
      () => this.now,
    );
    this.change({ type: 'started', at: 1000 });
  }

  change(change: RecordChange): this {
    this.record = reducePush(this.record, change);
    return this;
  }

  /** The events of one image, and then a report of all. */
  on(index: number, ...events: PushEvent[]): this {
    for (const event of events) this.#progress.apply({ type: 'image', index, event });
    return this.change({ type: 'progress', at: 1000 + this.now, snapshot: this.#progress.snapshot() });
  }

  fail(index: number, error: TeaChestError): this {
    this.#progress.apply({ type: 'failed', index, error });
    return this.change({ type: 'progress', at: 1000 + this.now, snapshot: this.#progress.snapshot() });
  }

  end(...outcomes: RecordedOutcome[]): this {
    return this.change({ type: 'ended', at: 1000 + this.now, outcomes });
  }

  get layers(): readonly string[] {
    return (this.record.images[0]?.layers ?? []).map(({ state, instruction = '' }) => `${state} ${instruction}`.trim());
  }
}

suite('the record of a push', () => {
  test('waits at a position, runs, and has its layers from the moment the image is known', () => {
    const queued = reducePush(
      newRecord({ id: 'one', at: 5, images: [{ image: 'app:1', target: 'h/dev/app:1', origin, options: {} }] }),
      { type: 'queued', position: 2 },
    );
    assert.deepEqual([queued.state, queued.position, queued.images[0]?.state], ['queued', 2, 'queued']);
    const run = new Run('app:1').on(0, inspected);
    const [image] = run.record.images;
    assert.deepEqual([run.record.state, run.record.position, image?.state], ['running', undefined, 'running']);
    assert.deepEqual([image?.imageId, image?.platform, image?.imageBytes], [own, 'linux/amd64', 3 * mega]);
    assert.deepEqual(run.layers, ['waiting', 'waiting']);
  });

  test('gives each layer the instruction that made it, whenever the engine gives the history', () => {
    const steps = [
      { createdBy: 'COPY base /', size: 5 },
      { createdBy: 'RUN make', size: 7 },
    ];
    const history: RecordChange = { type: 'history', index: 0, diffIds: [base, own], steps };
    const run = new Run('app:1').on(0, inspected).change(history);
    assert.deepEqual(run.layers, ['waiting COPY base /', 'waiting RUN make']);
    run.on(0, { type: 'planned', layers: [layer(base, { state: 'exists' }), layer(own)], imageBytes: mega });
    assert.deepEqual(run.layers, ['exists COPY base /', 'waiting RUN make']);
    const early = new Run('app:1').change(history).on(0, inspected);
    assert.deepEqual(early.layers, ['waiting COPY base /', 'waiting RUN make']);
    const late = new Run('app:1').on(0, inspected).end({ kind: 'pushed', result: resultOf() }).change(history);
    assert.deepEqual(late.layers, ['exists COPY base /', 'exists RUN make']);
  });

  test('counts bytes over time, and keeps the last ones', () => {
    const run = new Run('app:1').on(0, inspected);
    const plan: PushEvent = {
      type: 'planned',
      layers: [layer(base, { state: 'exists' }), layer(own)],
      imageBytes: mega,
    };
    run.on(0, { type: 'stage', stage: 'export' }, plan);
    for (let second = 1; second <= 4; second++) {
      run.now = second * 1000;
      const status = layer(own, {
        ...{ state: 'uploading', readBytes: 8 * mega, readTotal: 8 * mega, storedBytes: 4 * mega },
        ...{ storedTotal: 4 * mega, sentBytes: second * mega },
      });
      run.on(0, { type: 'layer', index: 1, status });
    }
    const { progress, samples } = run.record;
    assert.deepEqual([progress.sentBytes, progress.totalBytes, progress.bytesPerSecond], [4 * mega, 4 * mega, mega]);
    assert.deepEqual(samples.list.at(-1), {
      ...{ at: 4000, read: 8 * mega, stored: 4 * mega, sent: 4 * mega },
      ...{ preparingMs: 0, sendingMs: 2000, writtenMs: 0, answerMs: 0 },
    });
    run.end({ kind: 'pushed', result: resultOf() });
    const { state, endedAt, progress: last } = run.record;
    assert.deepEqual([state, endedAt, last.sentBytes, last.fraction], ['pushed', 5000, 4 * mega, 1]);
    assert.deepEqual([last.bytesPerSecond, last.etaSeconds], [undefined, undefined]);
  });

  test('of an unchanged image has its layers as there already', () => {
    const run = new Run('app:1').on(0, inspected).end({ kind: 'pushed', result: resultOf({ isUnchanged: true }) });
    assert.deepEqual(run.layers, ['exists', 'exists']);
  });

  test('keeps an error so that it can be shown again, and tells a cancel from a closed window', () => {
    const facts = { status: 403, codes: ['DENIED'], host: 'h.example' };
    const error = new TeaChestError('accessDenied', 'You may not.', { stage: 'upload', facts });
    const run = new Run('app:1').fail(0, error).end({ kind: 'failed', error });
    assert.equal(run.record.state, 'failed');
    const kept = run.record.images[0]?.error;
    assert.ok(kept !== undefined);
    const again = toError(JSON.parse(JSON.stringify(kept)) as typeof kept);
    assert.deepEqual(
      [again.code, again.message, again.stage, again.facts],
      ['accessDenied', 'You may not.', 'upload', facts],
    );

    const cancelled = new TeaChestError('cancelled', 'Cancelled.');
    assert.equal(new Run('a').end({ kind: 'failed', error: cancelled }).record.state, 'cancelled');
    const closed = new TeaChestError('cancelled', 'Closed.', { facts: { isWindowClosed: true } });
    // While it ends, the image is only known to be cancelled.
    const stopped = new Run('a').fail(0, cancelled).end({ kind: 'failed', error: closed });
    assert.deepEqual([stopped.record.state, stopped.record.images[0]?.state], ['interrupted', 'interrupted']);
  });

  test('says how far a push came that failed, and not that nothing is left to do', () => {
    const error = new TeaChestError('accessDenied', 'You may not.', { stage: 'plan' });
    assert.equal(new Run('app:1').fail(0, error).end({ kind: 'failed', error }).record.progress.fraction, undefined);
    const half = layer(own, {
      state: 'uploading',
      readTotal: mega,
      readBytes: mega,
      storedBytes: mega,
      sentBytes: mega / 2,
    });
    const run = new Run('app:1').on(
      0,
      { type: 'planned', layers: [layer(own)], imageBytes: mega },
      { type: 'layer', index: 0, status: half },
    );
    const before = run.record.progress.fraction;
    assert.ok(before !== undefined && before > 0 && before < 0.9, `${before}`);
    assert.equal(run.fail(0, error).end({ kind: 'failed', error }).record.progress.fraction, before);
    const pushed = new Run('app:1').on(0, { type: 'done', result: resultOf() });
    assert.equal(pushed.end({ kind: 'pushed', result: resultOf() }).record.progress.fraction, 1);
  });

  test('of several images is as bad as the worst of them, and each has its own outcome at once', () => {
    const error = new TeaChestError('ownerNotFound', 'No such owner.', { stage: 'plan' });
    const run = new Run('a', 'b').on(0, { type: 'done', result: resultOf() }).fail(1, error);
    assert.deepEqual(
      [run.record.state, ...run.record.images.map(({ state }) => state)],
      ['running', 'pushed', 'failed'],
    );
    run.end({ kind: 'pushed', result: resultOf() }, { kind: 'failed', error });
    assert.equal(run.record.state, 'failed');
  });

  test('is interrupted if its process ends, and does not change any more', () => {
    const run = new Run('a', 'b').on(0, { type: 'done', result: resultOf() }).change({ type: 'interrupted', at: 9 });
    assert.deepEqual(
      [run.record.state, run.record.endedAt, ...run.record.images.map(({ state }) => state)],
      ['interrupted', 9, 'pushed', 'interrupted'],
    );
    const before = run.record;
    assert.equal(run.end({ kind: 'pushed', result: resultOf() }).record, before);
  });

  test('has a row for a blob of which it is not known yet which layer it is, and none once that is known', () => {
    const run = new Run('app:1').on(0, inspected);
    run.on(0, { type: 'planned', layers: [layer(base), layer(own)], imageBytes: mega });
    run.on(0, { type: 'layer', index: 2, status: layer(undefined, { state: 'uploading', storedTotal: mega }) });
    assert.deepEqual(run.layers, ['waiting', 'waiting', 'uploading']);
    run.on(0, { type: 'layer', index: 2, status: layer(undefined, { state: 'superseded' }) });
    assert.deepEqual(run.layers, ['waiting', 'waiting']);
  });
});
