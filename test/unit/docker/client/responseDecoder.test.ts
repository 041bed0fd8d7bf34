import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ResponseDecoder } from '../../../../src/core/docker/client/responseDecoder.ts';

interface Decoded {
  readonly status: number;
  readonly body: string;
  /** Whether the body is all there, while more could come and once nothing can. */
  readonly complete: readonly [open: boolean, closed: boolean];
}

/** Shows each part in the same memory, as a connection does: what is kept must have been copied by then. */
function decode(parts: readonly Buffer[]): Decoded {
  let body = '';
  const decoder = new ResponseDecoder((bytes) => (body += Buffer.from(bytes).toString('latin1')));
  const memory = Buffer.alloc(Math.max(...parts.map(({ byteLength }) => byteLength)));
  for (const part of parts) {
    memory.fill(0xff);
    decoder.push(memory.subarray(0, part.copy(memory)));
  }
  return { status: decoder.status, body, complete: [decoder.isComplete(false), decoder.isComplete(true)] };
}

const ends = '\r\n';
const okChunked = ['HTTP/1.1 200 OK', 'Content-Type: application/x-tar', 'Transfer-Encoding: chunked', '', ''].join(
  ends,
);

const whole: readonly { readonly name: string; readonly answer: string; readonly expected: Decoded }[] = [
  {
    name: 'a body in chunks',
    answer: `${okChunked}3\r\nabc\r\n1\r\n\n\r\nC\r\n0\r\n\r\n2345678\r\n0\r\n\r\n`,
    expected: { status: 200, body: 'abc\n0\r\n\r\n2345678', complete: [true, true] },
  },
  {
    name: 'chunks with extensions, leading zeros, and a trailer',
    answer: `${okChunked}0003;name="a;b"\r\nabc\r\n2 ; x\r\nde\r\n0;last\r\nDigest: x\r\n\r\n`,
    expected: { status: 200, body: 'abcde', complete: [true, true] },
  },
  {
    name: 'no chunk but the last',
    answer: `${okChunked}0\r\n\r\n`,
    expected: { status: 200, body: '', complete: [true, true] },
  },
  {
    name: 'a body with Content-Length, and bytes after it',
    answer: 'HTTP/1.1 200 OK\r\ncontent-length:5\r\n\r\nab\r\n\r\nHTTP/1.1 500 x\r\n\r\n',
    expected: { status: 200, body: 'ab\r\n\r', complete: [true, true] },
  },
  {
    name: 'no body',
    answer: 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
    expected: { status: 200, body: '', complete: [true, true] },
  },
  {
    name: "a body to the connection's end",
    answer: 'HTTP/1.0 200 OK\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
    expected: { status: 200, body: '3\r\nabc\r\n0\r\n\r\n', complete: [false, true] },
  },
  {
    name: 'lines that end as they should not',
    answer: 'HTTP/1.1 200 OK\nTransfer-Encoding: gzip, Chunked \n\n2\nab\n0\n\n',
    expected: { status: 200, body: 'ab', complete: [true, true] },
  },
  {
    name: 'answers that say to wait for the answer',
    answer: `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nContent-Length: 9\r\n\r\n${okChunked}1\r\na\r\n0\r\n\r\n`,
    expected: { status: 200, body: 'a', complete: [true, true] },
  },
  {
    name: 'a chunked body, whatever Content-Length says',
    answer: 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n',
    expected: { status: 200, body: 'ab', complete: [true, true] },
  },
  {
    name: 'a refusal',
    answer: 'HTTP/1.1 404 Not Found\r\nContent-Length: 15\r\n\r\n{"message":"x"}',
    expected: { status: 404, body: '{"message":"x"}', complete: [true, true] },
  },
];

describe('a response is the same wherever it is cut', () => {
  for (const { name, answer, expected } of whole) {
    test(name, () => {
      const bytes = Buffer.from(answer, 'latin1');
      assert.deepEqual(decode([bytes]), expected);
      assert.deepEqual(decode(Array.from(bytes, (byte) => Buffer.of(byte))), expected);
      for (let first = 0; first <= bytes.byteLength; first++) {
        for (let second = first; second <= bytes.byteLength; second++) {
          const parts = [bytes.subarray(0, first), bytes.subarray(first, second), bytes.subarray(second)];
          assert.deepEqual(decode(parts), expected, `cut at ${first} and ${second}`);
        }
      }
    });
  }
});

test('a response that ends early is never complete', () => {
  for (const answer of [
    `${okChunked}3\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\n`,
    'HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\nabcdefghijkl',
  ]) {
    const bytes = Buffer.from(answer, 'latin1');
    // Without the size of the last chunk, or the last byte, it is not whole.
    const least = answer.startsWith(okChunked) ? bytes.byteLength - 2 : bytes.byteLength;
    for (let end = 1; end < least; end++) {
      assert.deepEqual(decode([bytes.subarray(0, end)]).complete, [false, false], `cut at ${end}`);
    }
    assert.deepEqual(decode([bytes]).complete, [true, true]);
  }
});

test("the body's bytes are given without a copy", () => {
  const shown: Uint8Array[] = [];
  const decoder = new ResponseDecoder((bytes) => shown.push(bytes));
  const bytes = Buffer.from(`${okChunked}3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n`);
  decoder.push(bytes);
  assert.deepEqual(
    shown.map((part) => [part.buffer === bytes.buffer, part.byteOffset - bytes.byteOffset, part.byteLength]),
    [
      [true, bytes.indexOf('abc'), 3],
      [true, bytes.indexOf('de'), 2],
    ],
  );
});

test('before the head has arrived there is no status and no error', () => {
  const decoder = new ResponseDecoder(() => assert.fail('there is no body yet'));
  decoder.push(Buffer.from('HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n'));
  assert.deepEqual([decoder.status, decoder.isSuccess], [0, true]);
  decoder.push(Buffer.from('\r\n'));
  assert.deepEqual([decoder.status, decoder.isSuccess], [404, false]);
});

describe('a response that is not HTTP is rejected', () => {
  const push = (text: string) => () => decode([Buffer.from(text, 'latin1')]);
  test('by its first lines', () => {
    for (const text of [
      'SSH-2.0-OpenSSH_9.2p1\r\n\r\n',
      'HTTP/2 200\r\n\r\n',
      'HTTP/1.1 20 OK\r\n\r\n',
      ' HTTP/1.1 200 OK\r\n\r\n',
      '\r\n\r\n',
    ]) {
      assert.throws(push(text), { message: 'it is no HTTP' }, text);
    }
  });
  test('if its head does not end', () => {
    assert.throws(push('x'.repeat(70_000)), { message: 'it is no HTTP' });
    assert.throws(push(`HTTP/1.1 200 OK\r\n${'A: b\r\n'.repeat(12_000)}`), { message: 'it is no HTTP' });
    const decoder = new ResponseDecoder(() => undefined);
    assert.throws(
      () => {
        for (let piece = 0; piece < 100; piece++) decoder.push(Buffer.alloc(1024, 'x'));
      },
      { message: 'it is no HTTP' },
    );
  });
  test('if the length of a chunk is missing or does not end', () => {
    for (const size of ['xyz', '-1', '0x10', '5 5', ';', 'ustar']) {
      assert.throws(push(`${okChunked}1\r\na\r\n${size}\r\n`), /a chunk of its answer has no length/, size);
    }
    assert.throws(push(`${okChunked}${'1'.repeat(300)}`), { message: 'it is no HTTP' });
  });
});
