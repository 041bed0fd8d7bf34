import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { formatAge, formatBytes, formatDuration } from '../../../../src/host/progress/format.ts';

suite('numbers for people', () => {
  test('bytes have at most three digits and never round up to 1000 of a unit', () => {
    const samples: readonly (readonly [number, string])[] = [
      [0, '0 B'],
      [999, '999 B'],
      [1000, '1.0 kB'],
      [99_949, '99.9 kB'],
      [99_951, '100 kB'],
      [999_600, '1.0 MB'],
      [184_000_000, '184 MB'],
      [1_790_000_000, '1.8 GB'],
      [5_000_000_000_000_000, '5000 TB'],
    ];
    for (const [bytes, text] of samples) assert.equal(formatBytes(bytes), text);
  });

  test('durations round up, so that the last second is not “0 s left”', () => {
    const samples: readonly (readonly [number, string])[] = [
      [0, '0 s'],
      [0.2, '1 s'],
      [12, '12 s'],
      [59.5, '1 min'],
      [200, '3 min 20 s'],
      [3600, '1 h'],
      [3900, '1 h 5 min'],
    ];
    for (const [seconds, text] of samples) assert.equal(formatDuration(seconds), text);
  });

  test('ages are shown in the largest unit that fits', () => {
    const now = Date.parse('2026-11-24T12:00:00Z');
    assert.equal(formatAge('2026-11-24T11:59:30Z', now), 'just now');
    assert.equal(formatAge('2026-11-24T11:59:00Z', now), '1 min ago');
    assert.equal(formatAge('2026-11-24T09:00:00Z', now), '3 h ago');
    assert.equal(formatAge('2026-11-14T12:00:00Z', now), '10 days ago');
    assert.equal(formatAge('2026-10-20T12:00:00Z', now), '5 weeks ago');
    assert.equal(formatAge('2026-04-24T12:00:00Z', now), '7 months ago');
    assert.equal(formatAge('2023-11-01T12:00:00Z', now), '3 years ago');
  });

  test('the zero date of reproducible builds, and no date at all, are no age', () => {
    const now = Date.parse('2026-11-24T12:00:00Z');
    for (const date of ['1970-01-01T00:00:00Z', '1980-01-01T00:00:01Z', 'yesterday', undefined]) {
      assert.equal(formatAge(date, now), '');
    }
  });
});
