import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { digestOf } from '../../../src/core/oci/digest.ts';
import type { LayerCodec } from '../../../src/core/ports/layerCodec.ts';
import { readLayer, type ReadProgress } from '../../../src/core/push/export/readLayer.ts';
import { SpooledBlob } from '../../../src/core/spool/spooledBlob.ts';
import { noCompression, plainGzip } from './fakes.ts';

const chunk = Buffer.alloc(50_000, 'layer');
const chunks = 4;

describe('what reading a layer waited for', () => {
  let folder: string;
  let blobs = 0;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tea-chest-read-layer-'));
  });
  after(() => rm(folder, { recursive: true }));

  /** Reads a layer by a clock that the engine and the codec move on. */
  async function read(codec: LayerCodec, engineMs: number, codecMs: number): Promise<unknown> {
    let now = 1_000;
    async function* body(): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < chunks; at++) {
        await Promise.resolve();
        now += engineMs;
        yield chunk;
      }
    }
    async function* encode(tar: AsyncIterable<Uint8Array>, options: { readonly signal: AbortSignal }) {
      for await (const piece of codec.encode(tar, options)) {
        now += codecMs;
        yield piece;
        // What the consumer does with it, such as writing it, counts for neither.
        now += 10_000;
      }
    }
    const size = chunk.byteLength * chunks;
    const expectedDiffId = digestOf(Buffer.concat(Array.from({ length: chunks }, () => chunk)));
    const blob = await SpooledBlob.create(join(folder, `blob-${blobs++}`), () => undefined);
    let last: ReadProgress | undefined;
    await readLayer({ kind: 'layer', path: 'layer.tar', size, expectedDiffId, body: body() }, blob, {
      ...{ codec: { ...codec, encode }, diffIds: new Set([expectedDiffId]), signal: AbortSignal.timeout(60_000) },
      onProgress: (progress) => {
        last = progress;
      },
      now: () => now,
    });
    await blob.discard();
    return last && { isCompressed: last.isCompressed, ...last.waits };
  }

  it('is counted apart for the engine and for compression', async () => {
    assert.deepEqual(await read(plainGzip, 300, 0), { isCompressed: true, engine: 1_200, compression: 0 });
    assert.deepEqual(await read(plainGzip, 10, 700), { isCompressed: true, engine: 40, compression: 700 });
  });

  it('is never compression where nothing is compressed', async () => {
    const expected = { isCompressed: false, engine: 1_200, compression: 0 };
    assert.deepEqual(await read(noCompression, 300, 900), expected);
  });
});
