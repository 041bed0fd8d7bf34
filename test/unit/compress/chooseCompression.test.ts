import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  choiceName,
  chooseCompression,
  type CompressionMeans,
  type Link,
} from '../../../src/core/compress/chooseCompression.ts';

const mega = 1e6;
const means = { threads: 2, hasZstd: true };
const choose = (link: Link, by: CompressionMeans): string => choiceName(chooseCompression(link, by));

describe('chooseCompression', () => {
  it('compresses more where the link is slow, by zstd where it can', () => {
    const slow = { scope: 'public', bytesPerSecond: 2.5 * mega } as const;
    assert.equal(choose(slow, means), 'zstd-6');
    assert.equal(choose(slow, { ...means, hasZstd: false }), 'gzip-4');
  });

  it('compresses nothing where sending is quicker than compressing', () => {
    assert.equal(choose({ scope: 'loopback', bytesPerSecond: 2_000 * mega }, means), 'none');
    assert.equal(choose({ scope: 'private', bytesPerSecond: 1_100 * mega }, { ...means, threads: 1 }), 'none');
  });

  it('stays with gzip, which everything reads, where little is to be won', () => {
    assert.equal(choose({ scope: 'private', bytesPerSecond: 110 * mega }, { ...means, threads: 1 }), 'gzip-1');
    assert.equal(choose({ scope: 'loopback', bytesPerSecond: 200 * mega }, means), 'gzip-1');
  });

  it('uses the network scope until a rate was measured, and the rate from then on', () => {
    assert.equal(choose({ scope: 'public', bytesPerSecond: undefined }, means), 'zstd-6');
    assert.equal(choose({ scope: 'public', bytesPerSecond: 5_000 * mega }, means), 'none');
  });

  it('takes a registry behind a tunnel for a far one, whatever its name is, until a rate was measured', () => {
    const tunnel = { scope: 'loopback', roundTripMs: 80 } as const;
    assert.equal(choose({ ...tunnel, bytesPerSecond: undefined }, means), 'zstd-6');
    assert.equal(choose({ ...tunnel, roundTripMs: 5, bytesPerSecond: undefined }, means), 'gzip-1');
    assert.equal(choose({ ...tunnel, bytesPerSecond: 200 * mega }, means), 'gzip-1');
  });

  it('stays with its former choice where another one gains little, so that layers keep their blobs', () => {
    const slow = { scope: 'public', bytesPerSecond: 2.5 * mega } as const;
    assert.equal(choose(slow, { ...means, previous: 'zstd-3' }), 'zstd-3');
    assert.equal(choose(slow, { ...means, previous: 'gzip-1' }), 'zstd-6');
    assert.equal(choose(slow, { ...means, previous: 'none' }), 'zstd-6');
    assert.equal(choose(slow, { ...means, previous: 'zstd-17' }), 'zstd-6', 'of another version');
    assert.equal(choose(slow, { ...means, previous: 'zstd-6', hasZstd: false }), 'gzip-4');
  });
});
