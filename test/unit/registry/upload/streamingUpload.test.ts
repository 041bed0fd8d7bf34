import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { describe, test, type TestContext } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { TeaChestError, type ErrorCode } from '../../../../src/core/base/errors.ts';
import { sleep } from '../../../../src/core/base/cancel.ts';
import { digestOf } from '../../../../src/core/oci/digest.ts';
import { ChunkSizer } from '../../../../src/core/registry/upload/chunkSizer.ts';
import {
  explainErrorResponse,
  type ExplainErrorResponse,
} from '../../../../src/core/registry/errors/explainErrorResponse.ts';
import { UploadInterruptedError } from '../../../../src/core/ports/uploadInterruptedError.ts';
import type { UploadSession } from '../../../../src/core/ports/blobTarget.ts';
import { parseRegistryAddress } from '../../../../src/core/registry/registryAddress.ts';
import { usualRetries, withRetry, type Timing } from '../../../../src/core/registry/http/retry.ts';
import { createTransport } from '../../../../src/core/registry/http/transport.ts';
import type { RepositoryContext } from '../../../../src/core/registry/repositoryContext.ts';
import { uploadBlob } from '../../../../src/core/registry/upload/uploadBlob.ts';
import { openSession } from '../../../../src/core/registry/upload/uploadSession.ts';
import { silentLogger } from '../../../tools/silentLogger.ts';
import { MemoryRegistry, type Intercept } from '../memoryRegistry.ts';

const kib = 1024;
const mib = 1024 * kib;
/** Waits are a hundred times shorter. */
const timing: Timing = { now: Date.now, sleep: async (ms, signal) => sleep(ms / 100, signal), random: () => 0 };
const unfired = new AbortController().signal;

interface Rig {
  readonly registry: MemoryRegistry;
  readonly sizer: ChunkSizer;
  readonly sent: number[];
  open(): Promise<UploadSession>;
  /** Sends these bytes by a new session, cut as `pieces` says. */
  send(
    blob: Buffer,
    options?: {
      digestOf?: Buffer;
      bytes?: AsyncIterable<Uint8Array>;
      signal?: AbortSignal;
      session?: UploadSession;
      onWritten?: (piece: Uint8Array) => void;
    },
  ): Promise<void>;
}

interface RigOptions {
  readonly chunk: number;
  /** True: the blob goes in one request. */
  readonly isNear?: boolean;
  readonly explain?: ExplainErrorResponse;
}

async function startRig(
  t: TestContext,
  { chunk, isNear = false, explain = explainErrorResponse }: RigOptions,
): Promise<Rig> {
  const registry = new MemoryRegistry();
  await once(registry.server.listen(0, '127.0.0.1'), 'listening');
  const { port } = registry.server.address() as AddressInfo;
  registry.origin = `http://127.0.0.1:${port}`;
  const transport = createTransport({
    ...{ address: parseRegistryAddress(registry.origin), trust: { allowHttp: true }, userAgent: 'tea-chest/test' },
    ...{ proxy: { url: undefined, bypass: [] }, environment: {} },
  });
  t.after(async () => {
    await transport.close();
    registry.server.closeAllConnections();
    await new Promise((resolve) => registry.server.close(resolve));
  });
  const context: RepositoryContext = {
    send: withRetry(transport.send, usualRetries, timing, silentLogger),
    ...{ origin: registry.origin, repository: 'own/app', explain, logger: silentLogger, timing, unclosed: new Set() },
  };
  // Only a size that was never lowered lets a blob go in one request.
  const size = isNear ? 16 * mib : chunk;
  const sizer = new ChunkSizer(registry.origin, { get: () => ({ size }), set: () => undefined });
  const sent: number[] = [];
  const open = async (): Promise<UploadSession> =>
    (await openSession(context, unfired)) ?? assert.fail('nothing is mounted here');
  return {
    ...{ registry, sizer, sent, open },
    send: async (blob, options = {}) => {
      const { signal = unfired, onWritten } = options;
      const digest = digestOf(options.digestOf ?? blob);
      const bytes = options.bytes ?? inPieces(blob, 300_007);
      const source = { replayable: false, digest, size: blob.byteLength, bytes, onWritten } as const;
      const onSent = (count: number): void => void sent.push(count);
      const session = options.session ?? (await open());
      await uploadBlob(context, source, { signal, onSent, session, sizer, takesPost: false, isNear });
    },
  };
}

async function* inPieces(blob: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < blob.byteLength; at += size) {
    await setImmediate();
    yield blob.subarray(at, at + size);
  }
}

/** Whatever happened: no session is left, nothing was stored, and `asked` is all that the registry was asked. */
function assertNothingLeft({ registry }: Rig, asked: readonly string[]): void {
  assert.deepEqual(registry.asked, asked);
  assert.equal(registry.sessions.size, 0);
  assert.equal(registry.blobs.size, 0);
}

/** The error by which whoever has the bytes may send them again. */
const interrupted = (code: ErrorCode) => (error: unknown) => {
  assert.ok(error instanceof UploadInterruptedError);
  assert.equal(error.code, code);
  return true;
};

const answer = (method: string, nth: number, status: number, body = ''): Intercept => {
  return (request, response, count) => {
    if (request.method !== method || count < nth) return false;
    request.resume();
    request.once('end', () => response.writeHead(status).end(body));
    return true;
  };
};

const tear = (method: string): Intercept => {
  return (request) => {
    if (request.method !== method) return false;
    request.once('data', () => request.socket.destroy());
    return true;
  };
};

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

describe('a streamed blob in one request', () => {
  test('arrives by that request alone', async (t) => {
    const rig = await startRig(t, { chunk: mib, isNear: true });
    const blob = randomBytes(3 * mib);
    await rig.send(blob);
    assert.deepEqual(rig.registry.asked, ['POST', 'PUT']);
    assert.ok(rig.registry.blobs.get(digestOf(blob))?.equals(blob));
    assert.deepEqual([rig.sent[0], rig.sent.at(-1)], [0, blob.byteLength]);
  });

  test('that is refused as too large teaches chunks, by which the next blob passes', async (t) => {
    const rig = await startRig(t, { chunk: 16 * mib, isNear: true });
    rig.registry.intercept = (request, response, nth) => {
      if (Number(request.headers['content-length'] ?? 0) <= 4 * mib) return false;
      return answer(request.method ?? '', 1, 413)(request, response, nth);
    };
    await assert.rejects(rig.send(randomBytes(6 * mib)), { code: 'bodyTooLarge' });
    assertNothingLeft(rig, ['POST', 'PUT', 'DELETE']);
    assert.equal(rig.sizer.seemsUnlimited, false);
    assert.equal(rig.sizer.size, 3 * mib);
    const blob = randomBytes(7 * mib);
    await rig.send(blob);
    assert.ok(rig.registry.blobs.get(digestOf(blob))?.equals(blob));
  });

  test('that is refused for a quota, by a 413 as well, teaches nothing', async (t) => {
    const explain: ExplainErrorResponse = () => new TeaChestError('quotaExceeded', 'The quota is used up.');
    const rig = await startRig(t, { chunk: 16 * mib, isNear: true, explain });
    rig.registry.intercept = answer('PUT', 1, 413);
    await assert.rejects(rig.send(randomBytes(mib)), { code: 'quotaExceeded' });
    assert.equal(rig.sizer.size, 16 * mib);
    assert.equal(rig.sizer.seemsUnlimited, true);
  });

  test('whose connection is torn, or that is not wanted now, is not sent again', async (t) => {
    const rig = await startRig(t, { chunk: mib, isNear: true });
    rig.registry.intercept = answer('PUT', 1, 429);
    await assert.rejects(rig.send(randomBytes(3 * mib)), interrupted('registryFailed'));
    rig.registry.intercept = tear('PUT');
    await assert.rejects(rig.send(randomBytes(3 * mib)), interrupted('registryUnreachable'));
    // Only after a torn connection is it unknown whether the blob arrived.
    assertNothingLeft(rig, ['POST', 'PUT', 'DELETE', 'POST', 'PUT', 'HEAD', 'DELETE']);
  });
});

test('a streamed blob that is refused in one request too, where chunks are refused: both are named', async (t) => {
  const rig = await startRig(t, { chunk: mib });
  rig.sizer.rememberChunksRefused(new TeaChestError('chunksRefused', 'The proxy lets no PATCH through.'));
  rig.registry.intercept = answer('PUT', 1, 400, 'no');
  await assert.rejects(rig.send(randomBytes(2 * mib)), (error) => {
    assert.match(String(error), /no PATCH through.*one request.*400/);
    return interrupted('chunksRefused')(error);
  });
});

describe('an upload session that was opened before its bytes were there', () => {
  test('is deleted if it is not used, once', async (t) => {
    const rig = await startRig(t, { chunk: mib });
    const session = await rig.open();
    assert.equal(rig.registry.sessions.size, 1);
    await session.close(unfired);
    await session.close(unfired);
    assertNothingLeft(rig, ['POST', 'DELETE']);
  });

  test('is deleted though all was cancelled', async (t) => {
    const rig = await startRig(t, { chunk: mib });
    await (await rig.open()).close(AbortSignal.abort());
    assertNothingLeft(rig, ['POST', 'DELETE']);
  });

  test('stays a blob when it is closed after it was sent', async (t) => {
    for (const isNear of [false, true]) {
      const rig = await startRig(t, { chunk: mib, isNear });
      const blob = randomBytes(1000);
      const session = await rig.open();
      await rig.send(blob, { bytes: inPieces(blob, 77), session });
      await session.close(unfired);
      assert.equal(rig.registry.asked.includes('DELETE'), false);
      assert.ok(rig.registry.blobs.get(digestOf(blob))?.equals(blob));
    }
  });
});
