import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { normalizeFingerprint } from '../../../../../src/core/registry/http/tls/certificatePin.ts';

const hex = '00112233445566778899aabbccddeeff'.repeat(2);

suite('fingerprints', () => {
  test('are read with or without colons, prefix, spaces, in any case', () => {
    const colons = hex.match(/../g)?.join(':').toUpperCase() ?? '';
    for (const text of [hex, colons, `SHA256:${colons}`, `sha-256 fingerprint=${colons}`, ` ${hex.toUpperCase()}\n`]) {
      assert.equal(normalizeFingerprint(text), hex);
    }
  });

  test('anything else is none', () => {
    for (const text of ['', 'sha256:', hex.slice(1), `${hex}0`, hex.replace('0', 'g')]) {
      assert.equal(normalizeFingerprint(text), undefined);
    }
  });
});
