import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { suite, test, type TestContext } from 'node:test';
import { TeaChestError } from '../../../src/core/base/errors.ts';
import { startFakeGitea, type FakeGitea } from '../../fakeGitea/fakeGitea.ts';
import { serve } from '../registry/localRegistry.ts';
import { clientFor, dev, never, packagesOf } from './testClient.ts';

const call = { signal: never };
const challenge = 'Bearer realm="http://x/v2/token",service="container_registry",scope="*"';

async function signInError(t: TestContext, url: string): Promise<TeaChestError> {
  const client = clientFor(url, { credential: dev });
  t.after(() => client.close());
  try {
    await client.checkSignIn(call);
  } catch (error) {
    assert.ok(error instanceof TeaChestError, String(error));
    return error;
  }
  return assert.fail('the sign-in was accepted');
}

async function fakeGiteaAt(t: TestContext, subPath: string): Promise<FakeGitea> {
  const fakeGitea = await startFakeGitea({ subPath });
  t.after(() => fakeGitea.close());
  return fakeGitea;
}

suite('the address of the install', () => {
  for (const [subPath, page] of [
    ['/gitea', '/gitea/dev'],
    ['/gitea', '/gitea/dev/app'],
    ['/tools/git', '/tools/git/dev'],
    ['', '/dev/app'],
    ['/gitea', '/gitea'],
  ] as const) {
    test(`is found from ${page} to be ${subPath === '' ? 'the host itself' : subPath}, and its REST API works`, async (t) => {
      const fakeGitea = await fakeGiteaAt(t, subPath);
      const client = clientFor(fakeGitea.origin + page, { credential: dev });
      t.after(() => client.close());
      assert.equal((await client.checkSignIn(call)).webRoot, fakeGitea.origin + subPath);
      assert.deepEqual(await packagesOf(client, 'dev'), []);
      assert.deepEqual(
        (await client.api.ownOwners(call)).owners.map(({ name }) => name),
        ['dev', 'readers', 'team'],
      );
    });
  }

  test('is searched in the first segments of a long path only', async (t) => {
    const fakeGitea = await fakeGiteaAt(t, '');
    const client = clientFor(`${fakeGitea.origin}/${'a/'.repeat(200)}`, { credential: dev });
    t.after(() => client.close());
    assert.equal((await client.checkSignIn(call)).webRoot, fakeGitea.origin);
    assert.ok(fakeGitea.requests.length < 20);
  });

  for (const publicUrlDetection of ['auto', 'legacy', 'never'] as const) {
    test(`is the address that was typed, whatever the server takes it to be (${publicUrlDetection})`, async (t) => {
      const fakeGitea = await startFakeGitea({
        publicUrlDetection,
        rootUrl: 'http://gitea.internal:3000/',
        tlsEndsAtProxy: true,
      });
      t.after(() => fakeGitea.close());
      const client = clientFor(fakeGitea.url, { credential: dev });
      t.after(() => client.close());
      const { webRoot, username } = await client.checkSignIn(call);
      assert.deepEqual([webRoot, username], [fakeGitea.origin, 'dev']);
      assert.equal((await client.repository('dev/app', call)).kind, 'gitea');
      assert.ok(!JSON.stringify(await packagesOf(client, 'dev')).includes('gitea.internal'));
      const token = fakeGitea.requests.filter(({ path }) => path.startsWith('/v2/token'));
      assert.ok(token.length > 0 && token.every(({ status }) => status === 200));
    });
  }

  test('has requiresSignIn', async (t) => {
    for (const requireSignIn of [false, true]) {
      const fakeGitea = await startFakeGitea({ requireSignIn });
      t.after(() => fakeGitea.close());
      const client = clientFor(fakeGitea.url, { credential: dev });
      t.after(() => client.close());
      assert.equal((await client.server(call)).requiresSignIn, requireSignIn);
    }
  });

  test('has a version and a user name in plain letters, or none', async (t) => {
    const fakeGitea = await fakeGiteaAt(t, '');
    const version = { status: 200, body: JSON.stringify({ version: '1.26](command:x)' }) };
    fakeGitea.faults.add({ path: /version/, times: Infinity, action: { kind: 'answer', reply: version } });
    const user = { status: 200, body: JSON.stringify({ login: 'dev\n$(reboot)' }) };
    fakeGitea.faults.add({ path: /api\/v1\/user$/, action: { kind: 'answer', reply: user } });
    const client = clientFor(fakeGitea.url, { credential: dev });
    t.after(() => client.close());
    const found = await client.checkSignIn(call);
    assert.deepEqual([found.version, found.username], [undefined, 'dev']);
  });

  test('without packages is reported as such', async (t) => {
    const fakeGitea = await startFakeGitea({ packages: false });
    t.after(() => fakeGitea.close());
    const error = await signInError(t, `${fakeGitea.origin}/dev`);
    assert.equal(error.code, 'notARegistry');
    assert.match(error.message, /1\.26\.4.*packages are switched off/);
  });
});

/** Counts what brings a credential. */
function watched(listener: RequestListener): { listener: RequestListener; secrets: () => number } {
  let secrets = 0;
  return {
    secrets: () => secrets,
    listener: (request, response) => {
      if (request.headers.authorization !== undefined) secrets++;
      listener(request, response);
    },
  };
}

const loginPage = '<!DOCTYPE html><html><head><title>Login - Authelia</title></head><body></body></html>';
const blankPage = '<html><body><form><input name="p" type="password"></form></body></html>';

suite('a sign-in page in front of the registry', () => {
  test('on another host gets no credential, and is named', async (t) => {
    const gateway = watched((_request, response) => response.setHeader('content-type', 'text/html').end(loginPage));
    const page = await serve(t, gateway.listener);
    const url = await serve(t, (_request, response) =>
      response.writeHead(302, { location: `${page}/login?rd=x` }).end(),
    );
    const error = await signInError(t, url);
    const host = new URL(page).host;
    assert.equal(error.code, 'notARegistry');
    assert.equal(
      error.message,
      `A sign-in page answered instead of the registry (host ${host}): /v2 and /api must be let through there.`,
    );
    assert.equal(error.facts['signInPage'], host);
    assert.equal(gateway.secrets(), 0);
  });

  test('by https, for a request by http, does not suggest https', async (t) => {
    const url = await serve(t, (_request, response) =>
      response.writeHead(302, { location: 'https://sso.example.org/login' }).end(),
    );
    const error = await signInError(t, url);
    assert.deepEqual([error.code, error.facts['signInPage']], ['notARegistry', 'sso.example.org']);
  });

  for (const status of [200, 401, 403]) {
    for (const [kind, html] of [
      ['by its title', loginPage],
      ['by its password field', blankPage],
    ] as const) {
      test(`that answers ${status} at /v2/ is known ${kind}`, async (t) => {
        const url = await serve(t, (_request, response) =>
          response.writeHead(status, { 'content-type': 'text/html; charset=utf-8' }).end(html),
        );
        const error = await signInError(t, url);
        assert.equal(error.code, 'notARegistry');
        assert.match(error.message, /^A sign-in page answered instead of the registry \(host 127\.0\.0\.1:\d+\)/);
      });
    }

    test(`that answers ${status} at /v2/token alone is named, and the credential is not called wrong`, async (t) => {
      const url = await serve(t, (request, response) => {
        if (request.url === '/api/v1/version') response.end('{"version":"1.26.4"}');
        else if (request.url === '/v2/') response.writeHead(401, { 'www-authenticate': challenge }).end();
        else response.writeHead(status, { 'content-type': 'text/html' }).end(loginPage);
      });
      const error = await signInError(t, url);
      assert.equal(error.code, 'notARegistry');
      assert.match(error.message, /^A sign-in page answered/);
    });
  }

  test('that /v2/token redirects to gets no credential', async (t) => {
    const gateway = watched((_request, response) => response.setHeader('content-type', 'text/html').end(loginPage));
    const page = await serve(t, gateway.listener);
    const url = await serve(t, (request, response) => {
      if (request.url === '/v2/') response.writeHead(401, { 'www-authenticate': challenge }).end();
      else response.writeHead(302, { location: page }).end();
    });
    const error = await signInError(t, url);
    assert.deepEqual([error.code, error.facts['signInPage']], ['notARegistry', new URL(page).host]);
    assert.equal(gateway.secrets(), 0);
  });

  test('a token that /v2/token redirects to on the same host is the token', async (t) => {
    const url = await serve(t, ({ url: target = '', headers }, response) => {
      if (target === '/v2/') response.writeHead(401, { 'www-authenticate': challenge }).end();
      else if (target.startsWith('/v2/token?'))
        response.writeHead(308, { location: target.replace('token?', 'token/?') }).end();
      else if (target.startsWith('/v2/token/?') && headers.authorization?.startsWith('Basic ')) {
        response.writeHead(503).end();
      } else response.writeHead(404).end();
    });
    const error = await signInError(t, url);
    assert.deepEqual([error.code, error.facts.status], ['registryFailed', 503]);
  });

  test('a page that is not a sign-in page is named by its title, with what to do if it is one', async (t) => {
    const url = await serve(t, (_request, response) =>
      response.setHeader('content-type', 'text/html').end('<html><title>Welcome to nginx!</title></html>'),
    );
    const error = await signInError(t, url);
    assert.equal(error.code, 'notARegistry');
    assert.match(error.message, /^A web page answered instead of the registry .*“Welcome to nginx!”.*\/v2 and \/api/);
  });
});

suite('redirects of GET /v2/', () => {
  for (const status of [301, 302, 307, 308]) {
    test(`${status} to /v2 of the same host is followed`, async (t) => {
      const fakeGitea = await fakeGiteaAt(t, '');
      const reply = { status, headers: { Location: '/v2' } };
      fakeGitea.faults.add({ path: /^\/v2\/$/, times: Infinity, action: { kind: 'answer', reply } });
      const client = clientFor(fakeGitea.url, { credential: dev });
      t.after(() => client.close());
      assert.equal((await client.checkSignIn(call)).kind, 'gitea');
    });
  }

  test('in a circle end', async (t) => {
    let asked = 0;
    const url = await serve(t, (request, response) => {
      asked++;
      response.writeHead(308, { location: request.url === '/v2/' ? '/v2' : '/v2/' }).end();
    });
    const error = await signInError(t, url);
    assert.equal(error.code, 'notARegistry');
    assert.match(error.message, /again and again/);
    assert.ok(asked < 10);
  });

  test('to a registry at another address are not followed; the error has the address', async (t) => {
    const other = watched((_request, response) => response.end('{}'));
    const movedTo = await serve(t, other.listener);
    const url = await serve(t, (_request, response) => response.writeHead(308, { location: `${movedTo}/v2/` }).end());
    const error = await signInError(t, url);
    assert.deepEqual([error.code, error.facts['suggestion']], ['notARegistry', movedTo]);
    assert.ok(error.message.includes(movedTo));
    assert.equal(other.secrets(), 0);
  });

  test('from http to https of the same host suggest https, with the redirect’s port', async (t) => {
    const url = await serve(t, (_request, response) =>
      response.writeHead(301, { location: 'https://127.0.0.1:8443/v2/' }).end(),
    );
    const error = await signInError(t, url);
    assert.deepEqual([error.code, error.facts['suggestion']], ['plainHttp', 'https://127.0.0.1:8443']);
  });
});

suite('a server that has no time', () => {
  for (const path of ['/v2/', '/v2/token']) {
    for (const [status, wait, messagePattern] of [
      [429, '30', /asks for fewer requests \(429\).*It asks to wait 30 seconds\.$/],
      [429, '300', /It asks to wait 5 minutes\.$/],
      [429, undefined, /asks for fewer requests \(429\)/],
      [503, '1', /answered 503.*It asks to wait 1 second\.$/],
      [502, undefined, /does not work at the moment: it answered 502/],
    ] as const) {
      test(`${status} at ${path}${wait === undefined ? '' : `, for ${wait} s,`} is reported as such`, async (t) => {
        const fakeGitea = await fakeGiteaAt(t, '');
        const reply = { status, headers: wait === undefined ? {} : { 'Retry-After': wait } };
        const pattern = new RegExp(`^${path}(?:\\?|$)`);
        fakeGitea.faults.add({ path: pattern, times: Infinity, action: { kind: 'answer', reply } });
        const error = await signInError(t, fakeGitea.url);
        assert.equal(error.code, 'registryFailed');
        assert.match(error.message, messagePattern);
        assert.equal(error.facts.retryAfterSeconds, wait === undefined ? undefined : Number(wait));
      });
    }
  }
});

test('a token with a space or a line break around it is not called valid', async (t) => {
  const fakeGitea = await fakeGiteaAt(t, '');
  const secret = fakeGitea.createToken('dev', ['write:package', 'read:user']);
  for (const typed of [`${secret} `, `${secret}\n`, ` ${secret}`]) {
    const client = clientFor(fakeGitea.url, { credential: { username: 'dev', secret: typed } });
    t.after(() => client.close());
    await assert.rejects(client.checkSignIn(call), { code: 'credentialsRejected', message: /space or a line break/ });
  }
});

test('JSON without a line feed at its end is accepted', async (t) => {
  const fakeGitea = await startFakeGitea({ newJson: true });
  t.after(() => fakeGitea.close());
  const client = clientFor(fakeGitea.url, { credential: dev });
  t.after(() => client.close());
  assert.equal((await client.checkSignIn(call)).username, 'dev');
  assert.deepEqual(await packagesOf(client, 'dev'), []);
});
