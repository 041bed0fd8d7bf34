import { TeaChestError } from '../base/errors.ts';

/** A piece of a stream, in a buffer that is its own, with the bytes before it in front. */
export interface Block {
  readonly buffer: SharedArrayBuffer;
  readonly history: number;
  readonly length: number;
  readonly isLast: boolean;
}

export interface BlockShape {
  /** Bytes of every block but the last, however the stream's chunks fall. */
  readonly size: number;
  /** How many bytes before a block come with it, at most. */
  readonly history: number;
}

/**
 * Cuts a stream into blocks. The last one is known to be so: it may be empty only if the stream is. `takeBuffer` gives
 * buffers of `history + size` bytes.
 */
export async function* cutIntoBlocks(
  chunks: AsyncIterable<Uint8Array>,
  shape: BlockShape,
  takeBuffer: () => SharedArrayBuffer,
): AsyncGenerator<Block, void, undefined> {
  let buffer = takeBuffer();
  let history = 0;
  let length = 0;
  for await (const chunk of chunks) {
    for (let offset = 0; offset < chunk.byteLength;) {
      if (length === shape.size) {
        const next = takeBuffer();
        const kept = Math.min(shape.history, history + length);
        new Uint8Array(next).set(new Uint8Array(buffer, history + length - kept, kept));
        yield { buffer, history, length, isLast: false };
        [buffer, history, length] = [next, kept, 0];
      }
      const part = chunk.subarray(offset, offset + shape.size - length);
      new Uint8Array(buffer).set(part, history + length);
      length += part.byteLength;
      offset += part.byteLength;
    }
  }
  yield { buffer, history, length, isLast: true };
}

/** The same chunks, but whoever waits for the next one is told `cancelled` as soon as the signal fires. */
export async function* untilAborted<T>(
  chunks: AsyncIterable<T>,
  signal: AbortSignal,
): AsyncGenerator<T, void, undefined> {
  const iterator = chunks[Symbol.asyncIterator]();
  let fail: (error: TeaChestError) => void = () => undefined;
  const abort = (): void => {
    fail(new TeaChestError('cancelled', 'Cancelled.', { cause: signal.reason }));
  };
  signal.addEventListener('abort', abort, { once: true });
  let ended = false;
  try {
    for (;;) {
      // A promise per chunk: a race against one that lives on would keep every chunk alive with it.
      const next = await new Promise<IteratorResult<T>>((resolve, reject) => {
        fail = reject;
        if (signal.aborted) abort();
        else iterator.next().then(resolve, reject);
      });
      if (next.done === true) {
        ended = true;
        return;
      }
      yield next.value;
    }
  } finally {
    signal.removeEventListener('abort', abort);
    const left = ended ? undefined : iterator.return?.();
    // Not awaited after an abort: a source that hangs in `next` would never come to its `return`.
    if (signal.aborted) left?.catch(() => undefined);
    else await left;
  }
}
