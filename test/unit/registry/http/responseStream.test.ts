import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import net, { type AddressInfo, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { test, type TestContext } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { ResponseStream, RegistryRequest } from '../../../../src/core/registry/http/httpTypes.ts';
import { parseRegistryAddress } from '../../../../src/core/registry/registryAddress.ts';
import { createTransport, type Transport } from '../../../../src/core/registry/http/transport.ts';
import { serve } from '../localRegistry.ts';

const unfired = new AbortController().signal;
const piece = Buffer.alloc(65_536, 'x');

function transportTo(t: TestContext, origin: string, bodyTime?: number): Transport {
  const transport = createTransport({
    ...{ address: parseRegistryAddress(origin), trust: { allowHttp: true }, proxy: { url: undefined, bypass: [] } },
    ...{ environment: {}, userAgent: 'tea-chest/test', ...(bodyTime !== undefined && { bodyTime }) },
  });
  t.after(() => transport.close());
  return transport;
}

async function open(
  transport: Transport,
  origin: string,
  more: Partial<RegistryRequest> = {},
): Promise<ResponseStream> {
  const url = new URL('/v2/own/app/blobs/x', origin);
  const { status, body, stream } = await transport.send({ method: 'GET', url, signal: unfired, stream: true, ...more });
  assert.deepEqual([status, body.byteLength], [200, 0]);
  return stream ?? assert.fail('there is no stream');
}

async function drain(stream: ResponseStream): Promise<number> {
  let bytes = 0;
  for await (const { byteLength } of stream) bytes += byteLength;
  return bytes;
}

/** Answers each connection with this text, and returns the connection. */
async function answering(t: TestContext, head: string): Promise<{ origin: string; socket: Promise<Socket> }> {
  const given = Promise.withResolvers<Socket>();
  const server = net.createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      socket.write(head);
      given.resolve(socket);
    });
    t.after(() => socket.destroy());
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => server.close());
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, socket: given.promise };
}

/** As fast as they are taken, until there is nobody who takes them. */
async function sendPieces(response: ServerResponse, count: number): Promise<void> {
  const pieces = Array.from({ length: count }, () => piece);
  await pipeline(Readable.from(pieces), response).catch(() => undefined);
}

test('200 MB pass by, and little of it is in memory at any time', async (t) => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const pieces = 3200;
  const origin = await serve(t, (_request, response) => {
    response.writeHead(200, { 'content-length': pieces * piece.byteLength });
    void sendPieces(response, pieces);
  });
  const stream = await open(transportTo(t, origin), origin);
  const inUse = (): number => {
    collect();
    return process.memoryUsage().arrayBuffers;
  };
  const before = inUse();
  let [bytes, looked, most] = [0, 0, 0];
  for await (const { byteLength } of stream) {
    bytes += byteLength;
    if (bytes - looked < 20_000_000) continue;
    looked = bytes;
    most = Math.max(most, inUse() - before);
  }
  assert.equal(bytes, pieces * piece.byteLength);
  assert.ok(looked > 0 && most < 40_000_000, `${most} bytes were held`);
});

test('whoever leaves the loop ends the request', async (t) => {
  const left = Promise.withResolvers<undefined>();
  const origin = await serve(t, (_request, response) => {
    response.once('close', () => {
      left.resolve(undefined);
    });
    void sendPieces(response, 1_000_000);
  });
  for await (const { byteLength } of await open(transportTo(t, origin), origin)) {
    assert.ok(byteLength > 0);
    break;
  }
  await left.promise;
});

test('an answer that nobody reads can be closed', async (t) => {
  const { origin, socket } = await answering(t, 'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nsome');
  const stream = await open(transportTo(t, origin), origin);
  stream.close();
  await once(await socket, 'close');
});

test('the connection of an answer that was read to its end is used again', async (t) => {
  const ports = new Set<number | undefined>();
  const origin = await serve(t, (request, response) => {
    ports.add(request.socket.remotePort);
    response.end(piece);
  });
  const transport = transportTo(t, origin);
  for (let nth = 0; nth < 3; nth++) {
    assert.equal(await drain(await open(transport, origin)), piece.byteLength);
    await new Promise(setImmediate);
  }
  assert.equal(ports.size, 1);
});

for (const [what, head] of [
  ['with Content-Length', 'Content-Length: 1000\r\n\r\n0123456789'],
  ['in chunks', 'Transfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n'],
] as const) {
  test(`an answer ${what} that breaks is an error that says how far it came`, async (t) => {
    const { origin, socket } = await answering(t, `HTTP/1.1 200 OK\r\n${head}`);
    const stream = await open(transportTo(t, origin), origin);
    const seen: string[] = [];
    const reading = (async () => {
      for await (const bytes of stream) {
        seen.push(Buffer.from(bytes).toString());
        (await socket).end();
      }
    })();
    await assert.rejects(reading, {
      code: 'registryUnreachable',
      message: /gave only the first 10 bytes of an answer/,
    });
    assert.deepEqual(seen, ['0123456789']);
  });
}

test('an answer that drips is given up, however long it is allowed to be', async (t) => {
  const { origin, socket } = await answering(t, 'HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n');
  const stream = await open(transportTo(t, origin, 200), origin);
  const connection = await socket;
  const drip = setInterval(() => connection.write('x'), 10);
  connection.once('close', () => {
    clearInterval(drip);
  });
  await assert.rejects(drain(stream), { code: 'registryUnreachable', message: /too little, came for too long/ });
});

test('a cancel ends an answer in its middle', async (t) => {
  const { origin } = await answering(t, 'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nsome');
  const stop = new AbortController();
  const stream = await open(transportTo(t, origin), origin, { signal: stop.signal });
  const reading = (async () => {
    for await (const bytes of stream) {
      assert.equal(bytes.byteLength, 4);
      stop.abort();
    }
  })();
  await assert.rejects(reading, { code: 'cancelled' });
});

test('closing the transport ends an answer in its middle', async (t) => {
  const { origin } = await answering(t, 'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nsome');
  const transport = transportTo(t, origin);
  const reading = drain(await open(transport, origin));
  await Promise.all([assert.rejects(reading, { name: 'TeaChestError' }), transport.close()]);
});

test('an answer that is no success is read whole, for whoever explains it', async (t) => {
  const origin = await serve(t, (_request, response) => response.writeHead(404).end('no such blob'));
  const url = new URL('/v2/own/app/blobs/x', origin);
  const answer = await transportTo(t, origin).send({ method: 'GET', url, signal: unfired, stream: true });
  assert.deepEqual([answer.status, answer.body.toString(), answer.stream], [404, 'no such blob', undefined]);
});
