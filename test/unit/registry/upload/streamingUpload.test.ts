import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { TeaChestError } from '../../../../src/core/base/errors.ts';
import { digestOf } from '../../../../src/core/oci/digest.ts';
import { kib, mib, startRig, inPieces, assertNothingLeft, answer, tear } from './streamingRig.ts';

describe('a streamed blob in chunks', () => {
  test('arrives whole, in order, each chunk with its range, wherever its bytes are cut', async (t) => {
    for (const size of [1, 4093, 65_536, mib, 5 * mib]) {
      const rig = await startRig(t, { chunk: mib });
      // Larger chunks than the first would hide what is tested: the size stays.
      rig.sizer.tooLarge(2 * mib);
      const blob = randomBytes(size === 1 ? mib + 1 : 2 * mib + 512 * kib);
      const pieceSize = size === 1 ? 257 : size;
      await rig.send(blob, { bytes: inPieces(blob, pieceSize) });
      assert.ok(rig.registry.blobs.get(digestOf(blob))?.equals(blob), `pieces of ${pieceSize}`);
      const ends = size === 1 ? [mib, mib + 1] : [mib, 2 * mib, blob.byteLength];
      const patches = ends.map((end, nth) => `PATCH ${nth * mib}-${end - 1}`);
      assert.deepEqual(rig.registry.asked, ['POST', ...patches, 'PUT']);
      assert.equal(rig.registry.sessions.size, 0);
      assert.equal(rig.sent[0], 0);
      assert.deepEqual(
        rig.sent,
        rig.sent.toSorted((a, b) => a - b),
      );
      assert.equal(rig.sent.at(-1), blob.byteLength);
    }
  });

  test('begins each request before the bytes of its chunk are there', async (t) => {
    const rig = await startRig(t, { chunk: mib });
    const blob = randomBytes(mib);
    const asked = Promise.withResolvers<unknown>();
    rig.registry.intercept = (request) => {
      if (request.method === 'PATCH') asked.resolve(undefined);
      return false;
    };
    // The last byte does not come until the registry was asked to take the first.
    async function* waiting(): AsyncGenerator<Uint8Array> {
      yield blob.subarray(0, -1);
      await asked.promise;
      yield blob.subarray(-1);
    }
    await rig.send(blob, { bytes: waiting() });
    assert.ok(rig.registry.blobs.get(digestOf(blob))?.equals(blob));
  });

  test('goes on with larger chunks when they go through fast', async (t) => {
    const rig = await startRig(t, { chunk: 512 * kib });
    const blob = randomBytes(3 * mib);
    await rig.send(blob);
    assert.ok(rig.registry.blobs.get(digestOf(blob))?.equals(blob));
    assert.ok(rig.sizer.size > 512 * kib);
  });

  test('that is refused as too large teaches smaller chunks', async (t) => {
    const rig = await startRig(t, { chunk: 4 * mib });
    rig.registry.intercept = answer('PATCH', 1, 413);
    await assert.rejects(rig.send(randomBytes(5 * mib)), { code: 'bodyTooLarge' });
    assertNothingLeft(rig, ['POST', `PATCH 0-${4 * mib - 1}`, 'DELETE']);
    assert.equal(rig.sizer.size, 2 * mib);
    assert.equal(rig.sizer.seemsUnlimited, false);
  });

  test('whose connection is torn is not sent again, and the next chunks are smaller', async (t) => {
    const rig = await startRig(t, { chunk: 4 * mib });
    rig.registry.intercept = tear('PATCH');
    await assert.rejects(rig.send(randomBytes(5 * mib)), { code: 'registryUnreachable' });
    assertNothingLeft(rig, ['POST', `PATCH 0-${4 * mib - 1}`, 'DELETE']);
    assert.equal(rig.sizer.size, 2 * mib);
  });

  test('that a busy or failing registry does not take is not sent again: its bytes are spent', async (t) => {
    for (const [status, size] of [
      [429, mib],
      [500, mib],
      [503, 512 * kib],
    ] as const) {
      const rig = await startRig(t, { chunk: mib });
      rig.sizer.tooLarge(2 * mib);
      rig.registry.intercept = answer('PATCH', 2, status);
      await assert.rejects(rig.send(randomBytes(2 * mib)), { code: 'registryFailed' });
      // The session is closed where the first chunk's answer said it goes on: elsewhere it would be unknown.
      const patches = [`PATCH 0-${mib - 1}`, `PATCH ${mib}-${2 * mib - 1}`];
      // After a 429 it is certain that nothing was taken; otherwise the session's status is read.
      assertNothingLeft(rig, ['POST', ...patches, ...(status === 429 ? [] : ['GET']), 'DELETE']);
      assert.equal(rig.sizer.size, size, `after ${status}`);
    }
  });

  test('whose PUT fails: the registry is asked once after each try whether it has the blob', async (t) => {
    const rig = await startRig(t, { chunk: mib });
    rig.registry.intercept = (request, response, nth) =>
      answer('PUT', 1, 503)(request, response, nth) || answer('HEAD', 1, 503)(request, response, nth);
    await assert.rejects(rig.send(randomBytes(mib)), { code: 'registryFailed' });
    assert.ok(rig.registry.count('PUT') > 1);
    assert.equal(rig.registry.count('HEAD'), rig.registry.count('PUT'));
  });

  test('whose source fails gives the source’s own error, and leaves nothing', async (t) => {
    const rig = await startRig(t, { chunk: mib });
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield* inPieces(randomBytes(mib + 5), 100_000);
      throw new TeaChestError('layerMismatch', 'These are not the bytes that were promised.');
    }
    await assert.rejects(rig.send(randomBytes(2 * mib), { bytes: failing() }), { code: 'layerMismatch' });
    assert.deepEqual([rig.registry.sessions.size, rig.registry.blobs.size], [0, 0]);
    assert.equal(rig.registry.asked.at(-1), 'DELETE');
  });

  test('of which fewer bytes come than were announced is not stored', async (t) => {
    for (const isNear of [false, true]) {
      const rig = await startRig(t, { chunk: mib, isNear });
      const blob = randomBytes(2 * mib);
      await assert.rejects(rig.send(blob, { bytes: inPieces(blob.subarray(1), 100_000) }), { code: 'internal' });
      assert.deepEqual([rig.registry.sessions.size, rig.registry.blobs.size], [0, 0]);
    }
  });
});

describe('a streamed blob, in chunks or in one request', () => {
  const size = 2 * mib;
  for (const isNear of [false, true]) {
    const way = isNear ? 'in one request' : 'in chunks';

    test(`has another digest: an error says so, and no session is left (${way})`, async (t) => {
      const rig = await startRig(t, { chunk: size, isNear });
      const wrong = rig.send(randomBytes(size), { digestOf: Buffer.from('other bytes') });
      await assert.rejects(wrong, { code: 'digestMismatch' });
      assertNothingLeft(rig, ['POST', ...(isNear ? [] : [`PATCH 0-${size - 1}`]), 'PUT', 'DELETE']);
    });

    test(`was stored under another digest: an error says so (${way})`, async (t) => {
      const rig = await startRig(t, { chunk: size, isNear });
      const stored = digestOf(Buffer.from('x'));
      rig.registry.intercept = (request, response) => {
        if (request.method !== 'PUT') return false;
        request.resume();
        request.once('end', () => response.writeHead(201, { 'docker-content-digest': stored }).end());
        return true;
      };
      await assert.rejects(rig.send(randomBytes(size)), { code: 'digestMismatch' });
    });

    test(`is cancelled in the middle: the session is deleted all the same (${way})`, async (t) => {
      const rig = await startRig(t, { chunk: size, isNear });
      const cancel = new AbortController();
      const arrives = Promise.withResolvers<unknown>();
      rig.registry.intercept = (request) => {
        if (request.method === 'PATCH' || request.method === 'PUT') request.once('data', arrives.resolve);
        return false;
      };
      async function* stopping(): AsyncGenerator<Uint8Array> {
        yield randomBytes(mib);
        await arrives.promise;
        cancel.abort();
        // Nothing more comes, as when an engine was stopped.
        await new Promise<never>(() => undefined);
      }
      const sending = rig.send(randomBytes(size), { bytes: stopping(), signal: cancel.signal });
      await assert.rejects(sending, { code: 'cancelled' });
      assert.deepEqual([rig.registry.sessions.size, rig.registry.blobs.size], [0, 0]);
      assert.equal(rig.registry.asked.at(-1), 'DELETE');
    });

    test(`reports each piece that was written, whose memory is then free (${way})`, async (t) => {
      const rig = await startRig(t, { chunk: size, isNear });
      // The registry reads slowly: what was handed on is not what has left.
      rig.registry.intercept = (request) => {
        request.on('data', () => {
          request.pause();
          void setImmediate().then(() => request.resume());
        });
        return false;
      };
      const blob = randomBytes(size);
      let written = 0;
      async function* pieces(): AsyncGenerator<Uint8Array> {
        for await (const piece of inPieces(blob, 60_000)) yield Uint8Array.from(piece);
      }
      const onWritten = (piece: Uint8Array): void => {
        written += piece.byteLength;
        (piece.buffer as ArrayBuffer).transfer(0);
      };
      await rig.send(blob, { bytes: pieces(), onWritten });
      assert.ok(rig.registry.blobs.get(digestOf(blob))?.equals(blob));
      assert.equal(written, size);
    });

    test(`is refused: its source is closed (${way})`, async (t) => {
      const rig = await startRig(t, { chunk: size, isNear });
      // Refused before it was read to its end.
      rig.registry.intercept = (request, response) => {
        if (request.method !== 'PATCH' && request.method !== 'PUT') return false;
        request.resume();
        response.writeHead(500).end();
        return true;
      };
      const over = Promise.withResolvers<unknown>();
      async function* source(): AsyncGenerator<Uint8Array> {
        try {
          for (;;) {
            await setImmediate();
            yield randomBytes(1000);
          }
        } finally {
          over.resolve(undefined);
        }
      }
      await assert.rejects(rig.send(randomBytes(size), { bytes: source() }), { code: 'registryFailed' });
      await over.promise;
    });

    test(`is stored although the response says otherwise: a HEAD shows it (${way})`, async (t) => {
      const blob = randomBytes(size);
      for (const status of [404, 500, 502, 504]) {
        const rig = await startRig(t, { chunk: size, isNear });
        rig.registry.blobs.set(digestOf(blob), blob);
        rig.registry.intercept = answer('PUT', 1, status);
        await rig.send(blob);
        assert.equal(rig.registry.asked.at(-1), 'HEAD');
      }
    });

    test(`is not stored, and the response says so: an error, and no session (${way})`, async (t) => {
      const rig = await startRig(t, { chunk: size, isNear });
      rig.registry.intercept = answer('PUT', 1, 404, '{"errors":[{"code":"BLOB_UPLOAD_UNKNOWN"}]}');
      await assert.rejects(rig.send(randomBytes(size)), { code: 'uploadLost' });
      assert.deepEqual(rig.registry.asked.slice(-2), ['HEAD', 'DELETE']);
      assert.equal(rig.registry.sessions.size, 0);
    });
  }
});
