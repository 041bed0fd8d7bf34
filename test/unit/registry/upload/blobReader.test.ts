import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '../../../../src/core/oci/digest.ts';
import { readerOf } from '../../../../src/core/registry/upload/blobReader.ts';

test('a body of a stream is opened once, even if its first piece is still waited for', async () => {
  const piece = Promise.withResolvers<Uint8Array>();
  async function* waiting(): AsyncGenerator<Uint8Array> {
    yield await piece.promise;
  }
  const blob = { replayable: false, digest: digestOf(Buffer.of(1)), size: 1, bytes: waiting() } as const;
  const body = readerOf(blob, { signal: new AbortController().signal, onSent: () => undefined }).body(0, 1);
  const first = body.open()[Symbol.asyncIterator]().next();
  assert.throws(() => body.open(), { code: 'uploadLost' });
  piece.resolve(Uint8Array.of(1));
  assert.deepEqual(await first, { done: false, value: Uint8Array.of(1) });
});
