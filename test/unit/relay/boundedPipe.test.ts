import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { BoundedPipe } from '../../../src/core/relay/boundedPipe.ts';

const mib = 1024 * 1024;

suite('the pipe from an engine to the registry', () => {
  for (const size of [mib - 1, mib, 3 * mib]) {
    test(`passes on pieces of ${size} bytes, and waits with the last one until all are verified`, async () => {
      const pipe = new BoundedPipe();
      const read: number[] = [];
      const reading = (async () => {
        for await (const piece of pipe.read()) read.push(piece.byteLength);
      })();
      // Each as large as what may wait: an archive of an engine has such pieces.
      for (let count = 0; count < 4; count++) await pipe.write(Buffer.alloc(size));
      while (read.length < 3) await new Promise((resolve) => setImmediate(resolve));
      await new Promise((resolve) => setImmediate(resolve));
      assert.deepEqual(read, [size, size, size]);
      pipe.verified();
      await reading;
      assert.deepEqual(read, [size, size, size, size]);
    });
  }

  test('lets a writer wait while two pieces are there, and goes on when one is read', async () => {
    const pipe = new BoundedPipe();
    assert.equal(pipe.write(Buffer.alloc(mib)), undefined);
    const room = pipe.write(Buffer.alloc(mib));
    assert.ok(room !== undefined);
    const pieces = pipe.read();
    assert.equal((await pieces.next()).value?.byteLength, mib);
    await room;
    pipe.abandon();
    assert.equal((await pieces.next()).done, true);
  });
});
