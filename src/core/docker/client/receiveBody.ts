import type { Duplex } from 'node:stream';
import { Condition } from '../../base/condition.ts';
import { refusedByEngine } from './engineErrors.ts';
import { pieceSize, type ReceiveBuffers } from './receiveBuffers.ts';
import { ResponseDecoder } from './responseDecoder.ts';

/** Bytes that may wait for the reader before the connection is paused. */
const highWaterMark = 4 * pieceSize;
const maxErrorBody = 64 * 1024;

/**
 * Opens a connection that gives its bytes to `onBytes` as they arrive. They lie in the connection's own memory, which it
 * uses again for the next ones. Returning false pauses the connection.
 */
export type Connect = (onBytes: (bytes: Uint8Array) => boolean) => Duplex;

export interface BodyRequest {
  readonly host: string;
  readonly path: string;
  /** Buffers for the pieces; the caller reports what is consumed. Without it each piece has new memory. */
  readonly memory?: ReceiveBuffers;
}

/**
 * The body of the response to a GET, on a connection of its own. Not node:http, which allocates new memory for each 32 KiB
 * that an engine writes: of an export's 2.9 s of CPU time 2.1 s were that (docs/performance.md). Throws `engineFailed` with
 * the engine's message if it refuses, or the connection's error if that breaks. Leaving the loop closes the connection.
 */
export async function* receiveBody(
  connect: Connect,
  { host, path, memory }: BodyRequest,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void, void> {
  signal.throwIfAborted();
  const queue = new ReceiveQueue(memory);
  const decoder = new ResponseDecoder((bytes) => {
    queue.add(bytes);
  });
  const state = followConnection(connect, decoder, queue, signal);
  let errorBody = '';
  try {
    state.connection.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    for (;;) {
      if (state.failure !== undefined) throw state.failure;
      const piece = queue.take();
      if (piece !== undefined) {
        if (decoder.isSuccess) yield piece;
        else errorBody += piece.toString('utf8');
        if (queue.bytes < highWaterMark / 2) state.connection.resume();
      }
      const isOver = queue.bytes === 0 && decoder.isComplete(state.isClosed);
      if (!decoder.isSuccess && (isOver || errorBody.length > maxErrorBody)) {
        throw refusedByEngine(decoder.status, errorBody);
      }
      if (isOver) return;
      // The connection may have failed while the reader was busy with the piece: check that before the next wait.
      if (piece !== undefined) continue;
      if (state.isClosed) throw Object.assign(new Error('it was closed in mid-answer'), { code: 'ECONNRESET' });
      await state.changed.wait();
    }
  } finally {
    state.stop();
  }
}

interface ConnectionState {
  readonly connection: Duplex;
  failure: Error | undefined;
  isClosed: boolean;
  /** Notified once for all that happens in one turn of the event loop. */
  readonly changed: Condition;
  stop(): void;
}

function followConnection(
  connect: Connect,
  decoder: ResponseDecoder,
  queue: ReceiveQueue,
  signal: AbortSignal,
): ConnectionState {
  let isScheduled = false;
  const notifySoon = (): void => {
    if (isScheduled) return;
    isScheduled = true;
    setImmediate(() => {
      isScheduled = false;
      state.changed.notifyAll();
    });
  };
  const connection = connect((bytes) => {
    try {
      decoder.push(bytes);
    } catch (error) {
      state.failure ??= error as Error;
    }
    notifySoon();
    return state.failure === undefined && queue.bytes < highWaterMark;
  });
  const abort = (): void => {
    state.failure ??= signal.reason instanceof Error ? signal.reason : new Error('stopped', { cause: signal.reason });
    connection.destroy();
    notifySoon();
  };
  const state: ConnectionState = {
    connection,
    failure: undefined,
    isClosed: false,
    changed: new Condition(),
    stop: () => {
      signal.removeEventListener('abort', abort);
      connection.destroy();
    },
  };
  signal.addEventListener('abort', abort, { once: true });
  connection.on('error', (error) => {
    // An error does not matter once the body is whole.
    if (!decoder.isComplete(false)) state.failure ??= error;
    notifySoon();
  });
  for (const event of ['end', 'close']) {
    connection.on(event, () => {
      state.isClosed = true;
      notifySoon();
    });
  }
  return state;
}

/** Bytes that wait for the reader, copied out of the connection's memory into larger pieces. */
class ReceiveQueue {
  readonly #memory: ReceiveBuffers | undefined;
  #bytes = 0;
  #total = 0;
  readonly #full: Buffer[] = [];
  #piece: Buffer = Buffer.alloc(0);
  /** The bytes of `#piece` that were not read yet. */
  #start = 0;
  #end = 0;

  constructor(memory: ReceiveBuffers | undefined) {
    this.#memory = memory;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(bytes: Uint8Array): void {
    this.#bytes += bytes.byteLength;
    for (let at = 0; at < bytes.byteLength;) {
      if (this.#end === this.#piece.byteLength) this.#begin(this.#total + at);
      const part = bytes.subarray(at, at + this.#piece.byteLength - this.#end);
      this.#piece.set(part, this.#end);
      this.#end += part.byteLength;
      at += part.byteLength;
    }
    this.#total += bytes.byteLength;
  }

  take(): Buffer | undefined {
    if (this.#bytes === 0) return undefined;
    const full = this.#full.shift();
    const piece = full ?? this.#piece.subarray(this.#start, this.#end);
    if (full === undefined) this.#start = this.#end;
    this.#bytes -= piece.byteLength;
    return piece;
  }

  /** `position`: of the next piece in the stream. */
  #begin(position: number): void {
    if (this.#end > this.#start) this.#full.push(this.#piece.subarray(this.#start, this.#end));
    if (position > 0) this.#memory?.filled(this.#piece, position);
    this.#piece = this.#memory?.take() ?? Buffer.allocUnsafeSlow(pieceSize);
    this.#start = this.#end = 0;
  }
}
