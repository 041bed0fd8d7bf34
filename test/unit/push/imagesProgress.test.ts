import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { TeaChestError } from '../../../src/core/base/errors.ts';
import { digestOf } from '../../../src/core/oci/digest.ts';
import { ImagesProgress } from '../../../src/core/push/imagesProgress.ts';
import { planImages } from '../../../src/core/push/imagesPlan.ts';
import type { LayerStatus, PushEvent, PushResult } from '../../../src/core/push/pushEvents.ts';

const mega = 1_000_000;
const base = digestOf(Buffer.from('base'));

function layer(change: Partial<LayerStatus>): LayerStatus {
  const sizes = { readBytes: 0, readTotal: undefined, storedBytes: 0, storedTotal: undefined, sentBytes: 0 };
  return { diffId: base, state: 'waiting', ...sizes, ...change };
}

const own = (name: string, change: Partial<LayerStatus> = {}): LayerStatus =>
  layer({ diffId: digestOf(Buffer.from(name)), ...change });

/** A layer of so many stored bytes, of which so many are sent. */
const moving = (stored: number, sent: number): Partial<LayerStatus> => ({
  ...{ state: 'uploading', readBytes: 2 * stored, readTotal: 2 * stored },
  ...{ storedBytes: stored, storedTotal: stored, sentBytes: sent },
});

const result = { reference: 'h/dev/a:1', uploadedBytes: 1 } as PushResult;

describe('the progress of several images', () => {
  let now = 0;
  let progress: ImagesProgress;
  const at = (index: number, event: PushEvent): void => {
    progress.apply({ type: 'image', index, event });
  };
  const plan = (index: number, ...layers: LayerStatus[]): void => {
    at(index, { type: 'planned', layers, imageBytes: 10 * mega });
  };
  beforeEach(() => {
    now = 0;
    progress = new ImagesProgress(['https://h', 'https://h'], () => now);
  });

  it('counts a layer that both have once, whoever sends it', () => {
    plan(0, layer({}), own('a'));
    plan(1, layer({}), own('b'));
    at(0, { type: 'layer', index: 0, status: layer(moving(10 * mega, 4 * mega)) });
    at(0, { type: 'layer', index: 1, status: own('a', moving(mega, 0)) });
    at(1, { type: 'layer', index: 1, status: own('b', moving(mega, 0)) });
    // Its image has the same layer in the spool, and waits to mount it.
    at(1, { type: 'layer', index: 0, status: layer(moving(10 * mega, 0)) });
    const { totalBytes, sentBytes, layers } = progress.snapshot();
    assert.deepEqual([totalBytes, sentBytes, layers.length], [12 * mega, 4 * mega, 3]);
    at(0, { type: 'layer', index: 0, status: layer({ ...moving(10 * mega, 10 * mega), state: 'uploaded' }) });
    at(1, { type: 'layer', index: 0, status: layer({ ...moving(10 * mega, 0), state: 'mounted' }) });
    assert.equal(progress.snapshot().sentBytes, 10 * mega);
  });

  it('counts it for each registry', () => {
    progress = new ImagesProgress(['https://h', 'https://other'], () => now);
    for (const index of [0, 1]) plan(index, layer(moving(10 * mega, 3 * mega)));
    assert.deepEqual([progress.snapshot().totalBytes, progress.snapshot().sentBytes], [20 * mega, 6 * mega]);
  });

  it('of one image has the same rate and time left as the image, also if its bytes come in bursts', () => {
    progress = new ImagesProgress(['https://h'], () => now);
    plan(0, own('a'));
    const rates = new Set<number | undefined>();
    for (let tick = 0; tick < 100; tick++) {
      now += 200;
      // The events of an image come when they come; snapshots are made five times a second.
      if (tick % 17 === 3) at(0, { type: 'layer', index: 0, status: own('a', moving(100 * mega, tick * mega)) });
      const { images, bytesPerSecond, etaSeconds } = progress.snapshot();
      const { snapshot } = images[0] ?? assert.fail('there is one image');
      assert.deepEqual([snapshot.bytesPerSecond, snapshot.etaSeconds], [bytesPerSecond, etaSeconds]);
      rates.add(bytesPerSecond);
    }
    assert.ok(rates.size > 5, 'a rate is measured');
  });

  it('never exceeds the whole, and is whole only when all have ended', () => {
    plan(0, layer({}), own('a'));
    plan(1, layer({}), own('b'));
    const fractions: (number | undefined)[] = [];
    for (let sent = 0; sent <= 10; sent++) {
      now += 500;
      at(0, { type: 'layer', index: 0, status: layer(moving(10 * mega, sent * mega)) });
      fractions.push(progress.snapshot().fraction);
    }
    for (const [index, name] of ['a', 'b'].entries()) {
      at(index, { type: 'layer', index: 1, status: own(name, { ...moving(mega, mega), state: 'uploaded' }) });
      fractions.push(progress.snapshot().fraction);
    }
    assert.ok(fractions.every((one) => one === undefined || one < 1));
    assert.deepEqual(
      fractions,
      fractions.toSorted((one, other) => (one ?? 0) - (other ?? 0)),
    );
    at(0, { type: 'done', result });
    assert.deepEqual([progress.snapshot().ended, (progress.snapshot().fraction ?? 0) < 1], [1, true]);
    at(1, { type: 'done', result });
    assert.deepEqual([progress.snapshot().ended, progress.snapshot().fraction], [2, 1]);
  });

  it('leaves out what an image that failed has not sent', () => {
    plan(0, own('a', moving(10 * mega, mega)));
    plan(1, own('b', moving(5 * mega, mega)));
    const error = new TeaChestError('accessDenied', 'Not yours.');
    progress.apply({ type: 'failed', index: 0, error });
    const { totalBytes, images, ended } = progress.snapshot();
    assert.deepEqual([totalBytes, ended], [5 * mega, 1]);
    assert.deepEqual(images[0]?.outcome, { error });
  });

  it('says that the engine prepares until the first byte comes', () => {
    for (const index of [0, 1]) {
      plan(index, layer({}));
      at(index, { type: 'stage', stage: 'export' });
      at(index, { type: 'received', bytes: 0 });
    }
    assert.equal(progress.snapshot().enginePreparing, true);
    for (const index of [0, 1]) at(index, { type: 'received', bytes: 512 });
    assert.equal(progress.snapshot().enginePreparing, false);
  });

  it('has a row for each image, and a rate of all together', () => {
    at(0, { type: 'target', reference: 'h/dev/a:1' });
    plan(0, own('a', moving(20 * mega, 0)));
    plan(1, own('b', moving(20 * mega, 0)));
    for (let second = 0; second <= 4; second++) {
      now = second * 1000;
      at(0, { type: 'layer', index: 0, status: own('a', moving(20 * mega, second * mega)) });
      at(1, { type: 'layer', index: 0, status: own('b', moving(20 * mega, 2 * second * mega)) });
      progress.snapshot();
    }
    const { bytesPerSecond, images } = progress.snapshot();
    assert.equal(bytesPerSecond, 3 * mega);
    assert.deepEqual(
      images.map(({ snapshot }) => snapshot.sentBytes),
      [4 * mega, 8 * mega],
    );
    assert.equal(images[0]?.snapshot.reference, 'h/dev/a:1');
  });
});

describe('the progress of several images, out of order', () => {
  it('takes a layer that is reported before the plan, and one of an image that has failed', () => {
    const progress = new ImagesProgress(['https://h', 'https://h'], () => 0);
    const second = own('b', { state: 'exists' });
    const report = (index: number): void => {
      progress.apply({ type: 'image', index, event: { type: 'layer', index: 1, status: second } });
    };
    report(0);
    assert.deepEqual(progress.snapshot().layers, [second]);
    progress.apply({ type: 'failed', index: 1, error: new TeaChestError('registryRefused', 'no') });
    report(1);
    assert.deepEqual(progress.snapshot().layers, [second]);
  });
});

describe('the size of several images together', () => {
  const sizeOf = (...images: (readonly [number, ...string[]])[]): number =>
    planImages(
      images.map(([imageBytes, ...names]) => ({
        ...{ reference: '', origin: '', imageBytes, layers: names.map((name) => own(name)) },
      })),
    ).imageBytes;

  it('is their sum if they share nothing, and that of one if they are the same', () => {
    assert.equal(sizeOf([100, 'a'], [50, 'b', 'c']), 150);
    assert.equal(sizeOf([100, 'a', 'b'], [100, 'a', 'b']), 100);
  });

  it('takes what they share for as large as it can be', () => {
    assert.equal(sizeOf([101, 'base', 'a'], [103, 'base', 'b'], [105, 'base', 'c']), 101 + 2 + 4);
  });
});
