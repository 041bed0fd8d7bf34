import path from 'node:path';
import * as l10n from '@vscode/l10n';
import { extract, type Extract, type Header } from 'tar-stream';
import { Condition } from '../../base/condition.ts';
import { TeaChestError } from '../../base/errors.ts';
import { appendedErrorMessage } from '../client/engineErrorMessage.ts';

/** One member of a tar archive. */
export interface TarEntry {
  /** From the archive's root, without `./`; never outside of the archive. */
  readonly path: string;
  /** `other`: folders, devices and the like. */
  readonly type: 'file' | 'link' | 'other';
  readonly size: number;
  /** From the archive's root, like `path`. */
  readonly target: string | undefined;
  /**
   * Read it to its end or not at all: asking for the next entry skips the rest. Each piece is valid until the next one is
   * asked for: its memory is used again.
   */
  readonly body: AsyncIterable<Uint8Array>;
}

type Entry = Extract extends AsyncIterable<infer Item> ? Item : never;

/** Linux's PATH_MAX. */
const maxPathLength = 4096;

/** Two empty blocks close a tar archive (POSIX, pax interchange format). */
const endMarkBytes = 1024;

/**
 * Reads a tar archive in constant memory. Throws `archiveTruncated` if it ends before its end mark, with the engine's
 * message if that was appended; `archiveInvalid` if it is not a tar or a path leaves it; or the source's error.
 * `onConsumed` gets the position in the archive before which no byte is needed any more.
 */
export async function* tarEntries(
  bytes: AsyncIterable<Uint8Array>,
  onConsumed: (position: number) => void = () => undefined,
): AsyncGenerator<TarEntry, void, void> {
  const parser = extract();
  const tail = new ArchiveTail();
  const feeder = new TarFeeder(parser, tail, bytes);
  const explain = (error: unknown): Promise<unknown> => feeder.explain(error);
  let end = 0;
  try {
    for await (const entry of parser) {
      const start = startOf(entry.header);
      end = start + Math.ceil(entry.header.size / 512) * 512;
      const reading = { position: start };
      onConsumed(start);
      yield toEntry(entry, bodyOf(entry, reading, onConsumed, explain));
      // Skipped bytes are consumed as well: a layer may have gigabytes.
      entry.on('data', (chunk) => {
        reading.position += (chunk as Uint8Array).byteLength;
        onConsumed(reading.position);
      });
    }
  } catch (error) {
    throw await explain(error);
  } finally {
    feeder.stop();
  }
  if (tail.total - end < endMarkBytes || !tail.isZero(endMarkBytes)) throw truncated(tail.message());
}

/** Writes the source into the parser. Not `stream.pipeline`, which would hide the source's error behind the parser's. */
class TarFeeder {
  readonly #parser: Extract;
  readonly #tail: ArchiveTail;
  readonly #done: Promise<void>;
  readonly #drained = new Condition();
  #stopped = false;
  /** The source's error, from which the parser's follow. */
  #failure: { readonly error: unknown } | undefined;
  #parserError: Error | undefined;

  constructor(parser: Extract, tail: ArchiveTail, bytes: AsyncIterable<Uint8Array>) {
    this.#parser = parser;
    this.#tail = tail;
    for (const event of ['drain', 'close']) {
      parser.on(event, () => {
        this.#drained.notifyAll();
      });
    }
    // An entry that is read later only reports that it was destroyed.
    parser.on('error', (error) => {
      this.#parserError = error;
    });
    this.#done = this.#feed(bytes);
  }

  stop(): void {
    this.#stopped = true;
    this.#parser.destroy();
  }

  /** Why the parser failed: the source's error, the engine's message at the archive's end, or the parser's error. */
  async explain(error: unknown): Promise<unknown> {
    if (error instanceof TeaChestError) return error;
    await this.#done;
    if (this.#failure !== undefined) return this.#failure.error;
    const message = this.#tail.message();
    const cause = this.#parserError ?? error;
    const found = cause instanceof Error ? cause.message : String(cause);
    if (message !== undefined || /unexpected end|prematurely/i.test(found)) return truncated(message);
    return new TeaChestError(
      'archiveInvalid',
      l10n.t`The engine’s archive of the image is not a tar archive: ${found}`,
      {
        stage: 'export',
        cause,
      },
    );
  }

  async #feed(bytes: AsyncIterable<Uint8Array>): Promise<void> {
    try {
      let afterFailure = 0;
      for await (const chunk of bytes) {
        if (this.#stopped) return;
        this.#tail.push(chunk);
        // The parser may have failed at the engine's error message: read a little more, to have the whole message.
        if (this.#parser.destroyed) {
          afterFailure += chunk.byteLength;
          if (afterFailure > this.#tail.capacity) return;
        } else if (!this.#parser.write(chunk)) {
          await this.#drained.wait();
        }
      }
      this.#parser.end(null);
    } catch (error) {
      this.#failure = { error };
      this.#parser.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  }
}

/** The end of the archive so far: engines append their error message to a stream that they cannot finish. */
class ArchiveTail {
  /** Bytes kept. */
  readonly capacity = 8192;
  #kept: Buffer = Buffer.alloc(0);
  #total = 0;

  push(chunk: Uint8Array): void {
    this.#total += chunk.byteLength;
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const joined = bytes.byteLength >= this.capacity ? bytes : Buffer.concat([this.#kept, bytes]);
    // A copy: the chunk's memory is used again.
    this.#kept = Buffer.from(joined.subarray(-this.capacity));
  }

  /** Bytes of the archive so far. */
  get total(): number {
    return this.#total;
  }

  /** True if the last `length` bytes (at most `capacity`) are all zero. */
  isZero(length: number): boolean {
    const end = this.#kept.subarray(-length);
    return end.byteLength === length && end.every((byte) => byte === 0);
  }

  /** The error message that the engine appended, if any. */
  message(): string | undefined {
    return appendedErrorMessage(this.#kept);
  }
}

function truncated(message: string | undefined): TeaChestError {
  const sentence =
    message === undefined
      ? l10n.t('The engine did not send the whole image: it stopped in the middle.')
      : l10n.t`The engine did not send the whole image: it says: ${message}.`;
  return new TeaChestError('archiveTruncated', sentence, {
    stage: 'export',
    facts: message === undefined ? {} : { message },
  });
}

/** Position of the entry's body in the archive. */
function startOf(header: Header): number {
  // tar-stream has it, but its types do not.
  const { byteOffset } = header as { byteOffset?: number };
  return byteOffset ?? 0;
}

function toEntry(entry: Entry, body: TarEntry['body']): TarEntry {
  const { name, type, size, linkname } = entry.header;
  const entryPath = archivePath(name, '');
  const isFile = type === 'file' || type === 'contiguous-file';
  const isLink = type === 'link' || type === 'symlink';
  const base = type === 'symlink' ? path.posix.dirname(entryPath) : '';
  return {
    path: entryPath,
    type: isFile ? 'file' : isLink ? 'link' : 'other',
    size,
    target: isLink ? archivePath(linkname, base) : undefined,
    body,
  };
}

/** Not the entry itself: its iterator would destroy the whole archive when a reader leaves early. */
async function* bodyOf(
  entry: Entry,
  reading: { position: number },
  onConsumed: (position: number) => void,
  explain: (error: unknown) => Promise<unknown>,
): AsyncGenerator<Uint8Array, void, void> {
  const chunks = entry[Symbol.asyncIterator]();
  for (;;) {
    onConsumed(reading.position);
    let next;
    try {
      next = await chunks.next();
    } catch (error) {
      throw await explain(error);
    }
    if (next.done === true) return;
    const chunk = next.value as Uint8Array;
    yield chunk;
    reading.position += chunk.byteLength;
  }
}

/** Resolves a path against a folder of the archive. Throws if it leads out of the archive. */
export function archivePath(name: string, folder: string): string {
  if (name.length > maxPathLength) {
    const sentence = l10n.t`The engine’s archive of the image has a path of ${name.length} characters.`;
    throw new TeaChestError('archiveInvalid', sentence, { stage: 'export' });
  }
  const resolved = path.posix.join(folder, name).replace(/\/+$/, '');
  if (name.startsWith('/') || resolved === '..' || resolved.startsWith('../')) {
    throw new TeaChestError(
      'archiveInvalid',
      l10n.t`The engine’s archive of the image points outside of itself: “${name}”.`,
      {
        stage: 'export',
        facts: { path: name },
      },
    );
  }
  return resolved;
}
