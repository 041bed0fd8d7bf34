import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describePlatform } from '../../../src/core/oci/platform.ts';

test('of a platform people are shown what the image says of it, and nothing where it says nothing', () => {
  const shown = [
    { os: 'linux', architecture: 'arm64', variant: 'v8' },
    { os: 'linux', architecture: 'amd64' },
    { os: 'linux', architecture: '', variant: '' },
    { os: '', architecture: 'riscv64' },
    { os: '', architecture: '' },
  ].map(describePlatform);
  assert.deepEqual(shown, ['linux/arm64/v8', 'linux/amd64', 'linux', 'riscv64', undefined]);
});
