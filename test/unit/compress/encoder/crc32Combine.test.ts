import assert from 'node:assert/strict';
import { it } from 'node:test';
import { crc32 } from 'node:zlib';
import { crc32Combine } from '../../../../src/core/compress/encoder/crc32Combine.ts';
import { randomBytes } from '../testData.ts';

it('joins the checksums of two pieces of any size', () => {
  const bytes = randomBytes(70_000, 11);
  const whole = crc32(bytes);
  for (const cut of [0, 1, 2, 3, 255, 256, 4096, 65_536, 69_999, 70_000]) {
    const joined = crc32Combine(crc32(bytes.subarray(0, cut)), crc32(bytes.subarray(cut)), bytes.byteLength - cut);
    assert.equal(joined, whole, `cut at ${cut}`);
  }
});

it('counts bits beyond 32', () => {
  // A gibibyte and a half of zeros in one step, and in many.
  const mebibyte = crc32(new Uint8Array(2 ** 20));
  let zeros = 0;
  for (let i = 0; i < 1536; i++) zeros = crc32Combine(zeros, mebibyte, 2 ** 20);
  assert.equal(crc32Combine(crc32('tea'), zeros, 1536 * 2 ** 20), stepByStep(crc32('tea'), mebibyte, 1536));
});

function stepByStep(start: number, piece: number, times: number): number {
  let checksum = start;
  for (let i = 0; i < times; i++) checksum = crc32Combine(checksum, piece, 2 ** 20);
  return checksum;
}
