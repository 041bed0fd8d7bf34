import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { TeaChestError } from '../../../src/core/base/errors.ts';
import type { FakeGiteaOptions } from '../../fakeGitea/options.ts';
import { startFakeGitea } from '../../fakeGitea/fakeGitea.ts';
import { clientFor, dev, never, signedIn } from './testClient.ts';

const call = { signal: never };

async function signInError(
  t: TestContext,
  url: string,
  options: Parameters<typeof clientFor>[1],
): Promise<TeaChestError> {
  const client = clientFor(url, options);
  t.after(() => client.close());
  try {
    await client.checkSignIn(call);
  } catch (error) {
    assert.ok(error instanceof TeaChestError, String(error));
    assert.match(error.message, /^.{20,}\.$/s, 'a whole sentence');
    const said = JSON.stringify([error.message, error.facts, client.log]);
    const secret = options?.credential?.secret;
    if (secret !== undefined) assert.ok(!said.includes(secret), 'no secret is shown');
    return error;
  }
  return assert.fail('the sign-in was accepted');
}

async function fakeGiteaFor(t: TestContext, options: FakeGiteaOptions = {}): ReturnType<typeof startFakeGitea> {
  const fakeGitea = await startFakeGitea(options);
  t.after(() => fakeGitea.close());
  return fakeGitea;
}

async function serverFor(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('a password is accepted; the result has kind, version, scope and the server’s user name', async (t) => {
  const { fakeGitea, client } = await signedIn(t);
  assert.deepEqual(await client.checkSignIn(call), {
    kind: 'gitea',
    version: '1.26.4',
    scope: 'all',
    lacks: [],
    username: 'dev',
    webRoot: fakeGitea.origin,
    open: false,
  });
  assert.ok(!client.log.some((line) => line.includes(dev.secret)), 'the log has no secret');
});

test('a token with write:package is enough, whatever user name goes with it', async (t) => {
  const fakeGitea = await fakeGiteaFor(t);
  const client = clientFor(fakeGitea.url, {
    credential: { username: 'someone', secret: fakeGitea.createToken('dev', ['write:package']) },
  });
  t.after(() => client.close());
  const { scope, username } = await client.checkSignIn(call);
  assert.deepEqual([scope, username], ['write:package', 'someone']);
});

test('Forgejo is distinguished from Gitea', async (t) => {
  const { client } = await signedIn(t, { flavour: 'forgejo' });
  const { kind, version } = await client.checkSignIn(call);
  assert.deepEqual([kind, version], ['forgejo', '16.0.0+gitea-1.22.0']);
});

for (const options of [
  { version: '1.26.0' },
  { version: '1.25.5' },
  { version: '1.21.0', rootUrl: 'http://gitea:3000/gitea/' },
  { version: '1.18.5' },
  { version: '1.17.4' },
  { flavour: 'forgejo', version: '14.0.3+gitea-1.22.0', rootUrl: 'http://other.invalid/' },
  { requireSignIn: true },
] satisfies FakeGiteaOptions[]) {
  test(`sign-in works, and a wrong password is noticed: ${JSON.stringify(options)}`, async (t) => {
    const { fakeGitea, client } = await signedIn(t, options);
    assert.equal((await client.checkSignIn(call)).username, 'dev');
    const error = await signInError(t, fakeGitea.url, { credential: { username: 'dev', secret: 'wrong w0rd' } });
    assert.equal(error.code, options.version === '1.17.4' ? 'credentialsIgnored' : 'credentialsRejected');
  });
}

test('kind and version are read after the sign-in from a server that shows them to nobody else', async (t) => {
  for (const [options, expected] of [
    [{ flavour: 'forgejo' }, ['forgejo', '16.0.0+gitea-1.22.0']],
    [{ version: '1.25.5' }, ['gitea', '1.25.5']],
  ] as const) {
    const { fakeGitea, client } = await signedIn(t, { ...options, requireSignIn: true });
    const { kind, version } = await client.checkSignIn(call);
    assert.deepEqual([kind, version], expected);
    const narrow = clientFor(fakeGitea.url, {
      credential: { username: 'dev', secret: fakeGitea.createToken('dev', ['write:package']) },
    });
    t.after(() => narrow.close());
    assert.equal((await narrow.checkSignIn(call)).version, expected[1], 'no scope is needed');
  }
});

test('a sub-path install is found; an owner’s page is not one', async (t) => {
  const { fakeGitea, client } = await signedIn(t, { subPath: '/gitea' });
  assert.equal((await client.checkSignIn(call)).webRoot, `${fakeGitea.origin}/gitea`);
  const plain = await fakeGiteaFor(t);
  const other = clientFor(`${plain.origin}/team`, { credential: dev });
  t.after(() => other.close());
  assert.equal((await other.checkSignIn(call)).webRoot, plain.origin);
});

test('a token without a package scope is distinguished from a wrong one, with its scopes', async (t) => {
  const fakeGitea = await fakeGiteaFor(t);
  const narrow = await signInError(t, fakeGitea.url, {
    credential: { username: 'dev', secret: fakeGitea.createToken('dev', ['write:repository']) },
  });
  assert.equal(narrow.code, 'scopeMissing');
  assert.match(narrow.message, /write:package.*write:repository/);
  const readsUser = await signInError(t, fakeGitea.url, {
    credential: { username: 'dev', secret: fakeGitea.createToken('dev', ['read:user']) },
  });
  assert.equal(readsUser.code, 'scopeMissing');
});

test('spaces around a token make it a wrong one', async (t) => {
  const fakeGitea = await fakeGiteaFor(t);
  for (const scope of ['read:user', 'write:repository'] as const) {
    const token = fakeGitea.createToken('dev', [scope]);
    const spaced = await signInError(t, fakeGitea.url, { credential: { username: 'dev', secret: `${token} ` } });
    assert.equal(spaced.code, 'credentialsRejected');
    const bare = await signInError(t, fakeGitea.url, { credential: { username: 'dev', secret: token } });
    assert.equal(bare.code, 'scopeMissing');
  }
});

test('a read-only token is rejected, and the message has its scopes', async (t) => {
  const fakeGitea = await fakeGiteaFor(t);
  const error = await signInError(t, fakeGitea.url, {
    credential: { username: 'dev', secret: fakeGitea.createToken('dev', ['read:package']) },
  });
  assert.equal(error.code, 'scopeMissing');
  assert.match(error.message, /only read.*read:package/);
});

test('a password that needs a second factor is distinguished from a wrong one (Forgejo, older Gitea)', async (t) => {
  const challenge = 'Bearer realm="http://x/v2/token",service="container_registry",scope="*"';
  const host = await serverFor(t, (request, response) => {
    if (request.url === '/api/v1/version') response.end('{"version":"1.22.0"}');
    else if (request.url === '/api/v1/user') response.writeHead(401).end('{"message":"invalid provided OTP","url":""}');
    else response.writeHead(401, { 'www-authenticate': challenge }).end();
  });
  const error = await signInError(t, `http://${host}`, { credential: dev });
  assert.equal(error.code, 'oneTimePasswordNeeded');
});

test('otherwise the message names the second factor as a possible reason', async (t) => {
  const seed = { users: [{ name: 'dev', password: dev.secret, totpSecret: 'JBSWY3DPEHPK3PXP' }], organizations: [] };
  const fakeGitea = await fakeGiteaFor(t, { seed });
  const error = await signInError(t, fakeGitea.url, { credential: dev });
  assert.equal(error.code, 'credentialsRejected');
  assert.match(error.message, /second factor/);
});

test('without a credential the error is notSignedIn', async (t) => {
  const fakeGitea = await fakeGiteaFor(t);
  assert.equal((await signInError(t, fakeGitea.url, {})).code, 'notSignedIn');
});

test('credentials go only to the configured origin, whatever the realm says (#28039, #31002)', async (t) => {
  let trapped = 0;
  const trap = await serverFor(t, (_request, response) => {
    trapped++;
    response.end('{"token":"x"}');
  });
  const { fakeGitea, client } = await signedIn(t, { version: '1.20.0', rootUrl: `http://${trap}/` });
  await client.checkSignIn(call);
  assert.equal(trapped, 0);
  assert.ok(fakeGitea.requests.some(({ path }) => path.startsWith('/v2/token')));
});

test('a self-signed certificate is rejected with its details, and accepted once pinned', async (t) => {
  const fakeGitea = await fakeGiteaFor(t, { tls: 'valid' });
  const error = await signInError(t, fakeGitea.url, { credential: dev, trust: {} });
  assert.equal(error.code, 'certificateUntrusted');
  assert.equal(error.facts['fingerprint256'], fakeGitea.fingerprint256);
  for (const fact of ['subject', 'issuer', 'validFrom', 'validTo']) assert.ok(error.facts[fact], fact);
  const names = ['localhost', '127.0.0.1', '0:0:0:0:0:0:0:1', '127.0.0.2', 'gitea.test', 'gitea.example.com'];
  assert.deepEqual(error.facts['names'], names);
  assert.equal(fakeGitea.requests.length, 0, 'nothing was sent');

  const pinned = clientFor(fakeGitea.url, {
    credential: dev,
    trust: { pinnedFingerprint: fakeGitea.fingerprint256?.toUpperCase() ?? '' },
  });
  t.after(() => pinned.close());
  assert.equal((await pinned.checkSignIn(call)).username, 'dev');
});

test('another certificate than the pinned one is rejected with both fingerprints', async (t) => {
  const fakeGitea = await fakeGiteaFor(t, { tls: 'valid' });
  const error = await signInError(t, fakeGitea.url, { credential: dev, trust: { pinnedFingerprint: 'ab'.repeat(32) } });
  assert.equal(error.code, 'certificateChanged');
  assert.equal(error.facts['pinnedFingerprint'], 'ab'.repeat(32));
  assert.equal(error.facts['fingerprint256'], fakeGitea.fingerprint256);
  assert.equal(fakeGitea.requests.length, 0, 'nothing was sent');
});

for (const [tls, pattern] of [
  ['expired', /expired/],
  ['wrongHost', /another host name.*gitea\.example\.org/],
] as const) {
  test(`a certificate that is ${tls} is invalid, not only untrusted`, async (t) => {
    const fakeGitea = await fakeGiteaFor(t, { tls });
    const error = await signInError(t, fakeGitea.url, { credential: dev, trust: {} });
    assert.equal(error.code, 'certificateInvalid');
    assert.match(error.message, pattern);
    assert.equal(error.facts['fingerprint256'], fakeGitea.fingerprint256);
  });
}

test('https to an http server: an error with the address that works', async (t) => {
  const fakeGitea = await fakeGiteaFor(t);
  const error = await signInError(t, `https://${fakeGitea.host}`, { credential: dev, trust: {} });
  assert.equal(error.code, 'plainHttp');
  assert.equal(error.facts['suggestion'], `http://${fakeGitea.host}`);
});

test('http to an https server: an error with the address that works', async (t) => {
  const fakeGitea = await fakeGiteaFor(t, { tls: 'valid' });
  const error = await signInError(t, `http://${fakeGitea.host}`, { credential: dev });
  assert.equal(error.code, 'plainHttp');
  assert.equal(error.facts['suggestion'], `https://${fakeGitea.host}`);
});

for (const body of [
  'Client sent an HTTP request to an HTTPS server.\n',
  '<html><title>400 The plain HTTP request was sent to HTTPS port</title></html>',
]) {
  test(`http asked, and the server says “${body.slice(0, 30)}…”`, async (t) => {
    const host = await serverFor(t, (_request, response) => response.writeHead(400).end(body));
    const error = await signInError(t, `http://${host}`, { credential: dev });
    assert.deepEqual([error.code, error.facts['suggestion']], ['plainHttp', `https://${host}`]);
  });
}

test('plain http is not used unless it was allowed', async (t) => {
  const fakeGitea = await fakeGiteaFor(t);
  const error = await signInError(t, fakeGitea.url, { credential: dev, trust: {} });
  assert.equal(error.code, 'plainHttp');
  assert.equal(error.facts.httpNotAllowed, true);
  assert.equal(fakeGitea.requests.length, 0, 'nothing was sent');
});

test('no listener: unreachable, without retries', async (t) => {
  const fakeGitea = await startFakeGitea();
  await fakeGitea.close();
  const error = await signInError(t, fakeGitea.url, { credential: dev });
  assert.equal(error.code, 'registryUnreachable');
  assert.match(error.message, /nobody listens/);
});

test('a host name that does not exist', async (t) => {
  const error = await signInError(t, 'https://no-such-host.invalid', { credential: dev, trust: {} });
  assert.equal(error.code, 'registryUnreachable');
});

test('a web server that is not a registry', async (t) => {
  const host = await serverFor(t, (_request, response) =>
    response.setHeader('content-type', 'text/html').end('<html><title>Welcome</title></html>'),
  );
  const error = await signInError(t, `http://${host}`, { credential: dev });
  assert.equal(error.code, 'notARegistry');
  assert.match(error.message, /Welcome/);
});

test('a Gitea below a path whose proxy does not pass on /v2 is named as such (#21092)', async (t) => {
  const host = await serverFor(t, (request, response) => {
    if (request.url === '/gitea/api/v1/version') response.end('{"version":"1.26.4"}');
    else response.writeHead(404).end('404 page not found');
  });
  const error = await signInError(t, `http://${host}/gitea/`, { credential: dev });
  assert.equal(error.code, 'notARegistry');
  assert.match(error.message, /1\.26\.4.*\/v2.*root of the host/s);
});

test('a server that is down behind its proxy', async (t) => {
  const host = await serverFor(t, (_request, response) =>
    response.writeHead(502, { 'content-type': 'text/html' }).end('<html><title>502 Bad Gateway</title></html>'),
  );
  const error = await signInError(t, `http://${host}`, { credential: dev });
  assert.equal(error.code, 'registryFailed');
  assert.match(error.message, /502 Bad Gateway/);
});

test('a cancelled sign-in says so', async (t) => {
  const { fakeGitea, client } = await signedIn(t);
  fakeGitea.faults.add({ path: /token/, action: { kind: 'stall' } });
  const controller = new AbortController();
  const signingIn = client.checkSignIn({ signal: controller.signal });
  while (!fakeGitea.requests.some(({ fault }) => fault === 'stall')) await new Promise(setImmediate);
  controller.abort();
  await assert.rejects(signingIn, { code: 'cancelled' });
});
