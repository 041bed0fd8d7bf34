import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod } from 'node:fs/promises';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import type { Engine } from '../../../../src/core/docker/client/engine.ts';
import type { ArchiveSubject } from '../../../../src/core/docker/types.ts';
import type { ImageDetails } from '../../../../src/core/ports/imageSource.ts';
import { layoutOf, tarOf } from '../archive/archives.ts';
import { engineAt, inspection, json, listOf, startFakeEngine, type Handler } from './fakeEngine.ts';
import { settled } from '../../../tools/eventLoop.ts';

const { signal } = new AbortController();
const id = `sha256:${'a'.repeat(64)}` as const;
const ignore = (): void => undefined;

function detailsOf(image: ArchiveSubject): ImageDetails {
  return { ...image, references: ['app:1'], size: 1, createdAt: undefined };
}

/** Unlike `once`, does not mind how the connection ended. */
function closing(socket: net.Socket): Promise<unknown> {
  return new Promise((resolve) => socket.once('close', resolve));
}

async function readExport(engine: Engine, image: ImageDetails, stop: AbortSignal = signal): Promise<number> {
  let items = 0;
  for await (const item of engine.exportImages([image], { signal: stop, onReceived: ignore })) {
    items++;
    if (item.kind === 'layer') for await (const chunk of item.body) assert.ok(chunk.byteLength > 0);
  }
  return items;
}

test('no socket at a configured address: the engine is stopped, and the source of the address is named', async () => {
  await assert.rejects(engineAt('unix:///no/such/docker.sock').listImages({ signal }), {
    code: 'engineStopped',
    message: /unix:\/\/\/no\/such\/docker.sock \(this test\)/,
  });
});

test('a socket without a listener: the engine is stopped', async () => {
  await using fake = await startFakeEngine({});
  const stale = await fake.crash();
  await assert.rejects(engineAt(`unix://${stale}`).listImages({ signal }), { code: 'engineStopped' });
});

test('a tcp port without a listener: the engine is stopped', async () => {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  await assert.rejects(engineAt(`tcp://127.0.0.1:${port}`).version({ signal }), { code: 'engineStopped' });
});

test('a socket of another group: permission is missing, and the group is named', async (t) => {
  const unit = new URL('../../../../src/core/docker/client/engine.ts', import.meta.url).href;
  const asNobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
  const run = (script: string): string => {
    const child = spawnSync(process.execPath, ['--input-type=module', '-e', script], { ...asNobody, encoding: 'utf8' });
    return child.status === 0 ? child.stdout : '';
  };
  if (run(`await import('${unit}'); process.stdout.write('ok')`) !== 'ok') {
    t.skip('the user “nobody” may not read this folder');
    return;
  }
  await using fake = await startFakeEngine({});
  await chmod(path.dirname(fake.socket), 0o755);
  await chmod(fake.socket, 0);
  const address = JSON.stringify({ kind: 'socket', path: fake.socket });
  const output = run(`
    const { Engine } = await import('${unit}');
    const engine = new Engine({ address: ${address}, source: 'test', url: 'unix' });
    const error = await engine.version({ signal: new AbortController().signal }).catch((error) => error);
    process.stdout.write(JSON.stringify({ code: error.code, message: error.message, ...error.facts }));
  `);
  const { code, message, path: socket, group } = JSON.parse(output) as Record<string, string>;
  assert.deepEqual([code, socket], ['enginePermission', fake.socket]);
  assert.ok(group !== undefined && message?.includes(`“${group}”`) === true, output);
});

test('a server without HTTP is not an engine', async () => {
  const server = net.createServer((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await assert.rejects(engineAt(`tcp://127.0.0.1:${port}`).version({ signal }), { code: 'engineEndpointInvalid' });
  await assert.rejects(engineAt(`https://127.0.0.1:${port}`).version({ signal }), { code: 'engineEndpointInvalid' });
  server.close();
});

test('if a remote engine closes idle connections, the call is repeated on a new one', async () => {
  const used = new Set<net.Socket>();
  const server = http.createServer((request, response) => {
    if (used.has(request.socket)) request.socket.destroy();
    else response.end('{"Version":"1","ApiVersion":"1.41"}');
    used.add(request.socket);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const engine = engineAt(`tcp://127.0.0.1:${(server.address() as AddressInfo).port}`);
  for (let round = 0; round < 3; round++) assert.equal((await engine.version({ signal })).version, '1');
  engine.dispose();
  assert.equal(used.size, 3);
  server.close();
});

test('an image that the engine does not have is not found, with the engine’s message', async () => {
  await using fake = await startFakeEngine({
    '/images/gone:1/json': json(404, { message: 'No such image: gone:1' }),
    '/images/podman:1/json': json(404, {
      cause: 'image not known',
      message: 'podman:1: image not known',
      response: 404,
    }),
  });
  for (const image of ['gone:1', 'podman:1']) {
    await assert.rejects(fake.engine.inspect(image, { signal }), {
      code: 'imageNotFound',
      stage: 'inspect',
      facts: { image },
      message: new RegExp(`“${image}” \\(it says: .*(No such image|not known)`),
    });
  }
});

test('any other error has the engine’s message', async () => {
  const bodies = {
    'json:1': ['{"message":"driver \\"overlay2\\" failed to remove root filesystem"}', /overlay2/],
    'text:1': ['client version 1.41 is too old. Minimum supported API version is 1.44', /too old/],
    'empty:1': ['', /HTTP status 500/],
  } as const;
  for (const [name, [body, pattern]] of Object.entries(bodies)) {
    await using fake = await startFakeEngine({
      [`/images/${name}/json`]: (_request, response) => response.writeHead(500).end(body),
    });
    await assert.rejects(fake.engine.inspect(name, { signal }), { code: 'engineFailed', message: pattern });
  }
});

test('a response that is not JSON, or lacks a digest, is a failure of the engine', async () => {
  await using fake = await startFakeEngine({
    '/images/html:1/json': (_request, response) => response.end('<html>'),
    '/images/odd:1/json': json(200, inspection('sha256:abc')),
  });
  for (const name of ['html:1', 'odd:1']) {
    await assert.rejects(fake.engine.inspect(name, { signal }), { code: 'engineFailed' });
  }
});

test('a response that breaks off means the engine is lost', async () => {
  await using fake = await startFakeEngine({
    '/images/json': (_request, response) => {
      response.writeHead(200, { 'Content-Length': 1000 }).write('[{"Id":', () => response.destroy());
    },
    '/events': (_request, response) => {
      response.write('{"Action":"tag"}\n', () => response.destroy());
    },
  });
  await assert.rejects(fake.engine.listImages({ signal }), { code: 'engineLost' });
  await assert.rejects(listOf(fake.engine.events({ signal })), { code: 'engineLost' });
});

test('an engine that crashes during an export is lost', async () => {
  const { members, image } = layoutOf([Buffer.alloc(100_000, 'x')]);
  const archive = await tarOf(members);
  for (const length of [0, 50_000]) {
    await using fake = await startFakeEngine({
      [`/images/${image.id}/get`]: (_request, response) => {
        response.flushHeaders();
        response.write(archive.subarray(0, length + 1), () => response.destroy());
      },
    });
    await assert.rejects(readExport(fake.engine, detailsOf(image)), { code: 'engineLost', stage: 'export' });
  }
});

test('an export that the engine ends early, with its reason, is truncated', async () => {
  const { members, image } = layoutOf([Buffer.alloc(100_000, 'x')]);
  const archive = await tarOf(members);
  await using fake = await startFakeEngine({
    [`/images/${image.id}/get`]: (_request, response) => {
      response.write(archive.subarray(0, 70_000));
      response.end(
        '{"errorDetail":{"message":"unexpected EOF of the layer"},"error":"unexpected EOF of the layer"}\r\n',
      );
    },
  });
  await assert.rejects(readExport(fake.engine, detailsOf(image)), {
    code: 'archiveTruncated',
    stage: 'export',
    message: /unexpected EOF of the layer/,
  });
});

test('an image that was removed before the export is not found', async () => {
  const details = detailsOf({ id, diffIds: [], platform: { os: 'linux', architecture: 'amd64' } });
  await using fake = await startFakeEngine({ [`/images/${id}/get`]: json(404, { message: `No such image: ${id}` }) });
  await assert.rejects(readExport(fake.engine, details), {
    code: 'imageNotFound',
    stage: 'export',
    facts: { image: 'app:1' },
  });
});

test('an image that the engine has only in part is there, and what it lacks is said', async () => {
  const details = detailsOf({ id, diffIds: [], platform: { os: 'linux', architecture: 'amd64' } });
  const missing = json(404, { message: `content digest ${id}: not found` });
  await using fake = await startFakeEngine({
    ...{ [`/images/${id}/get`]: missing, [`/images/${id}/json`]: missing, '/images/app:1/json': missing },
  });
  const expected = {
    code: 'engineFailed',
    facts: { image: 'app:1', status: 404 },
    message: `The container engine has only a part of the image “app:1”. Pull it again, or build it anew. (The engine says: content digest ${id}: not found.)`,
  };
  await assert.rejects(readExport(fake.engine, details), { ...expected, stage: 'export' });
  await assert.rejects(fake.engine.inspect('app:1', { signal }), { ...expected, stage: 'inspect' });
});

test('an export reports each byte that it received', async () => {
  const { members, image } = layoutOf([Buffer.alloc(100_000, 'x')]);
  const archive = await tarOf(members);
  await using fake = await startFakeEngine({
    [`/images/${image.id}/get`]: (_request, response) => response.end(archive),
  });
  const seen: number[] = [];
  const onReceived = (bytes: number): unknown => seen.push(bytes);
  const items = await listOf(fake.engine.exportImages([detailsOf(image)], { signal, onReceived }));
  assert.deepEqual(
    items.map((item) => item.kind),
    ['layer', 'image'],
  );
  assert.equal(seen.at(-1), archive.byteLength);
  assert.deepEqual(
    seen,
    seen.toSorted((a, b) => a - b),
  );
});

test('cancelling closes the connection: before the first byte, during an export, a list, and events', async () => {
  const { members, image } = layoutOf([Buffer.alloc(500_000, 'x')]);
  const archive = await tarOf(members);
  const silent = (): void => undefined;
  const begun: Handler = (_request, response) => {
    response.write(archive.subarray(0, 200_000));
  };
  const cases: [string, Handler, (engine: Engine, stop: AbortSignal) => Promise<unknown>][] = [
    [`/images/${image.id}/get`, silent, (engine, stop) => readExport(engine, detailsOf(image), stop)],
    [`/images/${image.id}/get`, begun, (engine, stop) => readExport(engine, detailsOf(image), stop)],
    ['/images/json', silent, (engine, stop) => engine.listImages({ signal: stop })],
    [
      '/events',
      (_request, response) => {
        response.flushHeaders();
      },
      (engine, stop) => listOf(engine.events({ signal: stop })),
    ],
  ];
  for (const [route, handler, use] of cases) {
    const stop = new AbortController();
    let closed: Promise<unknown> = Promise.resolve();
    await using fake = await startFakeEngine({
      [route]: (request, response) => {
        closed = closing(request.socket);
        handler(request, response);
        setTimeout(() => {
          stop.abort();
        }, 30);
      },
    });
    await assert.rejects(use(fake.engine, stop.signal), { code: 'cancelled' }, route);
    await closed;
  }
});

test('cancelling counts even when the whole archive has arrived', async () => {
  const { members, image } = layoutOf([Buffer.alloc(10, 'x'), Buffer.alloc(10, 'y')]);
  const archive = await tarOf(members);
  await using fake = await startFakeEngine({
    [`/images/${image.id}/get`]: (_request, response) => response.end(archive),
  });
  const stop = new AbortController();
  const items: string[] = [];
  let received = 0;
  const onReceived = (bytes: number): void => {
    received = bytes;
  };
  const reading = (async () => {
    for await (const item of fake.engine.exportImages([detailsOf(image)], { signal: stop.signal, onReceived })) {
      items.push(item.kind);
      await settled(() => received);
      assert.equal(received, archive.byteLength);
      stop.abort();
    }
  })();
  await assert.rejects(reading, { code: 'cancelled' });
  assert.deepEqual(items, ['layer']);
});

test('nothing is sent if the signal has fired already', async () => {
  await using fake = await startFakeEngine({});
  await assert.rejects(fake.engine.version({ signal: AbortSignal.abort() }), { code: 'cancelled' });
  assert.deepEqual(fake.requests, []);
});

test('leaving the loop over an export closes the connection', async () => {
  const { members, image } = layoutOf([Buffer.alloc(500_000, 'x')]);
  const archive = await tarOf(members);
  let closed: Promise<unknown> = Promise.resolve();
  await using fake = await startFakeEngine({
    [`/images/${image.id}/get`]: (request, response) => {
      closed = closing(request.socket);
      response.write(archive.subarray(0, 300_000));
    },
  });
  for await (const item of fake.engine.exportImages([detailsOf(image)], { signal, onReceived: ignore })) {
    assert.equal(item.kind, 'layer');
    break;
  }
  await closed;
});
