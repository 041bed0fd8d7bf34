import assert from 'node:assert/strict';
import { connect as connectHttp2 } from 'node:http2';
import { request as httpsRequest } from 'node:https';
import { createServer, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';

import { makeCertificate } from '../../fakeGitea/tls/certificate.ts';
import { startNginx, type Nginx, type NginxOptions } from '../../tools/nginx.ts';

interface Behind {
  readonly nginx: Nginx;
  /** What came through, in order. */
  readonly seen: IncomingMessage[];
}

/** A server that says what it saw, behind nginx. */
async function behind(t: TestContext, options: NginxOptions): Promise<Behind> {
  const seen: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    seen.push(request);
    request.resume();
    request.on('end', () => {
      response
        .writeHead(200, { 'Docker-Content-Digest': 'sha256:00', connection: 'keep-alive' })
        .end('from the server');
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const nginx = await startNginx(`127.0.0.1:${(server.address() as AddressInfo).port}`, options);
  t.after(async () => {
    await nginx.stop();
    server.closeAllConnections();
    server.close();
  });
  return { nginx, seen };
}

test('nginx forwards everything unchanged unless configured otherwise', async (t) => {
  const { nginx, seen } = await behind(t, {});
  const answer = await fetch(`${nginx.origin}/v2/`, { method: 'PATCH', body: 'x' });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('docker-content-digest'), 'sha256:00');
  assert.equal(seen[0]?.headers.host, nginx.host);
  assert.equal((await fetch(`${nginx.origin}/v2/`, { method: 'PATCH', body: Buffer.alloc(1_100_000) })).status, 413);
  assert.equal(seen.length, 1);
});

test('nginx refuses methods, hides headers, limits bodies and sends its own Host', async (t) => {
  const { nginx, seen } = await behind(t, {
    refusedMethods: { PATCH: 405, PUT: 501, DELETE: 403 },
    hiddenHeaders: ['Docker-Content-Digest'],
    bodyLimit: '10m',
    requestBuffering: false,
    passHost: false,
  });
  for (const [method, status] of Object.entries({ PATCH: 405, PUT: 501, DELETE: 403 })) {
    const refused = await fetch(nginx.origin, { method });
    assert.equal(refused.status, status);
    assert.match(await refused.text(), /nginx/);
  }
  assert.equal(seen.length, 0);
  const answer = await fetch(nginx.origin, { method: 'POST', body: Buffer.alloc(1_100_000) });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('docker-content-digest'), null);
  assert.notEqual(seen[0]?.headers.host, nginx.host);
});

test('a sign-in gateway sends whoever has no cookie to a page on another origin', async (t) => {
  const { nginx, seen } = await behind(t, { signInGateway: true });
  const turned = await fetch(`${nginx.origin}/v2/`, { redirect: 'manual' });
  assert.equal(turned.status, 302);
  assert.equal(turned.headers.get('location'), `${nginx.signInPage ?? ''}?rd=/v2/`);
  const page = await fetch(`${nginx.origin}/v2/`);
  assert.equal(page.status, 200);
  assert.equal(page.headers.get('content-type'), 'text/html');
  assert.match(await page.text(), /Sign in/);
  assert.equal(seen.length, 0);
  assert.equal((await fetch(nginx.origin, { headers: { cookie: 'gateway=1' } })).status, 200);
});

test('nginx ends TLS and closes connections as configured', async (t) => {
  const tls = makeCertificate('valid');
  const { nginx, seen } = await behind(t, { tls, keepAliveSeconds: 0 });
  const asked = httpsRequest(`${nginx.origin}/v2/`, { ca: tls.certificatePem }).end();
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  answer.resume();
  assert.equal(answer.headers.connection, 'close');
  assert.equal(seen[0]?.headers['x-forwarded-proto'], 'https');
});

test('nginx speaks HTTP/2 where it is offered', async (t) => {
  const tls = makeCertificate('valid');
  const { nginx } = await behind(t, { tls, http2: true });
  const session = connectHttp2(nginx.origin, { ca: tls.certificatePem });
  const stream = session.request({ ':path': '/v2/' });
  const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
  assert.equal(headers[':status'], 200);
  stream.resume();
  session.close();
});

test('nginx gives up on a server that is silent for too long', async (t) => {
  const silent = createServer(() => undefined);
  await once(silent.listen(0, '127.0.0.1'), 'listening');
  const nginx = await startNginx(`127.0.0.1:${(silent.address() as AddressInfo).port}`, { timeoutSeconds: 1 });
  t.after(async () => {
    await nginx.stop();
    silent.closeAllConnections();
    silent.close();
  });
  const answer = await fetch(nginx.origin);
  assert.equal(answer.status, 504);
  assert.match(await answer.text(), /504 Gateway Time-out/);
});
