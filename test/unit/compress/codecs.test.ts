import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import * as zlib from 'node:zlib';
import { digestOf } from '../../../src/core/oci/digest.ts';
import { createCodec } from '../../../src/core/compress/codecs.ts';
import type { CodecKind } from '../../../src/core/compress/codecs.ts';
import { Dice, inChunks, mixedBytes, randomBytes, wordyBytes } from './testData.ts';
import { encodeAll, openPool } from './testPool.ts';

const mebibyte = 2 ** 20;

describe('gzip', () => {
  it('yields one gzip member that Node, gzip and Python read', async (t) => {
    const pool = await openPool(t);
    const bytes = mixedBytes(3 * mebibyte + 77, 21);
    for (const level of [1, 6]) {
      const member = await encodeAll(createCodec('gzip', level, pool), inChunks(bytes, 65_536));
      assert.ok(zlib.gunzipSync(member).equals(bytes));
      assert.deepEqual([...member.subarray(0, 10)], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
      assert.equal(member.readUInt32LE(member.byteLength - 8), zlib.crc32(bytes));
      assert.equal(member.readUInt32LE(member.byteLength - 4), bytes.byteLength);
      const readers: [string, string[]][] = [
        ['gzip', ['-dc']],
        ['python3', ['-c', 'import sys, zlib; sys.stdout.buffer.write(zlib.decompress(sys.stdin.buffer.read(), 31))']],
      ];
      for (const [command, args] of readers) {
        const run = spawnSync(command, args, { input: member, maxBuffer: 64 * mebibyte });
        if (run.error !== undefined) t.diagnostic(`${command} is not here: ${run.error.message}`);
        else assert.ok(run.stdout.equals(bytes), `${command}: ${run.stderr.toString()}`);
      }
    }
  });

  it('handles every size around a block and around nothing', async (t) => {
    const pool = await openPool(t);
    const codec = createCodec('gzip', 1, pool);
    const source = mixedBytes(2 * mebibyte + 1, 22);
    const around = [0, 65_536, mebibyte, 2 * mebibyte].flatMap((size) => [size - 1, size, size + 1]);
    for (const size of around.filter((each) => each >= 0)) {
      const bytes = source.subarray(0, size);
      assert.ok(zlib.gunzipSync(await encodeAll(codec, inChunks(bytes, 40_000))).equals(bytes), `${size} bytes`);
    }
  });

  it('makes a valid member of no chunks, and of empty ones', async (t) => {
    const codec = createCodec('gzip', 1, await openPool(t));
    const nothing = await encodeAll(codec, inChunks(new Uint8Array(), 1));
    assert.equal(zlib.gunzipSync(nothing).byteLength, 0);
    async function* withEmptyChunks(): AsyncGenerator<Uint8Array> {
      yield new Uint8Array();
      yield* inChunks(Buffer.from('tea'), 1);
      yield new Uint8Array();
    }
    assert.equal(zlib.gunzipSync(await encodeAll(codec, withEmptyChunks())).toString(), 'tea');
  });

  it('has a fixed output: a new digest here needs a new deflateVersion', async (t) => {
    const pool = await openPool(t);
    const bytes = Buffer.concat([wordyBytes(1_500_000), randomBytes(300_000), mixedBytes(1_500_000, 23)]);
    const digests: Record<string, string> = {};
    for (const level of [1, 2, 4, 6, 9]) {
      const codec = createCodec('gzip', level, pool);
      digests[codec.id] = digestOf(await encodeAll(codec, inChunks(bytes, 65_536)));
    }
    assert.deepEqual(digests, {
      'gzip-1/v1': 'sha256:d5ab579e1fbe02d86fe5ae58de56afc0941d0ebd8c5c38a19d821471d45b91e2',
      'gzip-2/v1': 'sha256:86ae1da65effb5fc7efdbce54f52fa0a481561aa5f27eb1f7081b8de7eac16c5',
      'gzip-4/v1': 'sha256:cf4d46a552b8c9ff2ca7155f269f40e0ca5d1a96cb08856cc9239d6d498a1b90',
      'gzip-6/v1': 'sha256:2c8dee93092d7fc31624aabdb616398c3b2160137afcc36ca7951dde67cbc04c',
      'gzip-9/v1': 'sha256:9642d42d7b23a759605559b647cf483eb966addb1a7e940f0a09e8b4926249fb',
    });
  });
});

describe('zstd', () => {
  it('yields frames that zstd reads', async (t) => {
    const codec = createCodec('zstd', undefined, await openPool(t));
    const source = mixedBytes(5 * mebibyte, 24);
    for (const size of [0, 1, 2 * mebibyte, 2 * mebibyte + 1, 5 * mebibyte]) {
      const bytes = source.subarray(0, size);
      const stored = await encodeAll(codec, inChunks(bytes, 100_000));
      assert.ok(zlib.zstdDecompressSync(stored).equals(bytes), `${size} bytes`);
    }
  });

  it('names the library, whose output may change from version to version', async (t) => {
    const codec = createCodec('zstd', 3, await openPool(t));
    assert.ok(codec.id.endsWith(process.versions['zstd'] ?? 'none'), codec.id);
  });

  it('is an error with a clear message if Node has none', async (t) => {
    const pool = await openPool(t);
    const versions = Object.getOwnPropertyDescriptor(process, 'versions');
    assert.ok(versions !== undefined);
    t.after(() => Object.defineProperty(process, 'versions', versions));
    Object.defineProperty(process, 'versions', { ...versions, value: { ...process.versions, zstd: undefined } });
    assert.throws(() => createCodec('zstd', 3, pool), { code: 'argumentInvalid', message: /no zstd.*Use gzip/ });
  });
});

describe('any codec', () => {
  const kinds: [CodecKind, number | undefined][] = [
    ['gzip', 1],
    ['gzip', 5],
    ['zstd', 3],
    ['none', undefined],
  ];

  it('gives the same bytes with 1, 2 and 4 threads, however the input is cut', async (t) => {
    const bytes = mixedBytes(4 * mebibyte + 5, 25);
    const seen = new Map<string, Set<string>>();
    for (const size of [1, 2, 4]) {
      const pool = await openPool(t, { size });
      for (const [kind, level] of kinds) {
        const codec = createCodec(kind, level, pool);
        for (const chunks of [inChunks(bytes, 8 * mebibyte), inChunks(bytes, 4093), inChunks(bytes, new Dice(size))]) {
          const digest = digestOf(await encodeAll(codec, chunks));
          seen.set(codec.id, (seen.get(codec.id) ?? new Set()).add(digest));
        }
      }
    }
    for (const [id, digests] of seen) assert.equal(digests.size, 1, id);
  });

  it('serves several layers at once from one pool', async (t) => {
    const pool = await openPool(t);
    const layers = [31, 32, 33, 34].map((seed) => mixedBytes(3 * mebibyte + seed, seed));
    const codec = createCodec('gzip', 1, pool);
    const alone = [];
    for (const layer of layers) alone.push(digestOf(await encodeAll(codec, inChunks(layer, 50_000))));
    const together = await Promise.all(layers.map((layer) => encodeAll(codec, inChunks(layer, 50_000))));
    assert.deepEqual(together.map(digestOf), alone);
  });

  it('has a media type and an ID of its own', async (t) => {
    const pool = await openPool(t);
    const codecs = kinds.map(([kind, level]) => createCodec(kind, level, pool));
    assert.deepEqual(
      codecs.map((codec) => codec.mediaType.replace('application/vnd.oci.image.layer.v1.', '')),
      ['tar+gzip', 'tar+gzip', 'tar+zstd', 'tar'],
    );
    assert.equal(new Set(codecs.map((codec) => codec.id)).size, codecs.length);
  });

  it('rejects levels that it does not have', async (t) => {
    const pool = await openPool(t);
    for (const level of [0, 10, 1.5, Number.NaN]) {
      assert.throws(() => createCodec('gzip', level, pool), { code: 'argumentInvalid', message: /levels 1 to 9/ });
    }
    assert.throws(() => createCodec('zstd', 20, pool), { code: 'argumentInvalid', message: /levels 1 to 19/ });
    assert.equal(createCodec('gzip', undefined, pool).id, createCodec('gzip', 1, pool).id);
  });
});
