import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RegistryRequest, RegistryResponse, Send } from '../../../../src/core/registry/http/httpTypes.ts';
import { withinOrigin, withRedirects } from '../../../../src/core/registry/http/redirects.ts';

const origin = 'https://gitea.example.com';

/** Redirects once, then answers 200; keeps what it was asked. */
function redirecting(status: number, location: string): Send & { seen: RegistryRequest[] } {
  const send = async (request: RegistryRequest): Promise<RegistryResponse> => {
    send.seen.push(request);
    const first = send.seen.length === 1;
    const headers = first ? { location } : {};
    return Promise.resolve({ status: first ? status : 200, headers, body: Buffer.alloc(0), url: request.url });
  };
  send.seen = [] as RegistryRequest[];
  return send;
}

const request = (method: RegistryRequest['method']): RegistryRequest => ({
  method,
  url: new URL(`${origin}/v2/Old/app/manifests/1`),
  headers: { authorization: 'Bearer t', accept: 'x' },
  signal: new AbortController().signal,
});

test('a renamed owner is followed with method and authorization (307 within the origin)', async () => {
  const send = redirecting(307, '/v2/new/app/manifests/1');
  const response = await withRedirects(send, origin)(request('PUT'));
  assert.equal(response.status, 200);
  assert.equal(response.url.href, `${origin}/v2/new/app/manifests/1`);
  assert.deepEqual([send.seen[1]?.method, send.seen[1]?.headers?.['authorization']], ['PUT', 'Bearer t']);
});

test('a read is followed to a storage elsewhere, without the authorization (SERVE_DIRECT)', async () => {
  const send = redirecting(307, 'https://s3.example.net/bucket/x?sig=1');
  await withRedirects(send, origin)(request('GET'));
  assert.deepEqual(send.seen[1]?.headers, { accept: 'x' });
});

for (const [what, method, status, location] of [
  ['a write to another origin', 'PUT', 307, 'https://other.example.com/x'],
  ['a write to another port', 'POST', 307, 'https://gitea.example.com:8443/x'],
  ['a read from https down to http', 'GET', 307, 'http://gitea.example.com/x'],
  ['a write that would become a read', 'POST', 302, '/user/login'],
  ['an address that is none', 'GET', 307, 'https://['],
] as const) {
  test(`${what} is not followed`, async () => {
    const send = redirecting(status, location);
    await assert.rejects(withRedirects(send, origin)(request(method)), { code: 'registryRefused' });
    assert.equal(send.seen.length, 1);
  });
}

test('a circle ends', async () => {
  const send: Send = async ({ url }) =>
    Promise.resolve({ status: 307, headers: { location: '/again' }, body: Buffer.alloc(0), url });
  await assert.rejects(withRedirects(send, origin)(request('GET')), { code: 'registryRefused' });
});

for (const location of ['ftp://elsewhere.example/x', 'data:text/plain,x', 'file:///etc/passwd']) {
  test(`${location} is not followed, from http either`, async () => {
    const plain = 'http://gitea.example.com';
    const send = redirecting(307, location);
    const asked = { ...request('GET'), url: new URL(`${plain}/v2/`) };
    await assert.rejects(withRedirects(send, plain)(asked), { code: 'registryRefused' });
    assert.equal(send.seen.length, 1);
  });
}

for (const status of [301, 302, 307, 308]) {
  test(`a request with a password is followed within the same origin (${status})`, async () => {
    const send = redirecting(status, '/auth/token');
    const response = await withinOrigin(send)(request('GET'));
    assert.equal(response.url.href, `${origin}/auth/token`);
    assert.equal(send.seen[1]?.headers?.['authorization'], 'Bearer t');
  });
}

for (const location of [
  'https://other.example.com/x',
  'http://gitea.example.com/x',
  'https://gitea.example.com:8443/x',
]) {
  test(`a request with a password does not follow to ${location}: the redirect is the answer`, async () => {
    const send = redirecting(302, location);
    assert.equal((await withinOrigin(send)(request('GET'))).status, 302);
    assert.equal(send.seen.length, 1);
  });
}

test('a token server that redirects to itself for ever is an error', async () => {
  const send: Send = async ({ url }) =>
    Promise.resolve({ status: 307, headers: { location: url.href }, body: Buffer.alloc(0), url });
  await assert.rejects(withinOrigin(send)(request('GET')), { code: 'registryRefused', message: /again and again/ });
});
