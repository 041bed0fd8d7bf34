import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { layoutOf } from '../archive/archives.ts';
import { engineAt, json, listOf, startFakeEngine, type Handler } from './fakeEngine.ts';

const { signal } = new AbortController();
const version = '{"Version":"20.10.24","ApiVersion":"1.41","MinAPIVersion":"1.12"}';

/** Takes the connection, and says nothing. */
const silent: Handler = () => undefined;

async function listening(server: net.Server): Promise<number> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return (server.address() as AddressInfo).port;
}

test('an engine that accepts the connection and does not respond is an error that says so', async () => {
  await using fake = await startFakeEngine({
    '/images/json': silent,
    '/images/app:1/json': (_request, response) => void response.writeHead(200).write('{"Id":'),
  });
  const engine = engineAt(`unix://${fake.socket}`, { timeoutMs: 500 });
  const hung = { code: 'engineLost', message: /docker\.sock.*accepted the connection but did not answer for 0\.5 s/ };
  await assert.rejects(engine.listImages({ signal }), hung);
  await assert.rejects(engine.inspect('app:1', { signal }), hung);
  await using dumb = await startFakeEngine({ '/version': silent });
  await assert.rejects(engineAt(`unix://${dumb.socket}`, { timeoutMs: 500 }).version({ signal }), hung);
});

test('a response in pieces is waited for, however long it takes as a whole', async () => {
  const pieces = ['[', ...Array.from({ length: 14 }, () => ' '), ']'];
  await using fake = await startFakeEngine({
    '/images/json': (_request, response) => {
      const timer = setInterval(() => {
        const piece = pieces.shift();
        if (piece !== undefined) {
          response.write(piece);
          return;
        }
        clearInterval(timer);
        response.end();
      }, 100);
    },
  });
  assert.deepEqual(await engineAt(`unix://${fake.socket}`, { timeoutMs: 1000 }).listImages({ signal }), []);
});

test('an export and events have no timeout', async () => {
  const { image } = layoutOf([]);
  const asked = Promise.withResolvers<undefined>();
  await using fake = await startFakeEngine({
    '/events': (_request, response) => {
      setTimeout(() => response.end('{"Action":"tag"}\n'), 300);
    },
    [`/images/${image.id}/get`]: (_request, response) => {
      asked.resolve(undefined);
      setTimeout(() => response.writeHead(500).end('{"message":"no such disk"}'), 300);
    },
    [`/images/${image.id}/json`]: json(500, { message: 'no such disk' }),
  });
  const engine = engineAt(`unix://${fake.socket}`, { timeoutMs: 100 });
  assert.deepEqual(
    (await listOf(engine.events({ signal }))).map(({ action }) => action),
    ['connected', 'tag'],
  );
  const details = { ...image, references: [], size: 1, createdAt: undefined };
  const reading = listOf(engine.exportImages([details], { signal, onReceived: () => undefined }));
  await asked.promise;
  await assert.rejects(reading, { code: 'engineFailed', message: /no such disk/ });
});

test('cancelling a call that hangs is a cancel, not a timeout', async () => {
  await using fake = await startFakeEngine({ '/images/json': silent });
  const engine = engineAt(`unix://${fake.socket}`);
  await assert.rejects(engine.listImages({ signal: AbortSignal.timeout(50) }), { code: 'cancelled' });
});

test('a call is not repeated if its response breaks off on a kept connection', async () => {
  const { image } = layoutOf([]);
  const requests: string[] = [];
  const arrived = Promise.withResolvers<undefined>();
  const server = net.createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (data) => {
      const path = data.toString().split(' ')[1] ?? '';
      requests.push(path);
      if (path === '/version') {
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${version.length}\r\n\r\n${version}`);
      } else {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nsome');
        // Headers must have arrived before the connection is reset.
        void arrived.promise.then(() => socket.resetAndDestroy());
      }
    });
  });
  const unhandled: unknown[] = [];
  const note = (reason: unknown): number => unhandled.push(reason);
  process.on('unhandledRejection', note);
  try {
    const engine = engineAt(`tcp://127.0.0.1:${await listening(server)}`);
    await engine.version({ signal });
    const details = { ...image, references: [], size: 1, createdAt: undefined };
    const onReceived = (): void => {
      arrived.resolve(undefined);
    };
    const reading = listOf(engine.exportImages([details], { signal, onReceived }));
    await assert.rejects(reading, { code: 'engineLost', stage: 'export' });
    // A second request for the archive, were there one, would come before this one.
    await engine.version({ signal });
    assert.deepEqual(requests, ['/version', `/v1.41/images/${image.id}/get`, '/version']);
    assert.deepEqual(unhandled, []);
    engine.dispose();
  } finally {
    process.off('unhandledRejection', note);
    server.close();
  }
});

test('a retired engine lets running calls end, and keeps no connection', async () => {
  const answered = Promise.withResolvers<undefined>();
  const closed = Promise.withResolvers<undefined>();
  const server = http.createServer((request, response) => {
    if (request.url === '/version') response.end(version);
    else void answered.promise.then(() => response.end('[]'));
  });
  server.on('connection', (socket: net.Socket) => {
    socket.on('close', () => {
      closed.resolve(undefined);
    });
  });
  const engine = engineAt(`tcp://127.0.0.1:${await listening(server)}`);
  await engine.version({ signal });
  const asked = once(server, 'request');
  const listing = engine.listImages({ signal });
  await asked;
  engine.retire();
  answered.resolve(undefined);
  assert.deepEqual(await listing, []);
  await closed.promise;
  server.close();
});

test('disposing an engine ends a call on a kept connection, once', async () => {
  let lists = 0;
  const server = http.createServer((request, response) => {
    if (request.url?.includes('/images/json') === true) lists++;
    if (request.url === '/version') response.end(version);
    else engine.dispose();
  });
  const engine = engineAt(`tcp://127.0.0.1:${await listening(server)}`);
  await engine.version({ signal });
  await assert.rejects(engine.listImages({ signal }), { code: 'engineLost' });
  assert.equal(lists, 1);
  server.close();
});
