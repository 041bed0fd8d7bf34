import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { digestOf } from '../../../../src/core/oci/digest.ts';
import { bytesSource } from '../../../../src/core/ports/blobSource.ts';
import { nginxReply } from '../../../fakeGitea/http/proxyReplies.ts';
import type { Reply } from '../../../fakeGitea/http/reply.ts';
import { call, setUp, silent } from '../setUp.ts';
import { bytesOf, growingBlob, wholeBlob } from '../../gitea/testClient.ts';
import { answers, answersPage, losesAnswer, oneOf, startRegistry, type Rig } from '../faults.ts';

const mib = 1024 * 1024;
const patch = { method: 'PATCH' };

function assertStored({ registry }: Rig, bytes: Buffer): void {
  assert.ok(registry.blobs.get(digestOf(bytes))?.equals(bytes), 'the registry has the blob');
  assert.equal(registry.sessions.size, 0, 'no session stays open');
}

async function* inPieces(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += 100_000) yield await Promise.resolve(bytes.subarray(at, at + 100_000));
}

describe('where something on the way refuses PATCH', () => {
  const refusals: readonly (readonly [string, Reply])[] = [
    ['400 as a web page', nginxReply(400, 'Bad Request')],
    ['403 as a web page', nginxReply(403, 'Forbidden')],
    ['403 without a word', { status: 403 }],
    ['404 as a web page', nginxReply(404, 'Not Found')],
    ['405 as a web page', nginxReply(405, 'Not Allowed')],
    ['405 without a word', { status: 405 }],
    ['501 as a web page', nginxReply(501, 'Not Implemented')],
    ['a web page with status 200', nginxReply(200, 'Request Rejected')],
  ];
  for (const [what, reply] of refusals) {
    test(`by ${what}, a layer goes in one request, and the next one at once (Gitea)`, async (t) => {
      const { fakeGitea, app } = await setUp(t, { chunk: mib });
      const fault = fakeGitea.faults.add({ ...patch, times: Infinity, action: { kind: 'answer', reply } });
      for (const seed of [1, 2]) {
        const bytes = bytesOf(3 * mib, seed);
        const growing = growingBlob(bytes, mib);
        const sending = app.uploadBlob(growing.source, silent);
        growing.grow(bytes.byteLength);
        await sending;
        assert.equal(await app.headBlob(digestOf(bytes), call), bytes.byteLength);
      }
      assert.equal(fault.strikes, 1);
      assert.deepEqual(fakeGitea.openSessions(), []);
    });
  }

  test('a layer goes with the PUT of a session (any registry)', async (t) => {
    const rig = await startRegistry(t, { chunk: mib });
    rig.registry.intercept = answersPage(patch, 405);
    for (const seed of [1, 2]) {
      const bytes = bytesOf(3 * mib, seed);
      await rig.app.uploadBlob(wholeBlob(bytes), silent);
      assertStored(rig, bytes);
    }
    assert.deepEqual(rig.registry.asked.slice(1), [
      ...['POST', `PATCH 0-${mib - 1}`, 'DELETE', 'POST', 'PUT'],
      ...['POST', 'PUT'],
    ]);
  });

  test('a stream may be sent again, and later ones go in one request', async (t) => {
    const rig = await startRegistry(t, { chunk: mib });
    // Not near by: otherwise layers of this size would go in one request anyhow.
    rig.registry.intercept = answersPage(patch, 405);
    const bytes = bytesOf(3 * mib);
    const pass = async (): Promise<void> => {
      const session = await rig.app.openSession(digestOf(bytes), call);
      const blob = { replayable: false, digest: digestOf(bytes), size: bytes.byteLength } as const;
      await rig.app.uploadBlob({ ...blob, bytes: inPieces(bytes) }, { ...silent, session });
    };
    await assert.rejects(pass(), { code: 'chunksRefused', message: /nginx.*PATCH/ });
    assert.equal(rig.registry.sessions.size, 0);
    await rig.app.uploadBlob(wholeBlob(bytes), silent);
    rig.registry.blobs.clear();
    await pass();
    assertStored(rig, bytes);
    assert.equal(rig.registry.count('PATCH'), 2);
  });

  test('by a broken connection each time, a layer goes in one request, and the next one at once', async (t) => {
    const rig = await startRegistry(t);
    rig.registry.intercept = (request) => {
      if (request.method !== 'PATCH') return false;
      request.socket.destroy();
      return true;
    };
    for (const seed of [1, 2]) {
      const bytes = bytesOf(3 * mib, seed);
      await rig.app.uploadBlob(wholeBlob(bytes), silent);
      assertStored(rig, bytes);
    }
    assert.equal(rig.registry.count('PATCH'), 4);
  });

  test('a connection that breaks later than under the first chunk is no refusal', async (t) => {
    const rig = await startRegistry(t, { chunk: mib });
    let patches = 0;
    rig.registry.intercept = (request) => {
      // Each session gets one chunk, five times.
      if (request.method !== 'PATCH' || ++patches % 2 === 1 || patches > 10) return false;
      request.socket.destroy();
      return true;
    };
    const bytes = bytesOf(3 * mib);
    await rig.app.uploadBlob(wholeBlob(bytes), silent);
    assertStored(rig, bytes);
    assert.equal(rig.registry.count('POST'), 6);
  });

  test('and limits requests as well, both are named', async (t) => {
    const { fakeGitea, app } = await setUp(t, { chunk: mib });
    const reply = nginxReply(405, 'Not Allowed');
    fakeGitea.faults.add({ ...patch, times: Infinity, action: { kind: 'answer', reply } });
    fakeGitea.faults.add({ method: 'POST', times: Infinity, action: { kind: 'bodyLimit', bytes: mib } });
    for (let i = 0; i < 2; i++) {
      await assert.rejects(app.uploadBlob(wholeBlob(bytesOf(3 * mib)), silent), {
        code: 'chunksRefused',
        message: /nginx.*PATCH.*one request.*client_max_body_size/,
      });
    }
    assert.deepEqual(fakeGitea.openSessions(), []);
  });

  test('a refusal that is the registry’s own stays what it is', async (t) => {
    const { fakeGitea, app } = await setUp(t, { chunk: mib });
    const refusal: Reply = { status: 403, headers: { 'Content-Type': 'text/plain' }, body: 'public-only token' };
    const fault = fakeGitea.faults.add({ ...patch, times: Infinity, action: { kind: 'answer', reply: refusal } });
    await assert.rejects(app.uploadBlob(wholeBlob(bytesOf(mib)), silent), {
      code: 'accessDenied',
      message: /public-only/,
    });
    fault.remove();
    const body = '{"errors":[{"code":"BLOB_UPLOAD_INVALID","message":"no"}]}';
    fakeGitea.faults.add({ ...patch, times: Infinity, action: { kind: 'answer', reply: { status: 400, body } } });
    await assert.rejects(app.uploadBlob(wholeBlob(bytesOf(mib)), silent), { code: 'registryRefused' });
    assert.ok(!fakeGitea.requests.some(({ method, path }) => method === 'POST' && path.includes('digest=')));
  });

  test('a limit of Gitea that both kinds of upload meet is reported as that limit', async (t) => {
    const { fakeGitea, app } = await setUp(t, { chunk: mib, limits: { blobSize: 1000 } });
    fakeGitea.faults.add({ ...patch, times: Infinity, action: { kind: 'answer', reply: { status: 403 } } });
    await assert.rejects(app.uploadBlob(wholeBlob(bytesOf(2000)), silent), { code: 'quotaExceeded' });
  });
});

describe('a blob in one request', () => {
  const put = { method: 'PUT' };
  const bytes = bytesOf(10_000);
  const digest = digestOf(bytes);

  test('that broke is sent again by a new session, for the old one is torn', async (t) => {
    const rig = await startRegistry(t);
    let torn = 0;
    rig.registry.intercept = (request) => {
      if (request.method !== 'PUT' || torn++ > 0) return false;
      request.once('data', () => request.socket.destroy());
      return true;
    };
    await rig.app.uploadBlob(bytesSource(bytes, digest), silent);
    assertStored(rig, bytes);
    assert.deepEqual(rig.registry.asked.slice(1), ['POST', 'PUT', 'HEAD', 'DELETE', 'POST', 'PUT']);
  });

  test('that is refused as too large goes in chunks', async (t) => {
    const { fakeGitea, app } = await setUp(t);
    const reply = nginxReply(413, 'Request Entity Too Large');
    const action = { kind: 'answer', reply } as const;
    fakeGitea.faults.add({ method: 'POST', path: /digest=/, times: Infinity, action });
    await app.uploadBlob(wholeBlob(bytes), silent);
    assert.equal(await app.headBlob(digest, call), bytes.byteLength);
    assert.deepEqual(fakeGitea.openSessions(), []);
  });

  test('that arrived changed is sent once more', async (t) => {
    const { fakeGitea, app } = await setUp(t);
    const body = '{"errors":[{"code":"DIGEST_INVALID","message":"digest"}]}';
    fakeGitea.faults.add({ method: 'POST', path: /digest=/, action: { kind: 'answer', reply: { status: 400, body } } });
    await app.uploadBlob(wholeBlob(bytes), silent);
    assert.equal(await app.headBlob(digest, call), bytes.byteLength);
  });

  test('under which the connection always breaks is given up as unreachable', async (t) => {
    const { fakeGitea, app } = await setUp(t);
    fakeGitea.faults.add({ method: 'POST', times: Infinity, action: { kind: 'reset' } });
    await assert.rejects(app.uploadBlob(wholeBlob(bytes), silent), { code: 'registryUnreachable' });
  });

  for (const status of [undefined, 502, 504]) {
    test(`whose answer is ${status ?? 'lost'} though it arrived is not sent again`, async (t) => {
      const rig = await startRegistry(t);
      rig.registry.intercept = losesAnswer(rig.registry, put, status);
      await rig.app.uploadBlob(bytesSource(bytes, digest), silent);
      assertStored(rig, bytes);
      assert.equal(rig.registry.count('PUT'), 1);
    });
  }

  test('whose answer got lost is not sent again to Gitea either', async (t) => {
    const { fakeGitea, app } = await setUp(t);
    fakeGitea.faults.add({ method: 'POST', times: Infinity, action: { kind: 'loseAnswer' } });
    await app.uploadBlob(bytesSource(bytes, digest), silent);
    assert.equal(await app.headBlob(digest, call), bytes.byteLength);
    assert.equal(fakeGitea.requests.filter(({ method }) => method === 'POST').length, 1);
  });

  test('of a stream: after a lost answer the registry is asked for the blob', async (t) => {
    const rig = await startRegistry(t);
    rig.registry.intercept = losesAnswer(rig.registry, put);
    const session = await rig.app.openSession(digest, call);
    const blob = { replayable: false, digest, size: bytes.byteLength, bytes: inPieces(bytes) } as const;
    await rig.app.uploadBlob(blob, { ...silent, session });
    assertStored(rig, bytes);
    assert.equal(rig.registry.count('PUT'), 1);
  });

  test('whose session is gone is sent by a new one', async (t) => {
    const rig = await startRegistry(t);
    rig.registry.intercept = answers({ ...put, times: 2 }, 404, {}, '{"errors":[{"code":"BLOB_UPLOAD_UNKNOWN"}]}');
    await rig.app.uploadBlob(bytesSource(bytes, digest), silent);
    assertStored(rig, bytes);
    assert.equal(rig.registry.count('POST'), 3);
  });

  for (const status of [200, 202]) {
    test(`that is answered ${status} is stored only if a HEAD finds it`, async (t) => {
      const rig = await startRegistry(t);
      rig.registry.intercept = answers(put, status);
      await assert.rejects(rig.app.uploadBlob(bytesSource(bytes, digest), silent), { code: 'notARegistry' });
      assert.equal(rig.registry.sessions.size, 0);
      rig.registry.blobs.set(digest, bytes);
      await rig.app.uploadBlob(bytesSource(bytes, digest), silent);
    });
  }

  test('that is answered by a web page is not stored, in pieces neither', async (t) => {
    const rig = await startRegistry(t, { chunk: mib });
    rig.registry.intercept = answersPage(put, 200);
    await assert.rejects(rig.app.uploadBlob(bytesSource(bytes, digest), silent), {
      code: 'notARegistry',
      message: /web page/,
    });
    await assert.rejects(rig.app.uploadBlob(wholeBlob(bytes), silent), { code: 'notARegistry', message: /web page/ });
    assert.equal(rig.registry.sessions.size, 0);
  });
});

test('a session is gone in the middle, however that is said: a new one', async (t) => {
  const rig = await startRegistry(t, { chunk: mib });
  const bytes = bytesOf(3 * mib);
  rig.registry.intercept = oneOf(
    answers({ method: 'PATCH', times: 1 }, 404, { 'content-type': 'text/plain' }, 'Not found.'),
    answers({ method: 'PATCH', times: 1 }, 416),
    answers({ method: 'PUT', times: 1 }, 404),
  );
  await rig.app.uploadBlob(wholeBlob(bytes), silent);
  assertStored(rig, bytes);
  assert.equal(rig.registry.count('POST'), 4);
});
