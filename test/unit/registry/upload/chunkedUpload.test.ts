import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { TeaChestError } from '../../../../src/core/base/errors.ts';
import { digestOf } from '../../../../src/core/oci/digest.ts';
import { bytesSource, type ReplayableBlob } from '../../../../src/core/ports/blobSource.ts';
import { badGateway, gatewayTimeout, tooManyRequests } from '../../../fakeGitea/http/proxyReplies.ts';
import type { FakeGiteaOptions } from '../../../fakeGitea/options.ts';
import type { FakeGitea } from '../../../fakeGitea/fakeGitea.ts';
import { call, setUp, silent, type SetUp } from '../setUp.ts';
import { bytesOf, growingBlob, never, wholeBlob } from '../../gitea/testClient.ts';

const mib = 1024 * 1024;

async function assertStored({ fakeGitea, app }: SetUp, bytes: Buffer): Promise<void> {
  const digest = digestOf(bytes);
  const stored = fakeGitea.blob(digest);
  assert.ok(stored, 'the registry has the blob');
  assert.equal(digestOf(await readFile(stored.path)), digest);
  assert.equal(await app.headBlob(digest, call), bytes.length);
  assert.deepEqual(fakeGitea.openSessions(), [], 'no session stays open');
}

const asked = (fakeGitea: FakeGitea, method: string): number =>
  fakeGitea.requests.filter((request) => request.method === method).length;

test('a blob goes up in chunks with Content-Range, and its bytes arrive', async (t) => {
  const all = await setUp(t, { chunk: mib });
  const bytes = bytesOf(5 * mib + 123);
  const sent: number[] = [];
  await all.app.uploadBlob(wholeBlob(bytes), { signal: never, onSent: (count) => sent.push(count) });
  await assertStored(all, bytes);
  assert.equal(sent.at(-1), bytes.length);
  assert.deepEqual(
    sent,
    sent.toSorted((a, b) => a - b),
    'progress only grows',
  );
  const patches = all.fakeGitea.requests.filter(({ method }) => method === 'PATCH');
  assert.ok(patches.length >= 3);
  assert.equal(patches[0]?.headers['content-range'], `0-${mib - 1}`);
  assert.ok(patches.every(({ headers }) => headers['content-type'] === 'application/octet-stream'));
});

for (const options of [
  { version: '1.17.4' },
  { version: '1.18.5' },
  { version: '1.24.0' },
  { version: '1.24.1' },
  { version: '1.25.5' },
  { version: '1.26.0' },
  { flavour: 'forgejo' },
] satisfies FakeGiteaOptions[]) {
  test(`uploads of every size work: ${JSON.stringify(options)}`, async (t) => {
    const all = await setUp(t, { ...options, chunk: 512 * 1024 });
    for (const [seed, size] of [0, 1, 512 * 1024, 1.5 * mib + 1].entries()) {
      const bytes = bytesOf(size, seed + 1);
      await all.app.uploadBlob(wholeBlob(bytes), silent);
      await assertStored(all, bytes);
    }
    const small = bytesOf(100, 99);
    await all.app.uploadBlob(bytesSource(small, digestOf(small)), silent);
    await assertStored(all, small);
  });
}

test('a small blob goes in one request, a larger one does not', async (t) => {
  const all = await setUp(t);
  const uploads = (): string[] =>
    all.fakeGitea.requests.filter(({ path }) => path.includes('/uploads/')).map(({ method }) => method);
  const small = bytesOf(mib / 2, 1);
  await all.app.uploadBlob(wholeBlob(small), silent);
  assert.deepEqual(uploads(), ['POST']);
  await assertStored(all, small);
  const larger = bytesOf(mib / 2 + 1, 2);
  await all.app.uploadBlob(wholeBlob(larger), silent);
  assert.deepEqual(uploads(), ['POST', 'POST', 'PATCH', 'PUT']);
  await assertStored(all, larger);
});

test('an empty blob goes without any PATCH', async (t) => {
  const all = await setUp(t);
  await all.app.uploadBlob(wholeBlob(Buffer.alloc(0)), silent);
  await assertStored(all, Buffer.alloc(0));
  assert.equal(asked(all.fakeGitea, 'PATCH'), 0);
});

test('chunks leave while the source is still growing', async (t) => {
  const all = await setUp(t, { chunk: mib });
  const bytes = bytesOf(3 * mib);
  const growing = growingBlob(bytes, mib);
  const upload = all.app.uploadBlob(growing.source, {
    signal: never,
    onSent: (sent) => {
      if (sent === mib) growing.grow(bytes.length);
    },
  });
  await upload;
  await assertStored(all, bytes);
});

test('a chunk of a slow source begins with the bytes that are there, and the next one has all that came meanwhile', async (t) => {
  const all = await setUp(t, { chunk: 8 * mib });
  const bytes = bytesOf(7 * mib);
  const growing = growingBlob(bytes, mib);
  await all.app.uploadBlob(growing.source, {
    signal: never,
    firstBytes: mib,
    onSent: (sent) => {
      if (sent === mib) growing.grow(bytes.length);
    },
  });
  await assertStored(all, bytes);
  assert.equal(asked(all.fakeGitea, 'PATCH'), 2);
});

test('a source that fails ends the upload with its own error, and the session goes', async (t) => {
  const { fakeGitea, app } = await setUp(t, { chunk: mib });
  const growing = growingBlob(bytesOf(3 * mib), mib);
  const upload = app.uploadBlob(growing.source, {
    signal: never,
    onSent: (sent) => {
      if (sent === mib) growing.fail(new TeaChestError('spoolFull', 'The disk is full.'));
    },
  });
  await assert.rejects(upload, { code: 'spoolFull' });
  assert.deepEqual(fakeGitea.openSessions(), []);
});

test('a read that fails in the middle of a chunk ends the upload with its own error', async (t) => {
  const { fakeGitea, app } = await setUp(t, { chunk: mib });
  const whole = wholeBlob(bytesOf(2 * mib));
  const source: ReplayableBlob = {
    ...whole,

    read: async function* (start) {
      yield new Uint8Array(1000);
      throw new TeaChestError('spoolFailed', `The spool cannot be read at ${start}.`);
    },
  };
  await assert.rejects(app.uploadBlob(source, silent), { code: 'spoolFailed' });
  assert.deepEqual(fakeGitea.openSessions(), []);
});

test('a torn PATCH poisons its session: a new one from the first byte, and progress goes back', async (t) => {
  const all = await setUp(t, { chunk: mib });
  const bytes = bytesOf(4 * mib);
  all.fakeGitea.faults.add({ method: 'PATCH', skip: 2, action: { kind: 'cutRequest', afterBytes: 200_000 } });
  const sent: number[] = [];
  await all.app.uploadBlob(wholeBlob(bytes), { signal: never, onSent: (count) => sent.push(count) });
  await assertStored(all, bytes);
  assert.equal(sent.filter((count) => count === 0).length >= 2, true, 'counted from 0 again');
  assert.equal(sent.at(-1), bytes.length);
  assert.equal(asked(all.fakeGitea, 'POST'), 2);
  assert.equal(asked(all.fakeGitea, 'DELETE'), 1, 'the old session is closed');
});

test('an answer that got lost after a whole chunk costs nothing', async (t) => {
  const all = await setUp(t, { chunk: mib });
  const bytes = bytesOf(3 * mib);
  all.fakeGitea.faults.add({ method: 'PATCH', skip: 1, action: { kind: 'loseAnswer' } });
  await all.app.uploadBlob(wholeBlob(bytes), silent);
  await assertStored(all, bytes);
  assert.equal(asked(all.fakeGitea, 'POST'), 1);
});

test('…nor to a stream, which could not be sent again', async (t) => {
  const all = await setUp(t, { chunk: mib });
  const bytes = bytesOf(3 * mib);
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += 100_000) yield await Promise.resolve(bytes.subarray(at, at + 100_000));
  }
  all.fakeGitea.faults.add({ method: 'PATCH', skip: 1, action: { kind: 'loseAnswer' } });
  const source = { replayable: false, digest: digestOf(bytes), size: bytes.length, bytes: pieces() } as const;
  await all.app.uploadBlob(source, silent);
  await assertStored(all, bytes);
  assert.equal(asked(all.fakeGitea, 'POST'), 1);
});

test('…nor on Forgejo, whose status is off by one', async (t) => {
  const all = await setUp(t, { chunk: mib, flavour: 'forgejo' });
  const bytes = bytesOf(3 * mib);
  all.fakeGitea.faults.add({ method: 'PATCH', action: { kind: 'loseAnswer' } });
  await all.app.uploadBlob(wholeBlob(bytes), silent);
  await assertStored(all, bytes);
  assert.equal(asked(all.fakeGitea, 'POST'), 1);
});

test('the answer to the PUT got lost: a HEAD shows that it had worked', async (t) => {
  const all = await setUp(t);
  const bytes = bytesOf(mib);
  all.fakeGitea.faults.add({ method: 'PUT', action: { kind: 'loseAnswer' } });
  await all.app.uploadBlob(wholeBlob(bytes), silent);
  await assertStored(all, bytes);
  assert.equal(asked(all.fakeGitea, 'PUT'), 1);
  assert.equal(asked(all.fakeGitea, 'PATCH'), 1);
});

test('every answer to the PUT gets lost: the HEAD shows that it had worked', async (t) => {
  const all = await setUp(t);
  const bytes = bytesOf(mib);
  all.fakeGitea.faults.add({ method: 'PUT', times: Infinity, action: { kind: 'loseAnswer' } });
  await all.app.uploadBlob(wholeBlob(bytes), silent);
  await assertStored(all, bytes);
  assert.deepEqual(all.fakeGitea.openSessions(), []);
});

test('a gateway that gives up on the PUT: PUT again', async (t) => {
  const all = await setUp(t);
  const bytes = bytesOf(mib);
  all.fakeGitea.faults.add({ method: 'PUT', times: 2, action: { kind: 'answer', reply: gatewayTimeout() } });
  await all.app.uploadBlob(wholeBlob(bytes), silent);
  await assertStored(all, bytes);
});

for (const [name, reply] of [
  ['502', badGateway()],
  ['504', gatewayTimeout()],
  ['empty 500', { status: 500 }],
] as const) {
  test(`a ${name} to a PATCH: a new session`, async (t) => {
    const all = await setUp(t, { chunk: mib });
    const bytes = bytesOf(3 * mib);
    all.fakeGitea.faults.add({ method: 'PATCH', skip: 1, action: { kind: 'answer', reply } });
    await all.app.uploadBlob(wholeBlob(bytes), silent);
    await assertStored(all, bytes);
    assert.equal(asked(all.fakeGitea, 'POST'), 2);
  });
}

test('a 429 to a PATCH: wait, then the same chunk in the same session', async (t) => {
  const all = await setUp(t, { chunk: mib });
  const bytes = bytesOf(2 * mib);
  all.fakeGitea.faults.add({ method: 'PATCH', action: { kind: 'answer', reply: tooManyRequests(1) } });
  await all.app.uploadBlob(wholeBlob(bytes), silent);
  await assertStored(all, bytes);
  assert.equal(asked(all.fakeGitea, 'POST'), 1);
});

test('nginx’s limit of 1 MB: chunks get smaller until they pass, in the same session, and that is remembered', async (t) => {
  const all = await setUp(t, { chunk: 16 * mib });
  const bytes = bytesOf(5 * mib);
  all.fakeGitea.faults.add({ times: Infinity, action: { kind: 'bodyLimit', bytes: mib } });
  await all.app.uploadBlob(wholeBlob(bytes), silent);
  await assertStored(all, bytes);
  assert.equal(asked(all.fakeGitea, 'POST'), 1);
  const remembered = all.client.chunks.get(all.fakeGitea.origin)?.size ?? Infinity;
  assert.ok(remembered <= mib, String(remembered));
});

test('a limit below the smallest chunk: said with the name of the proxy', async (t) => {
  const { fakeGitea, app } = await setUp(t);
  fakeGitea.faults.add({ times: Infinity, action: { kind: 'bodyLimit', bytes: 300_000 } });
  await assert.rejects(app.uploadBlob(wholeBlob(bytesOf(2 * mib)), silent), {
    code: 'bodyTooLarge',
    message: /nginx.*client_max_body_size/,
  });
  assert.deepEqual(fakeGitea.openSessions(), []);
});

test('a blob in memory over the proxy’s limit goes in chunks', async (t) => {
  const all = await setUp(t);
  const bytes = bytesOf(2 * mib);
  all.fakeGitea.faults.add({ times: Infinity, action: { kind: 'bodyLimit', bytes: mib } });
  await all.app.uploadBlob(bytesSource(bytes, digestOf(bytes)), silent);
  await assertStored(all, bytes);
});

test('an unknown session (404): a new one', async (t) => {
  const all = await setUp(t, { chunk: mib });
  const bytes = bytesOf(3 * mib);
  let cleaned = false;
  await all.app.uploadBlob(wholeBlob(bytes), {
    signal: never,
    onSent: (sent) => {
      if (sent !== mib || cleaned) return;
      cleaned = true;
      void all.fakeGitea.cleanUp();
    },
  });
  await assertStored(all, bytes);
});

test('a registry that never accepts a chunk fails the upload with its message, and no session is left', async (t) => {
  const { fakeGitea, app } = await setUp(t);
  fakeGitea.faults.add({ method: 'PATCH', times: Infinity, action: { kind: 'answer', reply: { status: 500 } } });
  await assert.rejects(app.uploadBlob(wholeBlob(bytesOf(mib)), silent), { code: 'registryFailed', message: /storage/ });
  assert.deepEqual(fakeGitea.openSessions(), []);
});

test('other bytes than announced are noticed by the registry and reported', async (t) => {
  const { fakeGitea, app } = await setUp(t);
  const source = {
    ...wholeBlob(bytesOf(1000)),
    finished: Promise.resolve({ digest: digestOf(bytesOf(9)), size: 1000 }),
  };
  await assert.rejects(app.uploadBlob(source, silent), { code: 'digestMismatch' });
  assert.deepEqual(fakeGitea.openSessions(), []);
});

for (const version of ['1.26.4', '1.25.5', '1.20.0']) {
  test(`tokens that expire in mid-push are renewed, once for all uploads (${version})`, async (t) => {
    const all = await setUp(t, { version, chunk: mib });
    const blobs = [bytesOf(3 * mib, 1), bytesOf(3 * mib, 2)];
    all.fakeGitea.faults.add({ method: 'PATCH', skip: 3, action: { kind: 'expireTokens' } });
    await Promise.all(blobs.map((bytes) => all.app.uploadBlob(wholeBlob(bytes), silent)));
    for (const bytes of blobs) await assertStored(all, bytes);
    const logins = all.fakeGitea.requests.filter(({ path }) => path.startsWith('/v2/token')).length;
    assert.equal(logins, 2);
  });
}

test('a token near its end is renewed before it is refused', async (t) => {
  const start = Date.parse('2026-11-24T10:00:00Z');
  t.mock.timers.enable({ apis: ['Date'], now: start });
  const { fakeGitea, app } = await setUp(t, { clock: () => start, tokenLifetimeSeconds: 1 });
  const digest = digestOf(Buffer.from('x'));
  await app.headBlob(digest, call);
  t.mock.timers.setTime(start + 750);
  await app.headBlob(digest, call);
  assert.ok(!fakeGitea.requests.some(({ status, path }) => status === 401 && path !== '/v2/'));
  assert.equal(fakeGitea.requests.filter(({ path }) => path.startsWith('/v2/token')).length, 2);
});

test('a cancel in mid-chunk ends the upload and closes the session', async (t) => {
  const { fakeGitea, app } = await setUp(t, { chunk: 4 * mib });
  fakeGitea.faults.add({ method: 'PATCH', skip: 1, action: { kind: 'stall', afterBytes: mib } });
  const controller = new AbortController();
  const upload = app.uploadBlob(wholeBlob(bytesOf(16 * mib)), {
    signal: controller.signal,
    onSent: (sent) => {
      if (sent > 5 * mib) controller.abort();
    },
  });
  await assert.rejects(upload, { code: 'cancelled' });
  assert.deepEqual(fakeGitea.openSessions(), []);
});

test('a cancel while a session is being opened leaves none', async (t) => {
  const { fakeGitea, app } = await setUp(t);
  const controller = new AbortController();
  fakeGitea.faults.add({
    method: 'POST',
    action: { kind: 'delay', ms: 50 },
    onStrike: () => {
      controller.abort();
    },
  });
  await assert.rejects(app.uploadBlob(wholeBlob(bytesOf(mib)), { ...silent, signal: controller.signal }), {
    code: 'cancelled',
  });
  assert.equal(fakeGitea.requests.find(({ method }) => method === 'POST')?.status, 202);
  assert.deepEqual(fakeGitea.openSessions(), []);
});

test('a registry that goes down in mid-upload is reported as unreachable', async (t) => {
  const { fakeGitea, app } = await setUp(t, { chunk: mib });
  const growing = growingBlob(bytesOf(3 * mib), mib);
  const upload = app.uploadBlob(growing.source, {
    signal: never,
    onSent: (sent) => {
      if (sent === mib)
        void fakeGitea.goDown().then(() => {
          growing.grow(3 * mib);
        });
    },
  });
  await assert.rejects(upload, { code: 'registryUnreachable' });
});

test('a quota of Gitea (403 without a message) is explained', async (t) => {
  const { fakeGitea, app } = await setUp(t, { limits: { blobSize: 1000 } });
  await assert.rejects(app.uploadBlob(wholeBlob(bytesOf(2000)), silent), { code: 'quotaExceeded', message: /“dev”/ });
  assert.deepEqual(fakeGitea.openSessions(), []);
});

test('a quota of Forgejo (413 as text) is not mistaken for a limit of a proxy', async (t) => {
  const { fakeGitea, app } = await setUp(t, { flavour: 'forgejo', chunk: mib });
  const reply = { status: 413, headers: { 'Content-Type': 'text/plain' }, body: 'enforcePackagesQuota' };
  fakeGitea.faults.add({ method: 'PATCH', skip: 1, times: Infinity, action: { kind: 'answer', reply } });
  await assert.rejects(app.uploadBlob(wholeBlob(bytesOf(2 * mib)), silent), {
    code: 'quotaExceeded',
    message: /enforcePackagesQuota/,
  });
  assert.equal(asked(fakeGitea, 'PATCH'), 2, 'no smaller chunk is tried');
  assert.deepEqual(fakeGitea.openSessions(), []);
});
