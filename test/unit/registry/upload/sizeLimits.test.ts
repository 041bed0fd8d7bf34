import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { TeaChestError } from '../../../../src/core/base/errors.ts';
import { ChunkSizer, type ChunkState } from '../../../../src/core/registry/upload/chunkSizer.ts';
import { explainErrorResponse } from '../../../../src/core/registry/errors/explainErrorResponse.ts';
import type { Send } from '../../../../src/core/registry/http/httpTypes.ts';
import { Repository } from '../../../../src/core/registry/repository.ts';
import { silentLogger } from '../../../tools/silentLogger.ts';
import { digestOf } from '../../../../src/core/oci/digest.ts';
import { call, setUp, silent } from '../setUp.ts';
import { bytesOf, wholeBlob } from '../../gitea/testClient.ts';
import { answersPage, cutsAbove, startRegistry } from '../faults.ts';
import type { Intercept } from '../memoryRegistry.ts';

const mib = 1024 * 1024;

/** A gateway's 502 instead of the closed connection. */
const failsAbove = (bytes: number): Intercept => {
  const fail = new Map<string, Intercept>();
  return (request, ...rest) => {
    if (Number(request.headers['content-length'] ?? 0) <= bytes) return false;
    const method = request.method ?? '';
    fail.set(method, fail.get(method) ?? answersPage({ method }, 502));
    return fail.get(method)?.(request, ...rest) ?? false;
  };
};

describe('a limit on the size of a request that shows only as', () => {
  for (const [how, limit, mebibytes, intercept] of [
    ['a cut connection, at 600 kB', 600_000, 18, cutsAbove],
    ['a cut connection, at 20 MB', 20_000_000, 40, cutsAbove],
    ['a 502, at 5 MB', 5_000_000, 20, failsAbove],
  ] as const) {
    test(`${how}: few beginnings, then the layer is there, and the next one goes at once`, async (t) => {
      const { registry, app, client } = await startRegistry(t);
      registry.intercept = intercept(limit);
      const first = bytesOf(mebibytes * mib, 1);
      await app.uploadBlob(wholeBlob(first), silent);
      assert.ok(registry.blobs.get(digestOf(first))?.equals(first));
      const begun = registry.count('POST');
      assert.ok(begun <= 5, String(begun));

      // A restart of the extension keeps what was found out.
      const remembered = client.chunks.get(registry.origin);
      assert.ok((remembered?.limit?.bytes ?? Infinity) < 3 * limit);
      const second = bytesOf(10 * mib, 2);
      await app.uploadBlob(wholeBlob(second), silent);
      assert.ok(registry.blobs.get(digestOf(second))?.equals(second));
      assert.equal(registry.count('POST'), begun + 1);
      assert.equal(registry.sessions.size, 0);
    });
  }

  test('a cut connection, at 600 kB, when chunks were large before: they get small enough', async (t) => {
    const { registry, app } = await startRegistry(t, { chunk: 64 * mib });
    registry.intercept = cutsAbove(600_000);
    const bytes = bytesOf(40 * mib);
    await app.uploadBlob(wholeBlob(bytes), silent);
    assert.ok(registry.blobs.get(digestOf(bytes))?.equals(bytes));
  });

  test('a cut connection, at 30 MB, for a streamed layer in one request: the next goes in chunks', async (t) => {
    const { registry, app } = await startRegistry(t);
    const limit = 30_000_000;
    registry.intercept = cutsAbove(limit);
    const bytes = Buffer.alloc(limit + 5 * mib, 7);
    const digest = digestOf(bytes);
    async function* pieces(): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < bytes.byteLength; at += mib) yield await Promise.resolve(bytes.subarray(at, at + mib));
    }
    const pass = async (): Promise<void> => {
      const session = await app.openSession(digest, call);
      const blob = { replayable: false, digest, size: bytes.byteLength, bytes: pieces() } as const;
      await app.uploadBlob(blob, { ...silent, session });
    };
    await assert.rejects(pass(), { code: 'registryUnreachable' });
    assert.equal(registry.sessions.size, 0);
    await pass();
    assert.ok(registry.blobs.get(digest)?.equals(bytes));
  });
});

test('a connection that never came about says nothing of sizes', async () => {
  const origin = 'http://h';
  const memory = new Map<string, ChunkState>();
  const blob = wholeBlob(bytesOf(2 * mib));
  let refused = 0;
  const send: Send = async (request) => {
    if (request.method === 'PATCH' && refused++ === 0) throw new TeaChestError('registryUnreachable', 'refused');
    let arrived = 0;
    for await (const piece of request.body?.open() ?? []) arrived += piece.byteLength;
    const status = request.method === 'PUT' ? 201 : request.method === 'GET' ? 404 : 202;
    const headers = { location: `${origin}/v2/own/app/blobs/uploads/1?${arrived}` };
    return { status, headers, body: Buffer.alloc(0), url: request.url };
  };
  const timing = { now: Date.now, random: () => 0, sleep: async () => Promise.resolve() };
  const context = {
    ...{ send, origin, repository: 'own/app', explain: explainErrorResponse, logger: silentLogger },
    ...{ timing, unclosed: new Set<string>() },
  };
  await new Repository('generic', context, new ChunkSizer(origin, memory)).uploadBlob(blob, silent);
  assert.equal(refused, 2);
  assert.equal(memory.get(origin)?.limit, undefined);
});

describe('a registry that asks to wait', () => {
  const busy = (seconds: number) =>
    ({ status: 429, headers: { 'Retry-After': String(seconds) }, body: 'slow down' }) as const;

  for (const method of ['HEAD', 'POST', 'PATCH', 'PUT']) {
    test(`more than we do, before a ${method}: an error with the time it asks for, at once`, async (t) => {
      const { fakeGitea, app } = await setUp(t, { chunk: mib });
      const fault = fakeGitea.faults.add({ method, times: Infinity, action: { kind: 'answer', reply: busy(300) } });
      const bytes = bytesOf(2 * mib);
      const work = method === 'HEAD' ? app.headBlob(digestOf(bytes), call) : app.uploadBlob(wholeBlob(bytes), silent);
      await assert.rejects(work, (error) => {
        assert.ok(error instanceof TeaChestError);
        assert.equal(error.code, 'registryFailed');
        assert.match(error.message, method === 'HEAD' ? /wait 5 minutes/ : /slow down.*wait 5 minutes/);
        assert.doesNotMatch(error.message, /after waiting/);
        assert.equal(error.facts.retryAfterSeconds, 300);
        return true;
      });
      assert.equal(fault.strikes, 1);
      assert.deepEqual(fakeGitea.openSessions(), []);
    });

    test(`a while, before a ${method}: it gets that time`, async (t) => {
      const { fakeGitea, client, app } = await setUp(t, { chunk: mib });
      fakeGitea.faults.add({ method, times: 2, action: { kind: 'answer', reply: busy(20) } });
      const bytes = bytesOf(2 * mib);
      if (method === 'HEAD') await app.headBlob(digestOf(bytes), call);
      else await app.uploadBlob(wholeBlob(bytes), silent);
      assert.ok(client.log.length > 0);
      assert.deepEqual(fakeGitea.openSessions(), []);
    });
  }
});
