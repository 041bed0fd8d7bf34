import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { TeaChestError } from '../../../../src/core/base/errors.ts';
import { tryOtherScheme } from '../../../../src/core/registry/http/tryOtherScheme.ts';
import { parseRegistryAddress } from '../../../../src/core/registry/registryAddress.ts';
import type { RegistryResponse } from '../../../../src/core/registry/http/httpTypes.ts';
import { createTransport } from '../../../../src/core/registry/http/transport.ts';
import type { ProxySettings, RegistryTrust } from '../../../../src/core/registry/types.ts';
import { startFakeGitea } from '../../../fakeGitea/fakeGitea.ts';
import { makeScratch } from '../../../tools/scratch.ts';
import { Authority } from './tls/authority.ts';
import { startProxy } from './proxyServer.ts';

const signal = new AbortController().signal;
const none: ProxySettings = { url: undefined, bypass: [] };

interface Asking {
  readonly origin: string;
  readonly trust?: RegistryTrust;
  readonly proxy?: ProxySettings;
  readonly environment?: Readonly<Record<string, string>>;
  readonly connectTime?: number;
}

async function ask(
  t: TestContext,
  { origin, trust = {}, proxy = none, environment = {}, ...rest }: Asking,
): Promise<RegistryResponse> {
  const transport = createTransport({
    ...{ address: parseRegistryAddress(origin), trust, proxy, environment, userAgent: 'tea-chest/test' },
    ...rest,
  });
  t.after(() => transport.close());
  return transport.send({ method: 'GET', url: new URL('/v2/', origin), signal });
}

async function failureOf(work: Promise<unknown>): Promise<TeaChestError> {
  return work.then(
    () => assert.fail('it went through'),
    (error: unknown) => error as TeaChestError,
  );
}

async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A name that only the proxy of these tests resolves. */
async function proxiedFakeGitea(t: TestContext): Promise<{ origin: string; trust: RegistryTrust }> {
  const fakeGitea = await startFakeGitea({ tls: 'valid' });
  t.after(() => fakeGitea.close());
  const { port } = new URL(fakeGitea.origin);
  return { origin: `https://localhost.test:${port}`, trust: { pinnedFingerprint: fakeGitea.fingerprint256 ?? '' } };
}

for (const scheme of ['http', 'https']) {
  test(`${scheme}: a proxy where nobody listens is named, with its source, its side, and where to list the registry`, async (t) => {
    const url = `http://me:s3cret@127.0.0.1:${await freePort()}`;
    const origin = `${scheme}://gitea.test:3000`;
    const trust = { allowHttp: true };
    const proxy = { url, bypass: [], source: 'the setting x.proxy', bypassSource: 'the setting x.noProxy' };
    const bySetting = await failureOf(ask(t, { origin, trust, proxy }));
    assert.equal(bySetting.code, 'proxyFailed');
    assert.match(
      bySetting.message,
      /The proxy 127\.0\.0\.1:\d+ cannot be used to reach gitea\.test:3000: nobody listens/,
    );
    assert.match(
      bySetting.message,
      /comes from the setting x\.proxy and is used by the machine on which Tea Chest runs/,
    );
    assert.match(bySetting.message, /add gitea\.test to the setting x\.noProxy\.$/);
    const environment = { [`${scheme}_proxy`]: url };
    const byVariable = await failureOf(ask(t, { origin, trust, environment }));
    assert.match(byVariable.message, new RegExp(`comes from the variable ${scheme}_proxy .* to NO_PROXY\\.$`));
    assert.doesNotMatch(JSON.stringify([bySetting, byVariable, byVariable.message]), /s3cret/);
  });
}

test('the setting for Proxy-Authorization is sent to the proxy, by http and by https, and to nobody else', async (t) => {
  const authorization = 'Bearer for-the-proxy';
  const fakeGitea = await startFakeGitea({});
  t.after(() => fakeGitea.close());
  const proxy = await startProxy(t, { authorization });
  const settings = { url: `http://${proxy.url}`, bypass: [], authorization };
  const origin = `http://localhost.test:${new URL(fakeGitea.origin).port}`;
  assert.equal((await ask(t, { origin, trust: { allowHttp: true }, proxy: settings })).status, 401);
  assert.equal((await ask(t, { ...(await proxiedFakeGitea(t)), proxy: settings })).status, 401);
  assert.deepEqual(
    proxy.log.map((line) => line.split(' ')[0]),
    ['GET', 'CONNECT'],
  );
  assert.ok(fakeGitea.requests.length > 0);
  assert.doesNotMatch(JSON.stringify(fakeGitea.requests), /for-the-proxy/);
});

test('a proxy at an IPv6 address, given with and without a scheme', async (t) => {
  const registry = await proxiedFakeGitea(t);
  const proxy = await startProxy(t, { host: '::1' });
  for (const url of [`http://${proxy.url}`, proxy.url]) {
    assert.equal((await ask(t, { ...registry, proxy: { url, bypass: [] } })).status, 401);
  }
  assert.equal(proxy.log.length, 2);
});

test('a proxy that is spoken to by TLS is judged as a registry is', async (t) => {
  const authority = await Authority.create(t);
  const proxy = await startProxy(t, { tls: await authority.issue('proxy') });
  const registry = await proxiedFakeGitea(t);
  const settings = { url: `https://${proxy.url}`, bypass: [] };
  await assert.rejects(ask(t, { ...registry, proxy: settings }), {
    code: 'certificateUntrusted',
    message: new RegExp(proxy.url),
  });
  assert.deepEqual(proxy.log, []);
  const scratch = await makeScratch('ca');
  t.after(() => scratch.remove());
  const caFile = join(scratch.path, 'ca.pem');
  await writeFile(caFile, authority.pem);
  assert.equal((await ask(t, { ...registry, trust: { ...registry.trust, caFile }, proxy: settings })).status, 401);
});

test('a registry in NO_PROXY is reached without the proxy', async (t) => {
  const fakeGitea = await startFakeGitea({ tls: 'valid' });
  t.after(() => fakeGitea.close());
  // Not this machine by its looks, so that only the list decides.
  const origin = fakeGitea.origin.replace('127.0.0.1', '[::ffff:127.0.0.1]');
  const trust = { pinnedFingerprint: fakeGitea.fingerprint256 ?? '' };
  const environment = { HTTPS_PROXY: `http://127.0.0.1:${await freePort()}` };
  await assert.rejects(ask(t, { origin, trust, environment }), { code: 'proxyFailed' });
  const listed = { ...environment, NO_PROXY: '::ffff:7f00:1' };
  assert.equal((await ask(t, { origin, trust, environment: listed })).status, 401);
});

async function otherScheme(failure: TeaChestError, origin: string, proxy = none): Promise<TeaChestError> {
  const address = parseRegistryAddress(origin);
  return tryOtherScheme(failure, { address, proxy, environment: {}, userAgent: 'tea-chest/test', signal });
}

test('a proxy that takes CONNECT and says nothing is given up, as the proxy’s fault', async (t) => {
  const proxy = await startProxy(t, { stalls: true });
  const settings = { url: `http://${proxy.url}`, bypass: [] };
  const origin = 'https://gitea.test';
  const failure = await failureOf(ask(t, { origin, proxy: settings, connectTime: 200 }));
  assert.equal(failure.code, 'proxyFailed');
  assert.match(failure.message, /cannot be used to reach gitea\.test: it did not answer in time/);
  assert.equal(await otherScheme(failure, origin, settings), failure);
});

for (const [what, answer] of [
  ['sends people on to https', (_request, response) => response.writeHead(301, { location: 'https://x/v2/' }).end()],
  ['says that there is no such page', (_request, response) => response.writeHead(404).end('not here')],
  ['is a gateway that reaches nobody', (_request, response) => response.writeHead(502).end('bad gateway')],
  ['shows a page to everybody', (_request, response) => response.writeHead(200).end('<html>hello</html>')],
] as const satisfies readonly (readonly [string, RequestListener])[]) {
  test(`where https fails, a plain http server that ${what} is no registry`, async (t) => {
    const server = createServer(answer);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => server.close());
    const origin = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const failure = await failureOf(ask(t, { origin }));
    assert.equal(failure.code, 'plainHttp');
    assert.equal(await otherScheme(failure, origin), failure);
  });
}

test('where https fails, a registry that answers by plain http is named', async (t) => {
  const fakeGitea = await startFakeGitea({});
  t.after(() => fakeGitea.close());
  const origin = fakeGitea.origin.replace('http:', 'https:');
  const failure = await failureOf(ask(t, { origin }));
  assert.match((await otherScheme(failure, origin)).message, /speaks plain http, not https/);
});
