import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { TeaChestError } from '../../../../src/core/base/errors.ts';
import { digestOf } from '../../../../src/core/oci/digest.ts';
import type { PullResult } from '../../../../src/core/pull/pullEvents.ts';
import type { PullSnapshot } from '../../../../src/core/pull/pullProgress.ts';
import {
  describePull,
  describePullBriefly,
  describePulled,
  describePulledImages,
  pulledLayerLines,
} from '../../../../src/host/progress/pullText.ts';

const digest = digestOf(Buffer.from('layer'));
const short = digest.slice(7, 19);
const running: PullSnapshot = {
  ...{ stage: 'transfer', way: 'relay', receivedBytes: 43_000_000, totalBytes: 100_000_000, fraction: 0.43 },
  layers: [
    { digest, state: 'downloading', receivedBytes: 43_000_000, size: 100_000_000 },
    { digest: undefined, state: 'exists', receivedBytes: 0, size: 5 },
  ],
  ...{ bytesPerSecond: 9_500_000, etaSeconds: 6, isUnpacking: false, result: undefined },
};
const result: PullResult = {
  ...{ reference: 'gitea.test/dev/app:1', id: digest, digest, downloadedBytes: 100_000_000, durationMs: 12_000 },
  way: 'relay',
};

suite('a running pull as text', () => {
  test('has bytes, layers, rate and time left', () => {
    assert.equal(describePull(running), '43.0 MB of 100 MB · 1 of 2 layers · 9.5 MB/s · 6 s left');
    assert.equal(describePullBriefly(running), '43% · 9.5 MB/s · 6 s');
    assert.deepEqual(pulledLayerLines(running), [`${short}: 43.0 MB of 100 MB, downloading`, 'Layer 2: there already']);
  });

  test('names no total that is not known, and says when the engine unpacks', () => {
    const unknown = { ...running, totalBytes: undefined, fraction: undefined, etaSeconds: undefined };
    assert.equal(describePull(unknown), '43.0 MB · 1 of 2 layers · 9.5 MB/s');
    const unpacking = { ...running, isUnpacking: true, bytesPerSecond: undefined, etaSeconds: undefined };
    assert.equal(describePull(unpacking), '43.0 MB · the engine is unpacking the layers');
    assert.equal(describePullBriefly(unpacking), 'unpacking');
  });
});

suite('a finished pull as text', () => {
  test('says what came, or that nothing had to', () => {
    assert.equal(describePulled(result), `Pulled gitea.test/dev/app:1 in 12 s: 100 MB. sha256:${short}`);
    assert.equal(
      describePulled({ ...result, downloadedBytes: 0, way: 'none' }),
      `gitea.test/dev/app:1 is in the container engine already: nothing was downloaded. sha256:${short}`,
    );
  });

  test('of several names those that failed, and why', () => {
    const images = [
      { reference: 'gitea.test/dev/app:1', outcome: result },
      { reference: 'gitea.test/dev/b:1', outcome: new TeaChestError('manifestUnknown', 'There is none.') },
      { reference: 'gitea.test/dev/c:1', outcome: new TeaChestError('cancelled', 'Cancelled.') },
    ];
    assert.equal(
      describePulledImages(images, ({ message }) => message),
      'Pulled 1 of 3 images. gitea.test/dev/b:1: There is none. gitea.test/dev/c:1: cancelled.',
    );
  });
});
