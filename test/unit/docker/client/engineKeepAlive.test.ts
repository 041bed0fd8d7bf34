import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import http, { type RequestListener } from 'node:http';
import https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { Engine } from '../../../../src/core/docker/client/engine.ts';
import type { ArchiveSubject, EngineTls } from '../../../../src/core/docker/types.ts';
import { makeCertificate } from '../../../fakeGitea/tls/certificate.ts';
import { patchAsEditorDoes } from '../../registry/http/editorPatch.ts';
import { layoutOf, tarOf } from '../archive/archives.ts';
import { engineAt, inspection, listOf, startFakeEngine, type Handler } from './fakeEngine.ts';

const { signal } = new AbortController();
const certificate = makeCertificate('valid');
const images = Array.from({ length: 34 }, (_, n) => `sha256:${String(n).padStart(64, '0')}`);

interface RemoteEngine {
  readonly engine: Engine;
  /** Connections in all, and the Host headers of the requests on them. */
  readonly connections: Set<Socket>;
  readonly hosts: Set<string | undefined>;
  /** What its export holds. */
  readonly image: ArchiveSubject;
}

/** An engine at an address that editors do not treat specially. */
async function startRemote(t: TestContext, scheme: 'tcp' | 'tls', host = '127.0.0.2'): Promise<RemoteEngine> {
  const { members, image } = layoutOf([Buffer.alloc(300_000, 'x')]);
  const archive = await tarOf(members);
  const connections = new Set<Socket>();
  const hosts = new Set<string | undefined>();
  const answer: RequestListener = (request, response) => {
    hosts.add(request.headers.host);
    const route = (request.url ?? '').replace(/^\/v1\.\d+/, '').replace(/\?.*$/, '');
    if (route === '/version') response.end('{"Version":"28.5.2","ApiVersion":"1.51","MinAPIVersion":"1.24"}');
    else if (route === '/images/json') response.end('[]');
    else if (route === '/events') response.end('{"Action":"tag"}\n');
    else if (route.endsWith('/get')) response.end(archive);
    else response.end(JSON.stringify(inspection(image.id, [...image.diffIds])));
  };
  const { certificatePem: cert, privateKeyPem: key } = certificate;
  const server = scheme === 'tls' ? https.createServer({ cert, key }, answer) : http.createServer(answer);
  server.on('connection', (socket: Socket) => connections.add(socket));
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const security: EngineTls = { ca: Buffer.from(cert), verify: false };
  const { port } = server.address() as AddressInfo;
  const address = { kind: 'tcp', host, port, tls: scheme === 'tls' ? security : undefined } as const;
  const engine = new Engine({ address, source: 'this test', url: `tcp://${host}:${port}` });
  t.after(() => {
    engine.dispose();
    server.closeAllConnections();
    server.close();
  });
  return { engine, connections, hosts, image };
}

for (const scheme of ['tcp', 'tls'] as const) {
  test(`${scheme}: an engine on another host is reached, and a list needs few connections, though node:http is patched`, async (t) => {
    patchAsEditorDoes(t);
    const { engine, connections, image } = await startRemote(t, scheme);
    assert.equal((await engine.version({ signal })).version, '28.5.2');
    await Promise.all(images.map((id) => engine.platformsOf({ id, references: [] }, { signal })));
    assert.deepEqual(await engine.listImages({ signal }), []);
    assert.ok(connections.size <= 6, `${connections.size} connections`);
    const events = await listOf(engine.events({ signal }));
    assert.deepEqual(
      events.map(({ action }) => action),
      ['connected', 'tag'],
    );
    const details = { ...image, references: [], size: 1, createdAt: undefined };
    let received = 0;
    const onReceived = (bytes: number): void => void (received = bytes);
    const kinds = (await listOf(engine.exportImages([details], { signal, onReceived }))).map(({ kind }) => kind);
    assert.ok(kinds.includes('layer'));
    assert.ok(received > 300_000, `${received} bytes of the export`);
  });
}

test('calls and exports send a valid Host header to an IPv6 address', async (t) => {
  const { engine, hosts, image } = await startRemote(t, 'tcp', '::1');
  const details = { ...image, references: [], size: 1, createdAt: undefined };
  await listOf(engine.exportImages([details], { signal, onReceived: () => undefined }));
  assert.deepEqual([...hosts], ['[::1]']);
});

test('a list by ssh signs in at most twice', async (t) => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'ssh-list-'));
  const searchPath = process.env['PATH'];
  t.after(async () => {
    process.env['PATH'] = searchPath;
    await rm(folder, { recursive: true });
  });
  const routes = images.map((id): [string, Handler] => [
    `/images/${id}/json`,
    (_request, response) => response.end(JSON.stringify(inspection(id))),
  ]);
  await using fake = await startFakeEngine(Object.fromEntries(routes));
  const log = path.join(folder, 'log');
  const bridge = `const s = require("node:net").connect(process.argv[1]); process.stdin.pipe(s).pipe(process.stdout);`;
  const program = path.join(folder, 'ssh');
  await writeFile(program, `#!/bin/sh\necho in >> ${log}\nexec '${process.execPath}' -e '${bridge}' ${fake.socket}\n`);
  await chmod(program, 0o755);
  process.env['PATH'] = folder;
  const engine = engineAt('ssh://box');
  const platforms = await Promise.all(images.map((id) => engine.platformsOf({ id, references: [] }, { signal })));
  engine.dispose();
  assert.equal(platforms.length, images.length);
  const logins = (await readFile(log, 'utf8')).trim().split('\n').length;
  assert.ok(logins <= 2, `${logins} logins`);
});

test('no idle connection to a local socket is kept', async () => {
  await using fake = await startFakeEngine({ '/images/json': (_request, response) => response.end('[]') });
  await fake.engine.listImages({ signal });
  await fake.allClosed();
  assert.equal(fake.requests.length, 3);
});
