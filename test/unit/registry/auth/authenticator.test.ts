import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { test } from 'node:test';
import { digestOf } from '../../../../src/core/oci/digest.ts';
import { serve } from '../localRegistry.ts';
import { call, setUp, silent } from '../setUp.ts';
import { bytesOf, clientFor, dev } from '../../gitea/testClient.ts';

const mib = 1024 * 1024;

for (const status of [401, 403]) {
  test(`a storage elsewhere that answers ${status} teaches nothing about the sign-in, and gets no credential`, async (t) => {
    const authorizations: (string | undefined)[] = [];
    const storage = await serve(t, ({ headers }, response) => {
      authorizations.push(headers.authorization);
      const realm = `http://${headers.host ?? ''}/steal`;
      response.writeHead(status, { 'www-authenticate': `Bearer realm="${realm}",service="s", Basic realm="b"` }).end();
    });
    const listener: RequestListener = (request, response) => {
      if (request.url === '/v2/') response.end('{}');
      else response.writeHead(307, { location: `${storage}/bucket/x?signature=secret` }).end();
    };
    const client = clientFor(await serve(t, listener), { credential: dev });
    t.after(async () => client.close());
    const app = await client.repository('own/app', call);
    for (let i = 0; i < 2; i++) {
      await assert.rejects(app.getBlob(digestOf(bytesOf(1)), call), (error: Error & { code?: string }) => {
        assert.equal(error.code, 'registryRefused');
        assert.ok(error.message.includes(new URL(storage).host));
        assert.ok(!error.message.includes('signature'));
        return true;
      });
    }
    assert.deepEqual(authorizations, [undefined, undefined]);
  });
}

test('a token that expires during a streamed upload: a new sign-in, and bytes that come again go through', async (t) => {
  const { fakeGitea, app } = await setUp(t, { chunk: mib });
  const bytes = bytesOf(3 * mib);
  const digest = digestOf(bytes);
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.byteLength; at += 100_000)
      yield await Promise.resolve(bytes.subarray(at, at + 100_000));
  }
  const pass = async (): Promise<void> => {
    const session = await app.openSession(digest, call);
    const blob = { replayable: false, digest, size: bytes.byteLength, bytes: pieces() } as const;
    await app.uploadBlob(blob, { ...silent, session });
  };
  fakeGitea.faults.add({ method: 'PATCH', skip: 1, action: { kind: 'expireTokens' } });
  await assert.rejects(pass(), { code: 'uploadLost', message: /sign-in/ });
  assert.deepEqual(fakeGitea.openSessions(), []);
  await pass();
  assert.equal(await app.headBlob(digest, call), bytes.byteLength);
  assert.equal(fakeGitea.requests.filter(({ path }) => path.startsWith('/v2/token')).length, 2);
});

for (const [times, what] of [
  [2, 'is renewed again'],
  [Infinity, 'is not renewed for ever'],
] as const) {
  test(`a token that is refused as soon as it was given ${what}`, async (t) => {
    const { fakeGitea, app } = await setUp(t);
    const digest = digestOf(bytesOf(1));
    await app.headBlob(digest, call);
    fakeGitea.faults.add({ method: 'HEAD', times, action: { kind: 'expireTokens' } });
    const asking = app.headBlob(digest, call);
    if (times === 2) assert.equal(await asking, undefined);
    else await assert.rejects(asking, { code: 'credentialsRejected' });
    assert.equal(fakeGitea.requests.filter(({ path }) => path.startsWith('/v2/token')).length, 3);
  });
}

test('a token that no header can hold is a fault of who gave it', async (t) => {
  const listener: RequestListener = ({ url, headers }, response) => {
    if (url?.startsWith('/token') === true) response.end(JSON.stringify({ token: 'a\r\nb: c' }));
    else {
      const realm = `http://${headers.host ?? ''}/token`;
      response.writeHead(401, { 'www-authenticate': `Bearer realm="${realm}",service="r"` }).end();
    }
  };
  const client = clientFor(await serve(t, listener), { credential: dev });
  t.after(async () => client.close());
  const app = await client.repository('own/app', call);
  await assert.rejects(app.checkAccess(call), { code: 'registryFailed', message: /token/ });
});

test('a path that is redirected within the registry is followed (308)', async (t) => {
  const listener: RequestListener = (request, response) => {
    if (request.url === '/v2/') response.end('{}');
    else if (request.url?.startsWith('/v2/own/app/') === true)
      response.writeHead(308, { location: request.url.replace('/own/', '/new/') }).end();
    else if (request.method === 'POST') response.writeHead(202, { location: '/v2/new/app/blobs/uploads/1' }).end();
    else response.writeHead(request.method === 'DELETE' ? 204 : 404).end();
  };
  const client = clientFor(await serve(t, listener), {});
  t.after(async () => client.close());
  await (await client.repository('own/app', call)).checkAccess(call);
});

test('a sign-in gateway on another host is named, and gets no credential', async (t) => {
  const asked: string[] = [];
  const gateway = await serve(t, ({ method, headers }, response) => {
    asked.push(`${method ?? ''} ${headers.authorization ?? 'nobody'}`);
    response.writeHead(200, { 'content-type': 'text/html' }).end('<html><title>Log in</title></html>');
  });
  const listener: RequestListener = ({ url }, response) => {
    if (url === '/v2/') response.end('{}');
    else response.writeHead(302, { location: `${gateway}/login?rd=x` }).end();
  };
  const client = clientFor(await serve(t, listener), { credential: dev });
  t.after(async () => client.close());
  const app = await client.repository('own/app', call);
  const { host } = new URL(gateway);
  await assert.rejects(app.getManifest('v1', call), {
    code: 'notARegistry',
    message: new RegExp(`a web page \\(200\\) of ${host}: “Log in”`),
  });
  await assert.rejects(app.checkAccess(call), { code: 'registryRefused', message: new RegExp(`${host}.*sign-in`) });
  assert.deepEqual(asked, ['GET nobody']);
});
