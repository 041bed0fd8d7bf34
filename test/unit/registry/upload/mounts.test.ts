import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { describe, test } from 'node:test';
import { digestOf } from '../../../../src/core/oci/digest.ts';
import { bytesSource } from '../../../../src/core/ports/blobSource.ts';
import { serve } from '../localRegistry.ts';
import { call, setUp, silent } from '../setUp.ts';
import { bytesOf, clientFor, dev } from '../../gitea/testClient.ts';
import { answers, startRegistry } from '../faults.ts';

const digest = digestOf(bytesOf(7));
const mount = { method: 'POST', path: /mount=/ };

describe('a mount that is refused is a blob that has to be sent', () => {
  for (const status of [400, 401, 403, 404, 405, 409, 501]) {
    test(`by ${status}`, async (t) => {
      const { registry, app } = await startRegistry(t);
      registry.intercept = answers(mount, status);
      assert.equal(await app.mountBlob(digest, 'secret/app', call), false);
      assert.equal(registry.sessions.size, 0);
    });
  }

  test('by Gitea, where the upload begins without it', async (t) => {
    const { fakeGitea, app } = await setUp(t);
    fakeGitea.faults.add({ ...mount, action: { kind: 'answer', reply: { status: 403 } } });
    const session = await app.openSession(digest, call);
    assert.equal(fakeGitea.openSessions().length, 1);
    await session?.close(call.signal);
  });

  for (const [what, status, body] of [
    ['refuses', 401, ''],
    ['denies', 403, ''],
    ['cannot read', 400, '{"error":"invalid scope"}'],
  ] as const) {
    test(`if the token server ${what} the second scope`, async (t) => {
      const scopes: string[][] = [];
      const listener: RequestListener = (request, response) => {
        const url = new URL(request.url ?? '', 'http://here');
        const asked = url.searchParams.getAll('scope');
        if (url.pathname === '/token') {
          scopes.push(asked);
          if (asked.length > 1) response.writeHead(status).end(body);
          else response.end('{"token":"t"}');
        } else if (request.headers.authorization === undefined) {
          const realm = `http://${request.headers.host ?? ''}/token`;
          response.writeHead(401, { 'www-authenticate': `Bearer realm="${realm}",service="r"` }).end();
        } else if (request.method === 'POST') {
          response.writeHead(202, { location: '/v2/own/app/blobs/uploads/1' }).end();
        } else response.writeHead(204).end();
      };
      const client = clientFor(await serve(t, listener), { credential: dev });
      t.after(async () => client.close());
      const app = await client.repository('own/app', call);
      assert.equal(await app.mountBlob(digest, 'secret/app', call), false);
      await app.checkAccess(call);
      assert.deepEqual(scopes, [
        ['repository:own/app:pull,push', 'repository:secret/app:pull'],
        ['repository:own/app:pull,push'],
      ]);
    });
  }
});

test('a refusal to write to the repository itself is reported where the upload begins', async (t) => {
  const { app } = await setUp(t, { repository: 'readers/app' });
  assert.equal(await app.mountBlob(digest, undefined, call), false);
  await assert.rejects(app.openSession(digest, call), { code: 'accessDenied', message: /“readers”/ });
});

test('a registry that is not there is no refusal of a mount', async (t) => {
  const { fakeGitea, app } = await setUp(t);
  for (const method of ['POST', 'HEAD']) fakeGitea.faults.add({ method, times: Infinity, action: { kind: 'reset' } });
  await assert.rejects(app.mountBlob(digest, undefined, call), { code: 'registryUnreachable' });
});

test('where only mounts get no answer, blobs are sent, and no mount is asked for again', async (t) => {
  const { fakeGitea, app } = await setUp(t);
  fakeGitea.faults.add({ ...mount, times: Infinity, action: { kind: 'reset' } });
  assert.equal(await app.mountBlob(digest, undefined, call), false);
  const asked = fakeGitea.requests.length;
  const session = await app.openSession(digest, call);
  assert.deepEqual(
    fakeGitea.requests.slice(asked).map(({ method }) => method),
    ['POST'],
  );
  await session?.close(call.signal);
  assert.deepEqual(fakeGitea.openSessions(), []);
});

test('an upload begins though Gitea ≤ 1.18.0 claims to have mounted the blob', async (t) => {
  const { fakeGitea, client, app } = await setUp(t, { version: '1.18.0' });
  const bytes = bytesOf(7);
  // It searches the blob in the whole instance, but does not add it to the repository.
  await (await client.repository('dev/other', call)).uploadBlob(bytesSource(bytes, digest), silent);
  assert.equal(await app.mountBlob(digest, undefined, call), false);
  const session = await app.openSession(digest, call);
  assert.ok(session !== undefined);
  async function* piece(): AsyncGenerator<Uint8Array> {
    yield await Promise.resolve(bytes);
  }
  await app.uploadBlob({ replayable: false, digest, size: 7, bytes: piece() }, { ...silent, session });
  assert.equal(await app.headBlob(digest, call), 7);
  assert.deepEqual(fakeGitea.openSessions(), []);
});
