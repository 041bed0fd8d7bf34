import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { chunk, startRawEngine, engineTransports, write } from './rawEngine.ts';
import { settled, turns } from '../../../tools/eventLoop.ts';

const mib = 1024 * 1024;
const unfired = new AbortController().signal;
const okChunked = 'HTTP/1.1 200 OK\r\nContent-Type: application/x-tar\r\nTransfer-Encoding: chunked\r\n\r\n';
const lastChunk = '0\r\n\r\n';

async function readAll(bytes: AsyncIterable<Buffer>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of bytes) pieces.push(piece);
  return Buffer.concat(pieces);
}

for (const transport of engineTransports) {
  describe(`an export over ${transport}`, () => {
    test('sends a valid request, on a connection of its own that is closed with the response', async () => {
      const heads: string[] = [];
      await using engine = await startRawEngine(transport, (connection, head) => {
        heads.push(head);
        connection.end(`${okChunked}3\r\nabc\r\n${lastChunk}`);
      });
      assert.equal((await readAll(engine.get(unfired))).toString(), 'abc');
      assert.equal((await readAll(engine.get(unfired))).toString(), 'abc');
      const head = 'GET /images/x/get HTTP/1.1\r\nHost: engine\r\nConnection: close\r\n\r\n';
      assert.deepEqual(heads, [head, head]);
      await engine.allClosed();
      assert.equal(engine.connections, 2);
    });

    test('ends with its last chunk, though the engine keeps the connection', async () => {
      await using engine = await startRawEngine(transport, (connection) => {
        connection.write(`${okChunked}3\r\nabc\r\n${lastChunk}`);
      });
      assert.equal((await readAll(engine.get(unfired))).toString(), 'abc');
      await engine.allClosed();
    });

    test('yields every byte in order, and overwrites no piece that it has yielded', async () => {
      const body = randomBytes(20 * mib + 17);
      // As a Go server writes, and the odd sizes between which a head and a proxy may cut.
      const sizes = [32 * 1024, 1, 32 * 1024, 4093, 700_001, 32 * 1024, 3 * mib];
      await using engine = await startRawEngine(transport, async (connection) => {
        connection.write(okChunked);
        for (let at = 0, turn = 0; at < body.byteLength; turn++) {
          const size = sizes[turn % sizes.length] ?? 1;
          await write(connection, chunk(body.subarray(at, at + size)));
          at += size;
        }
        connection.end(lastChunk);
      });
      const pieces: Buffer[] = [];
      for await (const piece of engine.get(unfired)) {
        pieces.push(piece);
        assert.ok(piece.byteLength > 0 && piece.byteLength <= mib, `a piece of ${piece.byteLength} bytes`);
        // A reader that is slower now and then, so that much waits for it.
        if (pieces.length % 7 === 0) await turns(20);
      }
      assert.ok(Buffer.concat(pieces).equals(body));
    });

    test('is read with a Content-Length, and until the end of the connection', async () => {
      const body = randomBytes(3 * mib);
      await using sized = await startRawEngine(transport, (connection) => {
        connection.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.byteLength}\r\n\r\n`);
        connection.write(body);
      });
      assert.ok((await readAll(sized.get(unfired))).equals(body));
      await using untold = await startRawEngine(transport, (connection) => {
        connection.write('HTTP/1.1 200 OK\r\n\r\n');
        connection.end(body);
      });
      assert.ok((await readAll(untold.get(unfired))).equals(body));
    });

    test('is read byte by byte, and after interim responses', async () => {
      const answer = `HTTP/1.1 103 Early Hints\r\n\r\n${okChunked}3\r\nabc\r\n2\r\nde\r\n${lastChunk}`;
      await using engine = await startRawEngine(transport, async (connection) => {
        connection.setNoDelay(true);
        for (const byte of Buffer.from(answer)) {
          connection.write(Buffer.of(byte));
          await setImmediate();
        }
      });
      assert.equal((await readAll(engine.get(unfired))).toString(), 'abcde');
    });

    test('that is empty is empty', async () => {
      await using engine = await startRawEngine(transport, (connection) => {
        connection.write(`${okChunked}${lastChunk}`);
      });
      assert.deepEqual(await engine.get(unfired).next(), { done: true, value: undefined });
    });

    test("that is rejected has the engine's message", async () => {
      const errorBody = '{"message":"No such image: x – 映像"}';
      const length = Buffer.byteLength(errorBody);
      const refusal = { code: 'engineFailed', message: 'The container engine refused: No such image: x – 映像' };
      for (const answer of [
        `HTTP/1.1 404 Not Found\r\nContent-Length: ${length}\r\n\r\n${errorBody}`,
        `HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n${length.toString(16)}\r\n${errorBody}\r\n${lastChunk}`,
        `HTTP/1.1 404 Not Found\r\n\r\n${errorBody}`,
      ]) {
        await using engine = await startRawEngine(transport, (connection) => {
          connection.end(answer);
        });
        await assert.rejects(readAll(engine.get(unfired)), refusal, answer);
        await engine.allClosed();
      }
    });

    test('that is rejected with an endless body ends', async () => {
      await using engine = await startRawEngine(transport, async (connection) => {
        connection.write('HTTP/1.1 500 Internal Server Error\r\n\r\n');
        while (await write(connection, Buffer.alloc(mib, 'x')));
      });
      await assert.rejects(readAll(engine.get(unfired)), { code: 'engineFailed' });
      await engine.allClosed();
    });

    test('from a server that is not an engine is rejected', async () => {
      await using engine = await startRawEngine(transport, (connection) => {
        connection.write('220 mail.example ESMTP\r\n\r\n');
      });
      await assert.rejects(readAll(engine.get(unfired)), { message: 'it is no HTTP' });
      await engine.allClosed();
    });

    test('that ends early is an error, wherever it ends', async () => {
      const answer = `${okChunked}3\r\nabc\r\n2\r\nde\r\n`;
      const headLength = okChunked.length;
      for (const end of [0, 1, headLength - 1, headLength, headLength + 5, headLength + 8, headLength + 12, Infinity]) {
        await using engine = await startRawEngine(transport, (connection) => {
          connection.end(answer.slice(0, end));
        });
        await assert.rejects(readAll(engine.get(unfired)), { code: 'ECONNRESET' }, `cut at ${end}`);
      }
      await using sized = await startRawEngine(transport, (connection) => {
        connection.end('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc');
      });
      await assert.rejects(readAll(sized.get(unfired)), { code: 'ECONNRESET' });
    });

    test('that is not read makes the engine wait, and goes on when it is read', async () => {
      const total = 128 * mib;
      const block = chunk(randomBytes(mib));
      let written = 0;
      await using engine = await startRawEngine(transport, async (connection) => {
        connection.write(okChunked);
        for (; written < total; written += mib) await write(connection, block);
        connection.end(lastChunk);
      });
      let received = 0;
      let writtenBeforeRest = 0;
      for await (const piece of engine.get(unfired)) {
        received += piece.byteLength;
        if (writtenBeforeRest > 0) continue;
        // Without anything to stop it all would be written by then.
        await settled(() => written);
        writtenBeforeRest = written;
      }
      // What waits here is 4 MiB; the rest is the system's, which gives tcp some MiB on either side.
      assert.ok(
        writtenBeforeRest < total / 2,
        `${writtenBeforeRest} bytes were written to a reader that does not read`,
      );
      assert.equal(received, total);
    });

    test('ends at once when it is cancelled, even before the first byte', async () => {
      for (const before of ['', okChunked, `${okChunked}3\r\nab`]) {
        const cancel = new AbortController();
        await using engine = await startRawEngine(transport, async (connection) => {
          connection.write(before);
          await setImmediate();
          cancel.abort(new Error('enough'));
        });
        await assert.rejects(readAll(engine.get(cancel.signal)), { message: 'enough' });
        await engine.allClosed();
        assert.equal(engine.connections, 1);
      }
    });

    test('that was cancelled before it began sends nothing', async () => {
      await using engine = await startRawEngine(transport, () => assert.fail('nothing is asked'));
      await assert.rejects(readAll(engine.get(AbortSignal.abort(new Error('enough')))), { message: 'enough' });
      assert.equal(engine.connections, 0);
    });

    test('closes its connection when its reader leaves', async () => {
      await using engine = await startRawEngine(transport, async (connection) => {
        connection.write(okChunked);
        while (await write(connection, chunk(Buffer.alloc(mib))));
      });
      for await (const piece of engine.get(unfired)) {
        assert.ok(piece.byteLength > 0);
        break;
      }
      await engine.allClosed();
    });
  });
}
