import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, test } from 'node:test';
import { checkServerIdentity } from 'node:tls';
import { basic, RawHttp } from '../../contract/support/rawHttp.ts';
import { defaultSeed } from '../../fakeGitea/model/seed.ts';
import { totp } from '../../fakeGitea/model/totp.ts';
import { makeCertificate } from '../../fakeGitea/tls/certificate.ts';
import { bench, digestOf } from './support.ts';

const octetStream = { 'Content-Type': 'application/octet-stream' };

describe('TLS', () => {
  test('is trusted by whoever trusts the certificate, and by nobody else', async () => {
    await using b = await bench({ tls: 'valid' });
    assert.equal((await b.ask('GET', '/v2/')).status, 200);
    const certificate = new X509Certificate(b.fakeGitea.certificatePem ?? '');
    assert.equal(certificate.fingerprint256.replaceAll(':', '').toLowerCase(), b.fakeGitea.fingerprint256);
    const client = new RawHttp(b.fakeGitea.origin);
    await assert.rejects(client.request('GET', '/v2/'), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    client.close();
  });

  test('can be expired, or for another host', async () => {
    await using expired = await bench({ tls: 'expired' });
    await assert.rejects(expired.ask('GET', '/v2/'), { code: 'CERT_HAS_EXPIRED' });
    await using elsewhere = await bench({ tls: 'wrongHost' });
    await assert.rejects(elsewhere.ask('GET', '/v2/'), { code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
  });

  test('answers a client that speaks plain http as Go does', async () => {
    await using b = await bench({ tls: 'valid' });
    const plain = new RawHttp(b.fakeGitea.origin.replace('https:', 'http:'));
    const answer = await plain.request('GET', '/v2/');
    assert.equal(answer.status, 400);
    assert.equal(answer.text, 'Client sent an HTTP request to an HTTPS server.\n');
    plain.close();
  });

  test('certificates name the host by name and address', () => {
    const certificate = new X509Certificate(makeCertificate('valid').certificatePem);
    assert(certificate.verify(certificate.publicKey));
    for (const host of ['localhost', '127.0.0.1']) {
      assert.equal(checkServerIdentity(host, certificate.toLegacyObject() as never), undefined);
    }
  });
});

describe('the realm', () => {
  const realmOf = async (options: Parameters<typeof bench>[0], headers = {}): Promise<string> => {
    await using b = await bench(options);
    const answer = await b.http.request('GET', '/v2/', { headers });
    return (/realm="([^"]*)"/.exec(String(answer.headers['www-authenticate']))?.[1] ?? '').replace(
      b.fakeGitea.host,
      'asked',
    );
  };
  const rootUrl = 'https://gitea.example.org/git/';

  test('is where the request came to, or ROOT_URL, by version', async () => {
    assert.equal(await realmOf({ rootUrl }), 'http://asked/v2/token');
    assert.equal(await realmOf({ rootUrl, version: '1.25.3' }), 'https://gitea.example.org/v2/token');
    const forwarded = { 'X-Forwarded-Proto': 'https' };
    assert.equal(await realmOf({ rootUrl, version: '1.25.3' }, forwarded), 'https://asked/v2/token');
    assert.equal(await realmOf({ rootUrl, version: '1.21.0' }, forwarded), 'https://gitea.example.org/git/v2/token');
    assert.equal(await realmOf({ rootUrl, flavour: 'forgejo' }), 'https://gitea.example.org/git/v2/token');
  });

  test('is http where a proxy ends TLS and does not say so', async () => {
    assert.equal(await realmOf({ tls: 'valid', tlsEndsAtProxy: true }), 'http://asked/v2/token');
  });
});

describe('an owner that was renamed', () => {
  test('is sent on to below the sub-path, even by the registry, which is not there (as Gitea does)', async () => {
    await using b = await bench({ subPath: '/gitea' });
    b.fakeGitea.directory.rename(b.fakeGitea.directory.user('dev'), 'Developer');
    const location = async (path: string): Promise<unknown> =>
      (await b.http.request('GET', path, { headers: b.admin })).headers.location;
    assert.equal(await location('/v2/dev/app/tags/list'), '/gitea/v2/Developer/app/tags/list');
    assert.equal(await location('/gitea/api/v1/packages/dev?q=a'), '/gitea/api/v1/packages/Developer?q=a');
  });

  test('is anybody who takes the name', async () => {
    await using b = await bench();
    b.fakeGitea.directory.rename(b.fakeGitea.directory.user('dev'), 'developer');
    b.fakeGitea.directory.addUser({ name: 'dev', password: 'x' });
    assert.equal((await b.http.request('GET', '/v2/dev/app/tags/list', { headers: b.admin })).status, 404);
  });
});

describe('JSON bodies', () => {
  test('end with or without a line feed, as the server was built', async () => {
    for (const newJson of [false, true]) {
      await using b = await bench({ newJson });
      for (const path of ['/api/v1/version', '/v2/token', '/v2/dev/app/tags/list']) {
        const { text, headers } = await b.ask('GET', path);
        assert.equal(text.endsWith('\n'), !newJson, path);
        assert.equal(headers['content-length'], String(text.length));
      }
    }
  });
});

describe('refused credentials', () => {
  const wrong = basic('dev', 'wrong');

  test('get a challenge, a text, or the ghost, by version', async () => {
    const ask = async (version: string): Promise<[number, string, boolean]> => {
      await using b = await bench({ version });
      const answer = await b.http.request('GET', '/v2/token', { headers: wrong });
      return [answer.status, answer.text.trim(), answer.headers['www-authenticate'] !== undefined];
    };
    assert.deepEqual(await ask('1.26.4'), [401, '{"errors":[{"code":"UNAUTHORIZED","message":""}]}', true]);
    assert.deepEqual(await ask('1.25.0'), [401, 'Failed to authenticate user', false]);
    assert.deepEqual(await ask('1.21.0'), [401, 'authGroup.Verify', false]);
    assert.deepEqual(await ask('1.18.0'), [401, 'Verify', false]);
    const [status, body] = await ask('1.17.0');
    assert.equal(status, 200);
    assert.match(Buffer.from(body.split('.')[1] ?? '', 'base64url').toString(), /"UserID":-1/);
  });

  test('are challenged with Basic where the owner is hidden, or always', async () => {
    const challenges = async (options: Parameters<typeof bench>[0]): Promise<string[]> => {
      await using b = await bench(options);
      return (await b.http.request('GET', '/v2/')).values('www-authenticate').map((value) => value.split(' ')[0] ?? '');
    };
    assert.deepEqual(await challenges({}), ['Bearer']);
    assert.deepEqual(await challenges({ version: '1.26.0' }), ['Bearer', 'Basic']);
    assert.deepEqual(await challenges({ requireSignIn: true }), ['Bearer', 'Basic']);
    assert.deepEqual(await challenges({ flavour: 'forgejo', version: '14.0.3' }), ['Bearer']);
    await using b = await bench({ flavour: 'forgejo', version: '14.0.3' });
    assert.match(String((await b.http.request('GET', '/v2/')).headers['www-authenticate']), /, Basic realm=/);
  });
});

describe('sign-in', () => {
  test('may be required of everybody', async () => {
    await using b = await bench({ requireSignIn: true });
    assert.equal((await b.http.request('GET', '/v2/token')).status, 401);
    assert.equal((await b.http.request('GET', '/api/v1/version')).status, 403);
    assert.equal((await b.ask('GET', '/v2/token')).status, 200);
  });

  test('by password may be off; tokens work all the same', async () => {
    await using b = await bench({ passwordSignIn: false });
    assert.equal((await b.ask('GET', '/v2/token')).status, 401);
    const secret = b.fakeGitea.createToken('dev', ['write:package']);
    assert.equal((await b.http.request('GET', '/v2/token', { headers: basic('dev', secret) })).status, 200);
  });

  test('by password may need a one-time password, each good for once', async () => {
    const totpSecret = 'JBSWY3DPEHPK3PXP';
    const now = Date.UTC(2026, 10, 24);
    const careful = { name: 'careful', password: 'secret', totpSecret };
    const seed = { ...defaultSeed, users: [...defaultSeed.users, careful] };
    await using b = await bench({ seed, clock: () => now });
    const sign = async (headers: Record<string, string>): Promise<number> =>
      (await b.http.request('GET', '/v2/token', { headers: { ...basic('careful', 'secret'), ...headers } })).status;
    assert.equal(await sign({}), 401);
    assert.equal(await sign({ 'X-Gitea-OTP': '000000' }), 401);
    assert.equal(await sign({ 'X-Gitea-OTP': totp(totpSecret, now) }), 200);
    assert.equal(await sign({ 'X-Gitea-OTP': totp(totpSecret, now) }), 401);
    const secret = b.fakeGitea.createToken('careful', ['write:package']);
    assert.equal((await b.http.request('GET', '/v2/token', { headers: basic('careful', secret) })).status, 200);
  });

  test('one-time passwords are those of RFC 6238', () => {
    const secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'; // "12345678901234567890", the secret of its appendix B
    assert.equal(totp(secret, 59_000), '287082');
    assert.equal(totp(secret, 1_111_111_109_000), '081804');
    assert.equal(totp(secret, 20_000_000_000_000), '353130');
  });

  test('gives a token that ends when it says', async () => {
    let now = Date.UTC(2026, 10, 24);
    await using b = await bench({ tokenLifetimeSeconds: 60, clock: () => now });
    const { token } = JSON.parse((await b.ask('GET', '/v2/token')).text) as { token: string };
    const ping = async (): Promise<number> =>
      (await b.http.request('GET', '/v2/', { headers: { Authorization: `Bearer ${token}` } })).status;
    assert.equal(await ping(), 200);
    now += 60_000;
    assert.equal(await ping(), 401);
  });
});

describe('a sub-path', () => {
  test('is where pages and REST API are; the registry stays at the root', async () => {
    await using b = await bench({ subPath: '/gitea' });
    assert.equal(b.fakeGitea.url, `${b.fakeGitea.origin}/gitea`);
    assert.equal((await b.ask('GET', '/gitea/api/v1/user')).status, 200);
    assert.equal((await b.ask('GET', '/api/v1/user')).status, 404);
    assert.equal((await b.ask('GET', '/v2/')).status, 200);
    assert.equal((await b.ask('GET', '/gitea/v2/')).status, 404);
    await b.pushTag('v1');
    const rows = JSON.parse((await b.ask('GET', '/gitea/api/v1/packages/dev')).text) as { html_url: string }[];
    const page = rows[0]?.html_url ?? '';
    assert(page.startsWith(`${b.fakeGitea.url}/dev/-/packages/container/app/v1`), page);
    const shown = await b.http.request('GET', new URL(page).pathname);
    assert.equal(shown.status, 200);
    assert(shown.text.includes(`docker pull ${b.fakeGitea.host}/dev/app:v1`));
  });
});

describe('SERVE_DIRECT', () => {
  test('sends reads to another origin, which wants no Authorization', async () => {
    await using b = await bench({ serveDirect: true });
    const bytes = Buffer.from('a blob elsewhere');
    const { digest } = await b.putBlob(bytes);
    const path = `/v2/dev/app/blobs/${digest}`;
    assert.equal((await b.ask('HEAD', path)).status, 200);
    const redirect = await b.ask('GET', path);
    assert.equal(redirect.status, 307);
    const location = new URL(redirect.headers.location ?? '');
    assert.notEqual(location.origin, b.fakeGitea.origin);
    const store = new RawHttp(location.origin);
    const key = location.pathname + location.search;
    assert.deepEqual((await store.request('GET', key)).body, bytes);
    assert.equal((await store.request('GET', key, { headers: b.dev })).status, 400);
    assert.equal((await store.request('GET', location.pathname)).status, 403);
    store.close();
    assert.equal(b.fakeGitea.requests.filter(({ toStorage }) => toStorage).length, 3);
    await b.pushTag('v1');
    assert.equal((await b.ask('GET', '/v2/dev/app/manifests/v1')).status, 307);
  });
});

describe('quotas', () => {
  test('refuse with 403 and no message, after the whole upload; admins are exempt', async () => {
    await using b = await bench({ limits: { blobSize: 500, totalCount: 1 } });
    const location = await b.openUpload();
    const body = Buffer.alloc(501, 'x');
    assert.equal((await b.ask('PATCH', location, { headers: octetStream, body })).status, 202);
    const path = `${location}?digest=${digestOf(body)}`;
    const refused = await b.ask('PUT', path, { headers: octetStream });
    assert.deepEqual([refused.status, refused.text, refused.headers['content-length']], [403, '', '0']);
    assert.equal((await b.http.request('PUT', path, { headers: { ...b.admin, ...octetStream } })).status, 201);
    assert.equal((await b.pushTag('v1')).status, 201);
    assert.equal((await b.pushTag('v1')).status, 201);
    assert.equal((await b.pushTag('v2')).status, 403);
  });

  test('of Forgejo refuse at once with 413, once there is too much', async () => {
    await using b = await bench({ flavour: 'forgejo', limits: { softQuota: 1000 } });
    await b.putBlob(Buffer.alloc(1000, 'x'));
    await b.pushTag('v1');
    const answer = await b.ask('POST', '/v2/dev/app/blobs/uploads/');
    assert.deepEqual([answer.status, answer.text], [413, 'enforcePackagesQuota\n']);
    const check = await b.ask('GET', '/api/v1/user/quota/check?subject=size:assets:packages:all');
    assert.equal(check.text, 'false\n');
  });
});

describe('Forgejo', () => {
  test('has the old ranges, and checks scopes in the registry', async () => {
    await using b = await bench({ flavour: 'forgejo' });
    const opened = await b.ask('POST', '/v2/dev/app/blobs/uploads/');
    assert.equal(opened.headers.range, '0-0');
    const location = opened.headers.location ?? '';
    assert.equal((await b.ask('PATCH', location, { headers: octetStream, body: 'ten bytes!' })).headers.range, '0-9');
    assert.equal((await b.ask('GET', location)).headers.range, '0-10');
    const narrow = basic('dev', b.fakeGitea.createToken('dev', ['read:repository']));
    const token = await b.http.request('GET', '/v2/token', { headers: narrow });
    assert.equal(token.status, 200);
    const headers = { Authorization: `Bearer ${(JSON.parse(token.text) as { token: string }).token}` };
    const refused = await b.http.request('POST', '/v2/dev/app/blobs/uploads/', { headers });
    assert.deepEqual([refused.status, refused.text], [401, 'reqPackageAccess\n']);
  });

  test('serves a part of a blob', async () => {
    await using b = await bench({ flavour: 'forgejo' });
    const { digest } = await b.putBlob(Buffer.from('0123456789'));
    const answer = await b.ask('GET', `/v2/dev/app/blobs/${digest}`, { headers: { Range: 'bytes=2-4' } });
    assert.deepEqual([answer.status, answer.text, answer.headers['content-range']], [206, '234', 'bytes 2-4/10']);
  });
});

describe('older versions', () => {
  test('claim a mount that they did not make', async () => {
    await using b = await bench({ version: '1.18.0' });
    const { digest } = await b.putBlob();
    assert.equal((await b.ask('POST', `/v2/dev/other/blobs/uploads/?mount=${digest}`)).status, 201);
    assert.equal((await b.ask('HEAD', `/v2/dev/other/blobs/${digest}`)).status, 404);
  });

  test('do not look at the scope of a token', async () => {
    await using b = await bench({ version: '1.22.1' });
    const headers = basic('dev', b.fakeGitea.createToken('dev', ['read:repository']));
    assert.equal((await b.http.request('POST', '/v2/dev/app/blobs/uploads/', { headers })).status, 202);
  });

  test('do not know Basic on /v2/ itself', async () => {
    await using b = await bench({ version: '1.25.5' });
    assert.equal((await b.ask('GET', '/v2/')).status, 401);
    assert.equal((await b.ask('GET', '/v2/dev/app/tags/list')).status, 404);
  });

  test('fail at a config that is no JSON, or at a missing layer', async () => {
    await using old = await bench({ version: '1.24.0' });
    assert.equal((await old.pushTag('v1', Buffer.from('no json'))).status, 500);
    await using panicking = await bench({ version: '1.25.1' });
    const mediaType = 'application/vnd.oci.image.manifest.v1+json';
    const manifest = {
      schemaVersion: 2,
      mediaType,
      config: { digest: `sha256:${'0'.repeat(64)}`, size: 1 },
      layers: [],
    };
    const request = { headers: { 'Content-Type': mediaType }, body: JSON.stringify(manifest) };
    assert.equal((await panicking.ask('PUT', '/v2/dev/app/manifests/v1', request)).status, 500);
  });
});

test('closing removes all that was stored', async () => {
  const b = await bench();
  const { digest } = await b.putBlob();
  const path = b.fakeGitea.blob(digest)?.path ?? '';
  assert(existsSync(path));
  await b[Symbol.asyncDispose]();
  assert(!existsSync(dirname(dirname(path))));
});
