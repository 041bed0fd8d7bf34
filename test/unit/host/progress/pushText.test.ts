import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { PushSnapshot } from '../../../../src/core/push/pushProgress.ts';
import { describeBriefly, describePush, describeResult } from '../../../../src/host/progress/pushText.ts';

const running: PushSnapshot = {
  reference: 'h.example/dev/app:1',
  stage: 'export',
  inspected: undefined,
  layers: [],
  enginePreparing: false,
  isAwaitingAnswer: false,
  sentBytes: 184_000_000,
  totalBytes: undefined,
  fraction: 0.4321,
  bytesPerSecond: 61_200_000,
  etaSeconds: 11.2,
  result: undefined,
};

suite('the text of a running push', () => {
  test('has no total while none is known', () => {
    assert.equal(describePush(running), '184 MB · 61.2 MB/s · 12 s left');
    assert.equal(describePush({ ...running, totalBytes: 420_000_000 }), '184 MB of 420 MB · 61.2 MB/s · 12 s left');
  });

  test('says that it is estimating until there are samples', () => {
    assert.equal(describePush({ ...running, bytesPerSecond: undefined, etaSeconds: undefined }), '184 MB · estimating');
  });

  test('says nothing of a rate of zero, and what happens before the first byte is sent', () => {
    assert.equal(describePush({ ...running, bytesPerSecond: 0, etaSeconds: undefined }), '184 MB · estimating');
    assert.equal(describePush({ ...running, sentBytes: 0 }), 'reading the image');
    const quiet = { ...running, sentBytes: 0, bytesPerSecond: undefined, etaSeconds: undefined };
    assert.equal(describeBriefly(quiet), 'reading');
    assert.equal(describeBriefly({ ...quiet, stage: 'plan' }), 'planning');
    assert.equal(describeBriefly({ ...quiet, sentBytes: 9, stage: 'manifest' }), 'publishing');
  });

  test('says what a silent engine does', () => {
    assert.equal(describePush({ ...running, enginePreparing: true }), 'the engine is preparing the image');
  });

  test('says that the registry is waited for once everything is sent', () => {
    const sent = { ...running, ...{ sentBytes: 420_000_000, totalBytes: 420_000_000, fraction: 0.99 } };
    const waiting = { ...sent, ...{ isAwaitingAnswer: true, bytesPerSecond: undefined, etaSeconds: undefined } };
    assert.equal(describePush(waiting), '420 MB of 420 MB · waiting for the registry');
    assert.equal(describeBriefly(waiting), '99% · waiting for the registry');
    assert.equal(describeBriefly({ ...waiting, stage: 'manifest' }), 'publishing');
  });

  test('the status bar has percent, rate and time', () => {
    assert.equal(describeBriefly(running), '43% · 61.2 MB/s · 12 s');
    assert.equal(
      describeBriefly({ ...running, fraction: undefined, bytesPerSecond: undefined, etaSeconds: undefined }),
      'pushing',
    );
  });
});

suite('the text of a finished push', () => {
  const result = {
    reference: 'h.example/dev/app:1',
    digest: `sha256:${'a'.repeat(64)}`,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    uploadedBytes: 420_000_000,
    mountedBytes: 0,
    skippedBytes: 80_000,
    durationMs: 12_345,
    strategy: 'export',
    notices: [],
  } as const;

  test('has the short digest and the bytes by what became of them', () => {
    assert.equal(
      describeResult(result),
      `Pushed h.example/dev/app:1 in 13 s: 420 MB sent, 80.0 kB already there. sha256:${'a'.repeat(12)}`,
    );
  });

  test('says whose digest it is where layers were compressed that the engine holds otherwise', () => {
    const engineDigest = `sha256:${'b'.repeat(64)}` as const;
    assert.match(
      describeResult({ ...result, engineDigest }),
      /sha256:a{12} \(compressed here; the engine’s own is sha256:b{12}\)$/,
    );
  });

  test('says what a person must know of what was pushed', () => {
    const notices = ['Only one platform was pushed.'];
    assert.match(describeResult({ ...result, notices }), /sha256:a{12}\. Only one platform was pushed\.$/);
  });

  test('a push that moved nothing says so by its numbers, without a rounded zero', () => {
    assert.match(
      describeResult({ ...result, uploadedBytes: 0, durationMs: 40, strategy: 'none' }),
      /in less than 0\.1 s: 80\.0 kB already there\./,
    );
  });
});
