import assert from 'node:assert/strict';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { receiveBody } from '../../../../src/core/docker/client/receiveBody.ts';

const mib = 1024 * 1024;
const okChunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';

/** A connection whose every event happens when the test says so, between the reads of a slow reader. */
class Line extends Duplex {
  asked = '';
  resumed = 0;
  /** Shows bytes as arrived; false: the connection is to pause. */
  arrive: (bytes: Uint8Array) => boolean = () => assert.fail('nobody listens');

  override _read(): void {
    // Bytes come by `arrive`.
  }

  override _write(bytes: Buffer, _encoding: string, done: () => void): void {
    this.asked += bytes.toString('latin1');
    done();
  }

  override resume(): this {
    this.resumed++;
    return this;
  }
}

interface Reading {
  readonly line: Line;
  readonly cancel: AbortController;
  readonly bytes: AsyncGenerator<Buffer, void, void>;
  readonly arrive: (text: string) => boolean;
}

function startReading(): Reading {
  const line = new Line();
  const cancel = new AbortController();
  const connect = (onBytes: (bytes: Uint8Array) => boolean): Duplex => {
    line.arrive = onBytes;
    return line;
  };
  const bytes = receiveBody(connect, { host: 'engine', path: '/x' }, cancel.signal);
  return { line, cancel, bytes, arrive: (text) => line.arrive(Buffer.from(text, 'latin1')) };
}

/** A reading whose reader has the first three bytes and has not asked for more. */
async function readingWithSlowReader(): Promise<Reading> {
  const reading = startReading();
  const first = reading.bytes.next();
  reading.arrive(`${okChunked}3\r\nabc\r\n`);
  assert.equal((await first).value?.toString(), 'abc');
  return reading;
}

/** Lets all happen that the last event has set off. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await setImmediate();
}

test('the connection pauses when 4 MiB wait, and resumes below half of that', async () => {
  const { line, bytes, arrive } = startReading();
  const first = bytes.next();
  assert.equal(arrive(`${okChunked}${(100 * mib).toString(16)}\r\n`), true);
  const block = new Uint8Array(64 * 1024);
  let waiting = 0;
  let goesOn = true;
  while (goesOn) {
    assert.ok(waiting < 4 * mib, 'it was to pause by now');
    goesOn = line.arrive(block.fill(waiting / block.byteLength));
    waiting += block.byteLength;
  }
  assert.equal(waiting, 4 * mib);
  for (let next = first, at = 0; waiting > 0; next = bytes.next()) {
    const { value: piece } = await next;
    assert.ok(piece !== undefined && piece.byteLength <= mib);
    // The memory that brought the bytes has been used 64 times since the first of them.
    for (let offset = 0; offset < piece.byteLength; offset += block.byteLength, at++) assert.equal(piece[offset], at);
    waiting -= piece.byteLength;
    if (waiting === 0) break;
    // What is asked for next is answered before the connection is looked at again: give the reader its turn.
    assert.equal(line.resumed > 0, waiting < 1 * mib, `${waiting} wait, resumed ${line.resumed} times`);
  }
  await bytes.return();
  assert.equal(line.destroyed, true);
});

test('a slow reader’s piece does not change while more arrives', async () => {
  const { line, bytes, arrive } = await readingWithSlowReader();
  const pieces: Buffer[] = [];
  const expected: string[] = [];
  const memory = Buffer.alloc(64);
  for (let turn = 0; turn < 50; turn++) {
    const text = `${turn} `.repeat(1 + (turn % 5));
    expected.push(text);
    line.arrive(memory.subarray(0, memory.write(`${text.length.toString(16)}\r\n${text}\r\n`, 'latin1')));
    const { value } = await bytes.next();
    pieces.push(value ?? assert.fail('it goes on'));
    memory.fill('#');
  }
  arrive('0\r\n\r\n');
  assert.equal((await bytes.next()).done, true);
  assert.equal(Buffer.concat(pieces).toString(), expected.join(''));
});

test('a body that becomes invalid while its reader is slow is an error, not an endless wait', async () => {
  const { line, bytes, arrive } = await readingWithSlowReader();
  assert.equal(arrive('nonsense\r\n'), false);
  await settled();
  await assert.rejects(bytes.next(), /a chunk of its answer has no length/);
  assert.equal(line.destroyed, true);
});

test("a connection that breaks while the reader is slow gives the connection's own error", async () => {
  const { line, bytes } = await readingWithSlowReader();
  line.destroy(Object.assign(new Error('the cable was pulled'), { code: 'ETIMEDOUT' }));
  await settled();
  await assert.rejects(bytes.next(), { message: 'the cable was pulled', code: 'ETIMEDOUT' });
});

test('a cancel while the reader is slow gives its own reason', async () => {
  const { line, bytes, cancel } = await readingWithSlowReader();
  cancel.abort(new Error('enough'));
  await settled();
  await assert.rejects(bytes.next(), { message: 'enough' });
  assert.equal(line.destroyed, true);
});

test('a complete body is whole, however its connection ends', async () => {
  const { line, bytes, arrive } = startReading();
  const first = bytes.next();
  arrive(`${okChunked}3\r\nabc\r\n0\r\n\r\n`);
  line.destroy(new Error('it was reset'));
  assert.equal((await first).value?.toString(), 'abc');
  assert.equal((await bytes.next()).done, true);
});
