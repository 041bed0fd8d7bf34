import type { Duplex } from 'node:stream';
import { refusedByEngine } from './engineErrors.ts';
import { pieceSize, type ReceiveBuffers } from './receiveBuffers.ts';
import { ResponseDecoder } from './responseDecoder.ts';

/** So many bytes wait for the reader before the engine is told to wait as well. */
const mostWaiting = 4 * pieceSize;
const maxErrorBody = 64 * 1024;

/**
 * Opens a connection whose bytes are shown to `onBytes` as they arrive. They are the connection's own memory, used again
 * for the next ones. False pauses the connection.
 */
export type Connect = (onBytes: (bytes: Uint8Array) => boolean) => Duplex;

export interface BodyRequest {
  readonly host: string;
  readonly path: string;
  /** Where the pieces lie; whoever gives it says when they are consumed. Without it each piece is memory of its own. */
  readonly memory?: ReceiveBuffers;
}

/**
 * The body of the answer to a GET, on a connection of its own. In place of node:http, which allocates anew for each of
 * the 32 KiB in which an engine writes: with images of gigabytes that, and clearing it away, was most of what an export
 * cost us. Rejects with `engineFailed` and the engine's words if it refuses, with the connection's own error if that
 * breaks. Leaving the loop closes the connection.
 */
export async function* receiveBody(
  connect: Connect,
  { host, path, memory }: BodyRequest,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void, void> {
  signal.throwIfAborted();
  const arrivals = new ReceiveQueue(memory);
  const decoder = new ResponseDecoder((bytes) => {
    arrivals.add(bytes);
  });
  const state = followConnection(connect, decoder, arrivals, signal);
  let refusal = '';
  try {
    state.connection.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    for (;;) {
      if (state.failure !== undefined) throw state.failure;
      const piece = arrivals.take();
      if (piece !== undefined) {
        if (decoder.isSuccess) yield piece;
        else refusal += piece.toString('utf8');
        if (arrivals.bytes < mostWaiting / 2) state.connection.resume();
      }
      const isOver = arrivals.bytes === 0 && decoder.isComplete(state.isClosed);
      if (!decoder.isSuccess && (isOver || refusal.length > maxErrorBody)) {
        throw refusedByEngine(decoder.status, refusal);
      }
      if (isOver) return;
      // While the reader was busy with it the connection may have failed, and nobody would be woken for that again.
      if (piece !== undefined) continue;
      if (state.isClosed) throw Object.assign(new Error('it was closed in mid-answer'), { code: 'ECONNRESET' });
      await state.changed();
    }
  } finally {
    state.stop();
  }
}

interface ConnectionState {
  readonly connection: Duplex;
  failure: Error | undefined;
  isClosed: boolean;
  /** Resolves once there is something new, with all that one turn of the event loop brought. */
  changed(): Promise<void>;
  stop(): void;
}

function followConnection(
  connect: Connect,
  decoder: ResponseDecoder,
  arrivals: ReceiveQueue,
  signal: AbortSignal,
): ConnectionState {
  let wake: () => void = () => undefined;
  let isWaking = false;
  const wakeSoon = (): void => {
    if (isWaking) return;
    isWaking = true;
    setImmediate(() => {
      isWaking = false;
      wake();
    });
  };
  const connection = connect((bytes) => {
    try {
      decoder.push(bytes);
    } catch (error) {
      state.failure ??= error as Error;
    }
    wakeSoon();
    return state.failure === undefined && arrivals.bytes < mostWaiting;
  });
  const abort = (): void => {
    state.failure ??= signal.reason instanceof Error ? signal.reason : new Error('stopped', { cause: signal.reason });
    connection.destroy();
    wakeSoon();
  };
  const state: ConnectionState = {
    connection,
    failure: undefined,
    isClosed: false,
    changed: () => new Promise<void>((resolve) => (wake = resolve)),
    stop: () => {
      signal.removeEventListener('abort', abort);
      connection.destroy();
    },
  };
  signal.addEventListener('abort', abort, { once: true });
  connection.on('error', (error) => {
    // How a connection ends does not matter once the body is all there.
    if (!decoder.isComplete(false)) state.failure ??= error;
    wakeSoon();
  });
  for (const event of ['end', 'close']) {
    connection.on(event, () => {
      state.isClosed = true;
      wakeSoon();
    });
  }
  return state;
}

/** Bytes that wait for their reader, copied out of the connection's memory into pieces. */
class ReceiveQueue {
  readonly #memory: ReceiveBuffers | undefined;
  #bytes = 0;
  #total = 0;
  readonly #full: Buffer[] = [];
  #piece: Buffer = Buffer.alloc(0);
  /** Where what was not taken yet begins and ends in `#piece`. */
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

  /** `position`: of the stream, where the next piece begins. */
  #begin(position: number): void {
    if (this.#end > this.#start) this.#full.push(this.#piece.subarray(this.#start, this.#end));
    if (position > 0) this.#memory?.filled(this.#piece, position);
    this.#piece = this.#memory?.take() ?? Buffer.allocUnsafeSlow(pieceSize);
    this.#start = this.#end = 0;
  }
}
