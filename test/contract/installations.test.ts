import assert from 'node:assert/strict';
import { after, describe, test, type TestContext } from 'node:test';
import { clientFor, never } from '../unit/gitea/testClient.ts';
import { content, freshContent, manifestOf, octetStream, ociManifest, type Content } from './support/content.ts';
import { basic, type RawAnswer } from './support/rawHttp.ts';
import { Target, type Installation } from './support/target.ts';

/** Servers that are set up in another way. Against a real one each needs an address of its own; see `Target.openInstalled`. */
const opened: Target[] = [];
after(async () => {
  for (const target of opened) await target.close();
});

async function open(t: TestContext, installation?: Installation): Promise<Target | undefined> {
  const target = await (installation === undefined ? Target.open() : Target.openInstalled(installation));
  if (typeof target === 'string') {
    t.skip(target);
    return undefined;
  }
  opened.push(target);
  return target;
}

async function realmOf(target: Target, headers: Record<string, string>): Promise<string> {
  const answer = await target.exchange('GET', '/v2/', { headers });
  assert.equal(answer.status, 401);
  return /realm="([^"]*)"/.exec(answer.values('www-authenticate').join())?.[1] ?? '';
}

async function htmlUrlOf(target: Target, headers: Record<string, string>): Promise<string> {
  const { name, password } = target.account;
  const answer = await target.rest('GET', '/user', undefined, { ...basic(name, password), ...headers });
  return (JSON.parse(answer.text) as { html_url: string }).html_url;
}

const asked = { Host: 'asked.example:81' };
const forwarded = { ...asked, 'X-Forwarded-Proto': 'https' };

describe('a server that finds its address by the request', () => {
  test('says so in its realm and its links, whatever ROOT_URL is', async (t) => {
    const target = await open(t);
    if (target === undefined) return;
    if (!target.has('hostFromRequest')) {
      t.skip('since Gitea 1.26; Forgejo and older ones have the next case alone');
      return;
    }
    const page = `${target.subPath}/${target.account.name}`;
    assert.equal(await realmOf(target, asked), 'http://asked.example:81/v2/token');
    assert.equal(await realmOf(target, forwarded), 'https://asked.example:81/v2/token');
    assert.equal(await htmlUrlOf(target, asked), `http://asked.example:81${page}`);
    assert.equal(await htmlUrlOf(target, forwarded), `https://asked.example:81${page}`);
  });
});

describe('a server that finds its address by ROOT_URL (PUBLIC_URL_DETECTION=legacy)', () => {
  test('says so in its realm and its links, unless a proxy names the scheme; Locations have no host', async (t) => {
    const target = await open(t, 'legacyUrl');
    if (target === undefined) return;
    const realm = await realmOf(target, asked);
    const root = new URL(realm).origin;
    assert.equal(realm, `${root}/v2/token`);
    assert.notEqual(root, 'http://asked.example:81');
    const page = `${target.subPath}/${target.account.name}`;
    assert.equal(await htmlUrlOf(target, asked), `${root}${page}`);
    const whereAsked = target.has('hostIfForwarded') ? 'https://asked.example:81' : root;
    assert.equal(await realmOf(target, forwarded), `${whereAsked}/v2/token`);
    assert.equal(await htmlUrlOf(target, forwarded), `${whereAsked}${page}`);
    const upload = await target.registry('POST', `/v2/${target.owner}/${target.image()}/blobs/uploads/`, {
      headers: asked,
    });
    assert.match(String(upload.headers.location), new RegExp(`^/v2/${target.owner}/`));
  });
});

describe('a server whose packages are switched off', () => {
  test('has nothing at /v2, and its REST API lists nothing', async (t) => {
    const target = await open(t, 'packagesOff');
    if (target === undefined) return;
    for (const path of ['/v2/', '/v2', '/v2/token', `/v2/${target.owner}/app/tags/list`]) {
      const answer = await target.exchange('GET', path);
      assert.deepEqual([answer.status, answer.text], [404, 'Not found.\n'], path);
      assert.equal(answer.headers['content-type'], 'text/plain;charset=utf-8');
      assert.equal(answer.headers['www-authenticate'], undefined);
    }
    const list = await target.rest('GET', `/packages/${target.account.name}?type=container`);
    assert.deepEqual([list.status, list.text.trimEnd()], [200, '[]']);
  });
});

describe('a server that shows nothing before the sign-in (REQUIRE_SIGNIN_VIEW)', () => {
  test('hides its version until then; a token needs no scope for it, and our sign-in reads it', async (t) => {
    const target = await open(t, 'signInRequired');
    if (target === undefined) return;
    assert.equal((await target.rest('GET', '/version', undefined, {})).status, 403);
    const secret = await target.personalToken(['write:package']);
    const shown = await target.rest('GET', '/version', undefined, basic(target.account.name, secret));
    assert.deepEqual([shown.status, JSON.parse(shown.text)], [200, { version: target.capabilities.version }]);
    const credential = { username: target.account.name, secret };
    const client = clientFor(`${target.http.origin}${target.subPath}`, { credential });
    t.after(() => client.close());
    const { version, requiresSignIn } = await client.server({ signal: never });
    assert.deepEqual([version, requiresSignIn], [undefined, true]);
    assert.equal((await client.checkSignIn({ signal: never })).version, target.capabilities.version);
  });
});

/** Set up with LIMIT_SIZE_CONTAINER = 2500 and LIMIT_TOTAL_OWNER_SIZE = 3000. */
describe('a server with limits', () => {
  test('counts what versions have, not blobs that no manifest names; it refuses without a message', async (t) => {
    const target = await open(t, 'limited');
    if (target === undefined) return;
    const user = await target.user();
    const headers = await target.authorize(user.name, user.password);
    const image = target.image('image', user);
    const put = async ({ bytes, digest }: Content): Promise<RawAnswer> => {
      const path = `/v2/${user.name}/${image}/blobs/uploads/?digest=${digest}`;
      return target.exchange('POST', path, { headers: { ...headers, ...octetStream }, body: bytes });
    };
    const tooLarge = await put(freshContent(2501));
    assert.deepEqual([tooLarge.status, tooLarge.text], [403, '']);
    const [config, layer] = [content('{}'), freshContent(2000)];
    for (const blob of [config, layer, freshContent(2000)]) assert.equal((await put(blob)).status, 201);
    const manifest = manifestOf(config, [layer]);
    const path = `/v2/${user.name}/${image}/manifests/v1`;
    const stored = await target.exchange('PUT', path, {
      headers: { ...headers, 'Content-Type': ociManifest },
      body: manifest.bytes,
    });
    assert.equal(stored.status, 201, stored.text);
    const over = await put(freshContent(1000));
    assert.deepEqual([over.status, over.text], [403, '']);
  });
});
