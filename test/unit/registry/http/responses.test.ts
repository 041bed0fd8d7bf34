import assert from 'node:assert/strict';
import net, { type AddressInfo, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import type { RegistryRequest, RequestBody } from '../../../../src/core/registry/http/httpTypes.ts';
import { parseRegistryAddress } from '../../../../src/core/registry/registryAddress.ts';
import { createTransport, type Transport } from '../../../../src/core/registry/http/transport.ts';

const unfired = new AbortController().signal;

interface RawServer {
  readonly origin: string;
  /** What each connection has sent, as text. */
  readonly connections: readonly string[];
}

/** Answers byte by byte; called with each piece that arrives, and the number of the connection. */
async function startRaw(
  t: TestContext,
  serve: (socket: Socket, text: string, index: number) => void,
): Promise<RawServer> {
  const connections: string[] = [];
  const sockets: Socket[] = [];
  const server = net.createServer((socket) => {
    const index = connections.push('') - 1;
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      connections[index] = (connections[index] ?? '') + bytes.toString('latin1');
      serve(socket, bytes.toString('latin1'), index);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, connections };
}

function transportTo(t: TestContext, origin: string, bodyTime?: number): Transport {
  const transport = createTransport({
    ...{ address: parseRegistryAddress(origin), trust: { allowHttp: true }, proxy: { url: undefined, bypass: [] } },
    ...{ environment: {}, userAgent: 'tea-chest/test', ...(bodyTime !== undefined && { bodyTime }) },
  });
  t.after(() => transport.close());
  return transport;
}

interface WatchedBody extends RequestBody {
  /** Resolves when the source is closed. */
  readonly closed: Promise<void>;
  opened(): number;
}

/** `pieces` of 64 KiB; after them the source waits for ever, unless that was all. */
function bodyOf(length: number, pieces: number, replayable: boolean): WatchedBody {
  const closed = Promise.withResolvers<undefined>();
  let opened = 0;
  let left = pieces;
  const source: AsyncIterator<Uint8Array> = {
    next: async () => {
      if (left-- > 0) return { value: Buffer.alloc(65_536, 'x'), done: false };
      if (pieces * 65_536 === length) return { value: undefined, done: true };
      await closed.promise;
      return { value: undefined, done: true };
    },
    return: async () => {
      closed.resolve(undefined);
      return { value: undefined, done: true };
    },
  };
  return {
    ...{ length, replayable, closed: closed.promise.then(() => undefined), opened: () => opened },
    open: () => {
      opened++;
      return { [Symbol.asyncIterator]: () => source };
    },
  };
}

const requestTo = (origin: string, more: Partial<RegistryRequest> = {}): RegistryRequest => ({
  ...{ method: 'GET', url: new URL('/v2/', origin), signal: unfired },
  ...more,
});

const bodies: readonly (readonly [string, (() => WatchedBody) | undefined])[] = [
  ['without a body', undefined],
  ['with a body', () => bodyOf(1024 * 1024, 16, true)],
  ['with a streamed body', () => bodyOf(1024 * 1024, 16, false)],
];

for (const [what, make] of bodies) {
  for (const status of ['101 Switching Protocols', '100 Continue\r\n\r\nHTTP/1.1 101 Switching Protocols']) {
    test(`an answer of ${status.slice(0, 3)} that nobody asked for ends a request ${what}`, async (t) => {
      const { origin } = await startRaw(t, (socket) => {
        socket.write(`HTTP/1.1 ${status}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`);
      });
      const body = make?.();
      const request = requestTo(origin, { method: 'PATCH', ...(body && { body }) });
      const expected = status.startsWith('101')
        ? { code: 'notARegistry', message: /101 Switching Protocols/ }
        : { code: 'registryUnreachable' };
      await assert.rejects(transportTo(t, origin).send(request), expected);
      if (body !== undefined && body.opened() > 0) await body.closed;
    });
  }

  test(`cancelling ends a request ${what} to a server that takes it and says nothing`, async (t) => {
    const stop = new AbortController();
    const { origin } = await startRaw(t, () => {
      stop.abort();
    });
    const body = make?.();
    const request = requestTo(origin, { method: 'PUT', signal: stop.signal, ...(body && { body }) });
    await assert.rejects(transportTo(t, origin).send(request), { code: 'cancelled' });
    if (body !== undefined) await body.closed;
  });

  test(`a server that takes a request ${what} and says nothing is given up`, async (t) => {
    const { origin } = await startRaw(t, () => undefined);
    const body = make?.();
    const request = requestTo(origin, { method: 'PUT', headersTimeout: 1, ...(body && { body }) });
    const expected = { code: 'registryUnreachable', message: /stopped answering/ };
    await assert.rejects(transportTo(t, origin).send(request), expected);
  });
}

for (const once of [false, true]) {
  const what = once ? 'transient ' : '';
  test(`an answer before a ${what}body was read is an answer, and its source is closed`, async (t) => {
    const { origin, connections } = await startRaw(t, (socket, text) => {
      if (text.startsWith('PATCH')) socket.write('HTTP/1.1 413 Too Large\r\nContent-Length: 5\r\n\r\nlarge');
      else if (text.startsWith('GET')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    });
    const transport = transportTo(t, origin);
    // So much comes that the request's head leaves; then the source has nothing more to give.
    const body = bodyOf(100 * 1024 * 1024, 8, once);
    const { status, body: text } = await transport.send(requestTo(origin, { method: 'PATCH', body }));
    assert.deepEqual([status, text.toString()], [413, 'large']);
    await body.closed;
    assert.equal((await transport.send(requestTo(origin))).status, 200);
    assert.equal(connections.length, 2, 'the rest of a body cannot be distinguished from the next request');
  });

  test(`a kept connection that the server has closed is not used for a ${what}body`, async (t) => {
    const closed = Promise.withResolvers<undefined>();
    const { origin, connections } = await startRaw(t, (socket, text, index) => {
      if (text.endsWith('x') && (connections[index]?.length ?? 0) < 65_536) return;
      socket.write('HTTP/1.1 201 Created\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n');
      if (index > 0) return;
      socket.end();
      socket.once('close', () => {
        closed.resolve(undefined);
      });
    });
    const transport = transportTo(t, origin);
    await transport.send(requestTo(origin));
    await closed.promise;
    const body = bodyOf(65_536, 1, once);
    assert.equal((await transport.send(requestTo(origin, { method: 'PUT', body }))).status, 201);
    assert.deepEqual([connections.length, body.opened()], [2, 1]);
  });

  test(`a request with a ${what}body that waits for a connection moves to a new one when that closes`, async (t) => {
    let answer = (): void => undefined;
    const { origin, connections } = await startRaw(t, (socket, text, index) => {
      if (text.startsWith('GET')) {
        answer = () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
        if (index === 15) answer();
      } else if (text.endsWith('x')) socket.write('HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n');
    });
    const transport = transportTo(t, origin);
    // As many as there may be connections: the body has to wait for one.
    const others = Array.from({ length: 16 }, () => transport.send(requestTo(origin)));
    const body = bodyOf(65_536, 1, once);
    const stop = new AbortController();
    const sending = transport.send(requestTo(origin, { method: 'PUT', body, signal: stop.signal }));
    await Promise.race(others);
    assert.equal((await sending).status, 201);
    assert.equal(body.opened(), 1);
    assert.ok(connections.length > 16);
    answer();
    await transport.close();
    await Promise.allSettled(others);
  });
}

test('an answer that drips is given up when its time is over', async (t) => {
  const { origin } = await startRaw(t, (socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n');
    const drip = setInterval(() => socket.write('x'), 10);
    socket.once('close', () => {
      clearInterval(drip);
    });
  });
  const expected = { code: 'registryUnreachable', message: /stopped answering/ };
  await assert.rejects(transportTo(t, origin, 300).send(requestTo(origin)), expected);
});
