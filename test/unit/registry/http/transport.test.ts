import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import net, { type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { inspectCertificate } from '../../../../src/core/registry/http/tls/inspectCertificate.ts';
import type { RegistryRequest } from '../../../../src/core/registry/http/httpTypes.ts';
import { parseRegistryAddress } from '../../../../src/core/registry/registryAddress.ts';
import { createTransport, type Transport } from '../../../../src/core/registry/http/transport.ts';
import type { RegistryTrust } from '../../../../src/core/registry/types.ts';
import { startFakeGitea, type FakeGitea } from '../../../fakeGitea/fakeGitea.ts';
import type { FakeGiteaOptions } from '../../../fakeGitea/options.ts';
import { makeCertificate } from '../../../fakeGitea/tls/certificate.ts';
import { makeScratch } from '../../../tools/scratch.ts';
import { startProxy } from './proxyServer.ts';
import { settled } from '../../../tools/eventLoop.ts';

const signal = new AbortController().signal;

async function fakeGiteaFor(t: TestContext, options: FakeGiteaOptions): Promise<FakeGitea> {
  const fakeGitea = await startFakeGitea(options);
  t.after(() => fakeGitea.close());
  return fakeGitea;
}

function transportTo(t: TestContext, origin: string, trust: RegistryTrust, proxy?: string): Transport {
  const transport = createTransport({
    address: parseRegistryAddress(origin),
    trust,
    proxy: { url: proxy, bypass: [] },
    environment: {},
    userAgent: 'tea-chest/test',
  });
  t.after(() => transport.close());
  return transport;
}

const ping = (origin: string): RegistryRequest => ({ method: 'GET', url: new URL('/v2/', origin), signal });

test('a CA file vouches for a registry of one’s own', async (t) => {
  const fakeGitea = await fakeGiteaFor(t, { tls: 'valid' });
  const scratch = await makeScratch('ca');
  t.after(() => scratch.remove());
  const caFile = join(scratch.path, 'ca.pem');
  await writeFile(caFile, fakeGitea.certificatePem ?? '');
  assert.equal((await transportTo(t, fakeGitea.origin, { caFile }).send(ping(fakeGitea.origin))).status, 401);
});

test('a CA vouches neither for another name nor beyond the dates', async (t) => {
  for (const tls of ['wrongHost', 'expired'] as const) {
    const fakeGitea = await fakeGiteaFor(t, { tls });
    const scratch = await makeScratch('ca');
    t.after(() => scratch.remove());
    const caFile = join(scratch.path, 'ca.pem');
    await writeFile(caFile, fakeGitea.certificatePem ?? '');
    await assert.rejects(transportTo(t, fakeGitea.origin, { caFile }).send(ping(fakeGitea.origin)), {
      code: 'certificateInvalid',
    });
  }
});

test('a CA file that cannot be used is named', async (t) => {
  const fakeGitea = await fakeGiteaFor(t, { tls: 'valid' });
  for (const caFile of ['/does/not/exist.pem', import.meta.filename]) {
    const sending = transportTo(t, fakeGitea.origin, { caFile }).send(ping(fakeGitea.origin));
    await assert.rejects(sending, { code: 'argumentInvalid', message: new RegExp(caFile) });
  }
});

test('a certificate that changes while a transport is in use is noticed at the next connection', async (t) => {
  const first = await fakeGiteaFor(t, { tls: 'valid' });
  const pinnedFingerprint = first.fingerprint256 ?? '';
  const transport = transportTo(t, first.origin, { pinnedFingerprint });
  assert.equal((await transport.send(ping(first.origin))).status, 401);
  await first.goDown();
  const second = await fakeGiteaFor(t, { tls: 'valid', port: Number(new URL(first.origin).port) });
  await assert.rejects(transport.send(ping(first.origin)), { code: 'certificateChanged' });
  assert.equal(second.requests.length, 0, 'nothing was sent');
});

test('a certificate can be looked at without sending anything', async (t) => {
  const fakeGitea = await fakeGiteaFor(t, { tls: 'expired' });
  const details = await inspectCertificate(parseRegistryAddress(fakeGitea.origin), {
    proxy: { url: undefined, bypass: [] },
    environment: {},
    signal,
  });
  assert.equal(details.fingerprint256, fakeGitea.fingerprint256);
  assert.match(details.problem ?? '', /it has expired/);
  assert.match(details.subject, /Tea Chest fake Gitea/);
  assert.ok(new Date(details.validTo).getTime() < Date.now());
  assert.equal(fakeGitea.requests.length, 0);
});

test('https goes through a tunnel of the proxy, and the certificate is still judged', async (t) => {
  const fakeGitea = await fakeGiteaFor(t, { tls: 'valid' });
  const proxy = await startProxy(t);
  const { port } = new URL(fakeGitea.origin);
  const origin = `https://localhost.test:${port}`;
  const pinned = { pinnedFingerprint: fakeGitea.fingerprint256 ?? '' };
  assert.equal((await transportTo(t, origin, pinned, `http://${proxy.url}`).send(ping(origin))).status, 401);
  assert.deepEqual(proxy.log, [`CONNECT localhost.test:${port}`]);
  const judged = transportTo(t, origin, {}, `http://${proxy.url}`).send(ping(origin));
  await assert.rejects(judged, { code: 'certificateInvalid' });
});

test('plain http goes to the proxy as a whole URL, with the proxy’s password for the proxy only', async (t) => {
  const fakeGitea = await fakeGiteaFor(t, {});
  const proxy = await startProxy(t, { user: 'me:p:w' });
  const origin = `http://localhost.test:${new URL(fakeGitea.origin).port}`;
  const transport = transportTo(t, origin, { allowHttp: true }, `http://me:p%3Aw@${proxy.url}`);
  assert.equal((await transport.send(ping(origin))).status, 401);
  assert.deepEqual(proxy.log, [`GET ${origin}/v2/`]);
});

for (const scheme of ['http', 'https']) {
  test(`${scheme}: a proxy that wants a password, or is not there, is reported as the proxy’s fault`, async (t) => {
    const origin = `${scheme}://localhost.test:9`;
    const proxy = await startProxy(t, { user: 'me:pw' });
    const strict = transportTo(t, origin, { allowHttp: true }, `http://${proxy.url}`);
    await assert.rejects(strict.send(ping(origin)), { code: 'proxyFailed', message: /407/ });
    const gone = await startProxy(t);
    const server = net.createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const free = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    await new Promise((resolve) => server.close(resolve));
    assert.deepEqual(gone.log, []);
    const absent = transportTo(t, origin, { allowHttp: true }, `http://${free}`);
    await assert.rejects(absent.send(ping(origin)), { code: 'proxyFailed' });
  });
}

test('a proxy that does not find the registry is reported with its status', async (t) => {
  const proxy = await startProxy(t, { refuse: 502 });
  const origin = 'https://gitea.test';
  const sending = transportTo(t, origin, {}, `http://${proxy.url}`).send(ping(origin));
  await assert.rejects(sending, { code: 'proxyFailed', message: /502/ });
});

test('an https registry is never spoken to by plain http, whatever is allowed', async (t) => {
  const transport = transportTo(t, 'https://gitea.test', { allowHttp: true });
  await assert.rejects(transport.send(ping('http://gitea.test')), { code: 'plainHttp' });
});

test('an answer that comes before the body was read to its end is an answer', async (t) => {
  const fakeGitea = await fakeGiteaFor(t, {});
  let opened = 0;
  const response = await transportTo(t, fakeGitea.origin, { allowHttp: true }).send({
    method: 'PATCH',
    url: new URL('/v2/dev/app/blobs/uploads/none', fakeGitea.origin),
    signal,
    headers: { 'content-type': 'application/octet-stream' },
    body: {
      length: 64 * 1024 * 1024,
      replayable: true,
      open: async function* () {
        opened++;
        for (let i = 0; i < 1024; i++) yield Buffer.alloc(64 * 1024);
      },
    },
  });
  assert.deepEqual([response.status, opened], [401, 1]);
});

for (const scheme of ['http', 'https'] as const) {
  test(`${scheme}: memory that a body uses again has left before its next piece is asked for`, async (t) => {
    const certificate = makeCertificate('valid');
    const received = createHash('sha256');
    let asked = 0;
    const take = (request: IncomingMessage, response: ServerResponse): void => {
      // Not before what was sent first has filled the connection.
      request.once('readable', () => {
        void settled(() => asked).then(() => request.on('data', (bytes: Buffer) => received.update(bytes)));
      });
      request.on('end', () => response.writeHead(202).end());
    };
    const server =
      scheme === 'http'
        ? createServer(take)
        : createTlsServer({ cert: certificate.certificatePem, key: certificate.privateKeyPem }, take);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => server.close());
    const origin = `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const trust = scheme === 'http' ? { allowHttp: true } : { pinnedFingerprint: certificate.fingerprint256 };
    const sent = createHash('sha256');
    const memory = Buffer.alloc(512 * 1024);
    const pieces = 40;
    const response = await transportTo(t, origin, trust).send({
      method: 'PATCH',
      url: new URL('/', origin),
      signal,
      body: {
        length: pieces * memory.byteLength,
        replayable: true,
        open: async function* () {
          for (let i = 0; i < pieces; i++) {
            asked++;
            memory.fill(i);
            sent.update(memory);
            yield memory;
          }
        },
      },
    });
    assert.equal(response.status, 202);
    assert.equal(received.digest('hex'), sent.digest('hex'));
  });
}

test('closing ends what runs', async (t) => {
  const fakeGitea = await fakeGiteaFor(t, {});
  fakeGitea.faults.add({ action: { kind: 'stall' } });
  const transport = transportTo(t, fakeGitea.origin, { allowHttp: true });
  const sending = transport.send(ping(fakeGitea.origin));
  while (fakeGitea.requests.length === 0) await new Promise(setImmediate);
  await transport.close();
  await assert.rejects(sending);
});

test('asks one HEAD after another on one connection where the server says that it stays open', async (t) => {
  let connections = 0;
  const server = createServer((_request, response) => response.end());
  server.on('connection', () => connections++);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const transport = transportTo(t, origin, { allowHttp: true });
  for (let n = 0; n < 4; n++) {
    await transport.send({ ...ping(origin), method: 'HEAD' });
    // The connection is free for the next request a turn after the answer is.
    await new Promise(setImmediate);
  }
  assert.equal(connections, 1);
});
