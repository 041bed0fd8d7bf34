import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chooseCompression } from '../../../src/core/compress/chooseCompression.ts';

const mega = 1e6;
const means = { threads: 2, hasZstd: true };

describe('chooseCompression', () => {
  it('takes the smaller zstd where the link is slow, and gzip where it cannot', () => {
    const slow = { scope: 'public', bytesPerSecond: 2.5 * mega } as const;
    assert.equal(chooseCompression(slow, means), 'zstd');
    assert.equal(chooseCompression(slow, { ...means, hasZstd: false }), 'gzip');
  });

  it('compresses nothing where sending is quicker than compressing', () => {
    assert.equal(chooseCompression({ scope: 'loopback', bytesPerSecond: 2_000 * mega }, means), 'none');
    assert.equal(
      chooseCompression({ scope: 'private', bytesPerSecond: 1_100 * mega }, { ...means, threads: 1 }),
      'none',
    );
  });

  it('stays with gzip, which everything reads, where little is to be won', () => {
    assert.equal(chooseCompression({ scope: 'private', bytesPerSecond: 110 * mega }, { ...means, threads: 1 }), 'gzip');
    assert.equal(chooseCompression({ scope: 'loopback', bytesPerSecond: 200 * mega }, means), 'gzip');
  });

  it('uses the network scope until a rate was measured, and the rate from then on', () => {
    assert.equal(chooseCompression({ scope: 'public', bytesPerSecond: undefined }, means), 'zstd');
    assert.equal(chooseCompression({ scope: 'public', bytesPerSecond: 5_000 * mega }, means), 'none');
  });
});
