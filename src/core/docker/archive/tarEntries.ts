import path from 'node:path';
import { extract, type Extract, type Header } from 'tar-stream';
import { TeaChestError } from '../../base/errors.ts';
import { ArchiveTail } from './archiveTail.ts';

/** One member of a tar archive. */
export interface TarEntry {
  /** From the archive's root, without `./` and never outside of it. */
  readonly path: string;
  /** `file`, or a link to `target`. Whatever else an archive may hold (folders, devices) is `other`. */
  readonly type: 'file' | 'link' | 'other';
  readonly size: number;
  /** From the archive's root, like `path`. */
  readonly target: string | undefined;
  /**
   * To be read to its end, or not at all: what is left is skipped when the next entry is asked for. Each piece is good
   * until the next one is asked for: its memory is used again.
   */
  readonly body: AsyncIterable<Uint8Array>;
}

type Entry = Extract extends AsyncIterable<infer Item> ? Item : never;

/** As Linux' PATH_MAX. */
const maxPathLength = 4096;

/** Two empty blocks close a tar archive (POSIX, pax interchange format). */
const endMarkBytes = 1024;

/**
 * Reads a tar archive front to back, holding no more than a few chunks. Rejects with `archiveTruncated` if it ends
 * before its end mark, with the engine's own words where it appended some; with `archiveInvalid` if it is no tar, or
 * reaches outside of itself; with the source's own error if that breaks. `onConsumed` is told up to which byte of the
 * archive nothing is needed any more.
 */
export async function* tarEntries(
  bytes: AsyncIterable<Uint8Array>,
  onConsumed: (position: number) => void = () => undefined,
): AsyncGenerator<TarEntry, void, void> {
  const parser = extract();
  const tail = new ArchiveTail();
  const feeding = new TarFeeder(parser, tail, bytes);
  const explain = (error: unknown): Promise<unknown> => feeding.explain(error);
  let end = 0;
  try {
    for await (const entry of parser) {
      const start = startOf(entry.header);
      end = start + Math.ceil(entry.header.size / 512) * 512;
      const reading = { position: start };
      onConsumed(start);
      yield toEntry(entry, bodyOf(entry, reading, onConsumed, explain));
      // What is skipped is consumed as well: a layer may have gigabytes.
      entry.on('data', (chunk) => {
        reading.position += (chunk as Uint8Array).byteLength;
        onConsumed(reading.position);
      });
    }
  } catch (error) {
    throw await explain(error);
  } finally {
    feeding.stop();
  }
  if (tail.total - end < endMarkBytes || !tail.isZero(endMarkBytes)) throw truncated(tail.words());
}

/** Pumps the source into the parser; remembers what broke it. */
class TarFeeder {
  readonly #parser: Extract;
  readonly #tail: ArchiveTail;
  readonly #done: Promise<void>;
  #wake: () => void = () => undefined;
  #stopped = false;
  /** The source's error, which explains all others. */
  #failure: { readonly error: unknown } | undefined;
  #parserError: Error | undefined;

  constructor(parser: Extract, tail: ArchiveTail, bytes: AsyncIterable<Uint8Array>) {
    this.#parser = parser;
    this.#tail = tail;
    for (const event of ['drain', 'close']) {
      parser.on(event, () => {
        this.#wake();
      });
    }
    // An entry that is asked too late only says that it was destroyed.
    parser.on('error', (error) => {
      this.#parserError = error;
    });
    this.#done = this.#feed(bytes);
  }

  stop(): void {
    this.#stopped = true;
    this.#parser.destroy();
  }

  /** Why the parser gave up: the source's error, the engine's words at the archive's end, or what tar-stream found. */
  async explain(error: unknown): Promise<unknown> {
    if (error instanceof TeaChestError) return error;
    await this.#done;
    if (this.#failure !== undefined) return this.#failure.error;
    const words = this.#tail.words();
    const cause = this.#parserError ?? error;
    const found = cause instanceof Error ? cause.message : String(cause);
    if (words !== undefined || /unexpected end|prematurely/i.test(found)) return truncated(words);
    return new TeaChestError('archiveInvalid', `The engine’s archive of the image is not a tar archive: ${found}`, {
      stage: 'export',
      cause,
    });
  }

  async #feed(bytes: AsyncIterable<Uint8Array>): Promise<void> {
    try {
      let afterFailure = 0;
      for await (const chunk of bytes) {
        if (this.#stopped) return;
        this.#tail.push(chunk);
        // A parser that stumbled may have met the engine's error text: read on a little, the words may be complete then.
        if (this.#parser.destroyed) {
          afterFailure += chunk.byteLength;
          if (afterFailure > this.#tail.capacity) return;
        } else if (!this.#parser.write(chunk)) {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
        }
      }
      this.#parser.end(null);
    } catch (error) {
      this.#failure = { error };
      this.#parser.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  }
}

function truncated(words: string | undefined): TeaChestError {
  const why = words === undefined ? 'it stopped in the middle' : `it says: ${words}`;
  return new TeaChestError('archiveTruncated', `The engine did not send the whole image: ${why}.`, {
    stage: 'export',
    facts: words === undefined ? {} : { words },
  });
}

/** Where the entry's body begins in the archive. */
function startOf(header: Header): number {
  // tar-stream has it, its types do not.
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

/** Not the entry itself: its iterator would tear down the whole archive when a reader leaves early. */
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

/** Resolves a path of the archive against a folder of it. Rejects one that leads out of the archive. */
export function archivePath(name: string, folder: string): string {
  if (name.length > maxPathLength) {
    const sentence = `The engine’s archive of the image has a path of ${name.length} characters.`;
    throw new TeaChestError('archiveInvalid', sentence, { stage: 'export' });
  }
  const resolved = path.posix.join(folder, name).replace(/\/+$/, '');
  if (name.startsWith('/') || resolved === '..' || resolved.startsWith('../')) {
    throw new TeaChestError(
      'archiveInvalid',
      `The engine’s archive of the image points outside of itself: “${name}”.`,
      {
        stage: 'export',
        facts: { path: name },
      },
    );
  }
  return resolved;
}
