import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { inflateRawSync } from 'node:zlib';
import { buildWasm } from '../../../../../scripts/buildWasm.mjs';
import {
  Deflater,
  deflateBlockSize,
  deflateOutputRoom,
  historySize,
  webAssembly,
} from '../../../../../src/core/compress/encoder/deflate/deflater.ts';
import { Dice, mixedBytes, randomBytes, wordyBytes } from '../../testData.ts';

const module = await webAssembly.compile(await readFile(await buildWasm()));
const deflater = new Deflater(module);
const levels = [1, 2, 3, 4, 5, 6, 7, 8, 9];

/** One DEFLATE stream out of blocks whose sizes `nextSize` gives. */
function deflate(bytes: Uint8Array, level: number, nextSize: () => number, by = deflater): Buffer {
  const pieces: Uint8Array[] = [];
  let at = 0;
  do {
    const end = Math.min(bytes.byteLength, at + nextSize());
    const history = Math.min(at, historySize);
    const output = new Uint8Array(deflateOutputRoom);
    const isLast = end === bytes.byteLength;
    pieces.push(output.subarray(0, by.compress(bytes.subarray(at - history, end), history, isLast, level, output)));
    at = end;
  } while (at < bytes.byteLength);
  return Buffer.concat(pieces);
}

function assertRoundTrip(bytes: Uint8Array, level: number, nextSize = (): number => deflateBlockSize): Buffer {
  const stream = deflate(bytes, level, nextSize);
  const back = inflateRawSync(stream, { info: true }) as unknown as {
    buffer: Buffer;
    engine: { bytesWritten: number };
  };
  assert.ok(back.buffer.equals(bytes), `level ${level}: ${bytes.byteLength} bytes came back changed`);
  assert.equal(back.engine.bytesWritten, stream.byteLength, 'the stream ends where it says it ends');
  return stream;
}

describe('Deflater', () => {
  it('is reversed by any inflater, for sizes around every edge', () => {
    const edges = [0, 1, 2, 3, 4, 11, 12, 13, 16, 17, 257, 258, 259, 4095, 4096, 4097, 32767, 32768, 32769];
    const large = [65535, 65536, 65537, deflateBlockSize - 1, deflateBlockSize, deflateBlockSize + 1];
    const sources = [mixedBytes(2 ** 20 + 1, 7), wordyBytes(2 ** 20 + 1), randomBytes(2 ** 20 + 1)];
    for (const source of sources) {
      for (const size of edges) for (const level of levels) assertRoundTrip(source.subarray(0, size), level);
      for (const size of large) for (const level of [1, 2, 6]) assertRoundTrip(source.subarray(0, size), level);
    }
  });

  it('survives hundreds of random mixtures cut into random blocks, at every level', () => {
    for (let seed = 1; seed <= 270; seed++) {
      const dice = new Dice(seed);
      const bytes = mixedBytes(dice.roll(2 ** (4 + dice.roll(15))), seed);
      assertRoundTrip(bytes, 1 + (seed % 9), () => 1 + dice.roll(2 ** (3 + dice.roll(16))));
    }
  });

  it('uses the longest match, 258 bytes, and the farthest, 32,768', () => {
    const far = randomBytes(32768, 3);
    for (const level of levels) {
      assert.ok(assertRoundTrip(Buffer.alloc(258 * 1000, 'a'), level).byteLength < 700, `level ${level}, long`);
      assert.ok(assertRoundTrip(Buffer.concat([far, far]), level).byteLength < 36_000, `level ${level}, far`);
      assert.ok(assertRoundTrip(Buffer.concat([far, far.subarray(0, 1), far]), level).byteLength > 65_000, 'too far');
    }
  });

  it('finds matches in the block before', () => {
    const piece = randomBytes(30_000, 4);
    const stream = assertRoundTrip(Buffer.concat([piece, piece]), 1, () => 30_000);
    assert.ok(stream.byteLength < 31_000);
  });

  it('adds next to nothing to incompressible bytes', () => {
    const bytes = randomBytes(3 * deflateBlockSize + 12_345, 5);
    for (const level of [1, 6]) {
      const added = assertRoundTrip(bytes, level).byteLength - bytes.byteLength;
      assert.ok(added < bytes.byteLength / 5000, `level ${level} added ${added} bytes`);
    }
  });

  it('still compresses what repeats within evenly spread bytes, and text that follows them', () => {
    const noise = randomBytes(20_000, 6);
    const text = wordyBytes(200_000);
    for (const level of [1, 6]) {
      const stream = assertRoundTrip(Buffer.concat([noise, noise, noise, noise, text]), level);
      const alone = deflate(text, level, () => deflateBlockSize).byteLength;
      assert.ok(stream.byteLength < 30_000 + alone, `level ${level}: ${stream.byteLength}`);
    }
  });

  it('never depends on what it compressed before', () => {
    const other = mixedBytes(900_000, 8);
    const bytes = mixedBytes(500_000, 9);
    for (const level of levels) {
      const fresh = deflate(bytes, level, () => 200_000, new Deflater(module));
      deflate(other, level, () => 300_000);
      assert.ok(deflate(bytes, level, () => 200_000).equals(fresh), `level ${level}`);
    }
  });

  it('gets smaller from level to level on real text', async () => {
    const source = await readFile(new URL('../../../../../node_modules/typescript/lib/typescript.js', import.meta.url));
    const text = source.subarray(0, 2 ** 20);
    const sizes = levels.map((level) => assertRoundTrip(text, level).byteLength);
    assert.deepEqual(
      sizes,
      sizes.toSorted((a, b) => b - a),
    );
    assert.equal(new Set(sizes).size, sizes.length, `levels do the same: ${sizes.join(', ')}`);
  });

  it('rejects a block that is too large', () => {
    const output = new Uint8Array(deflateOutputRoom);
    assert.throws(() => deflater.compress(new Uint8Array(deflateBlockSize + 1), 0, true, 1, output), RangeError);
    assert.throws(() => deflater.compress(new Uint8Array(40_000), historySize + 1, true, 1, output), RangeError);
    assert.throws(() => deflater.compress(new Uint8Array(10), 11, true, 1, output), RangeError);
  });
});
