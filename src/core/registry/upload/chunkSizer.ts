import * as v from 'valibot';
import { lenient } from '../../base/json.ts';
import type { TeaChestError } from '../../base/errors.ts';

const kib = 1024;
const mib = 1024 * kib;
const minute = 60_000;

/** Bytes. The largest is below Cloudflare's limit of 100 MB; the smallest is above the limit of any usual proxy. */
const largest = 64 * mib;
export const smallestChunk = 512 * kib;
const first = 16 * mib;
/** The duration of a smaller chunk depends more on the round trip than on the bandwidth. */
const leastMeasured = 4 * mib;

/** Milliseconds a chunk should take: gateways time out after 60 s (docs/gitea.md §5), and bandwidth varies. */
const aim = 15_000;

/**
 * Milliseconds for which a size that failed is not tried again. The first failure may have been an accident, so the time
 * is short; each further one makes it four times as long. After a 413, which is a setting of a server, it is the longest.
 */
const firstHold = 10 * minute;
const longestHold = 7 * 24 * 60 * minute;

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(1));

const chunkLimit = v.object({
  /** Chunks stay below this. */
  bytes: count,
  /** How often it failed. */
  times: count,
  /** Milliseconds since the epoch: until then it is not tried again. */
  until: count,
});

/** What was learned of one registry's limits. `size`: bytes of the next chunk. */
export const chunkState = v.object({ size: count, limit: lenient(chunkLimit) });

/** A size that failed. */
export type ChunkLimit = Readonly<v.InferOutput<typeof chunkLimit>>;

export type ChunkState = Readonly<v.InferOutput<typeof chunkState>>;

/** Stores it from one push to the next, by origin. */
export interface ChunkMemory {
  get(origin: string): ChunkState | undefined;
  set(origin: string, state: ChunkState): void;
}

export interface ChunkSizerOptions {
  /** Called with the upload rate of each chunk that is large enough to measure it. */
  readonly onRate?: ((bytesPerSecond: number) => void) | undefined;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/** Finds the chunk size that one registry accepts; shared by all its uploads. */
export class ChunkSizer {
  readonly #origin: string;
  readonly #memory: ChunkMemory;
  readonly #onRate: (bytesPerSecond: number) => void;
  readonly #now: () => number;
  #size: number;
  #limit: ChunkLimit | undefined;
  /** Chunks that failed since the last one that was accepted. */
  #brokenInARow = 0;
  #chunksRefused: TeaChestError | undefined;

  constructor(origin: string, memory: ChunkMemory, { onRate, now = Date.now }: ChunkSizerOptions = {}) {
    this.#onRate = onRate ?? ((): void => undefined);
    this.#now = now;
    this.#origin = origin;
    this.#memory = memory;
    const state = memory.get(origin);
    this.#size = clamp(state?.size ?? first);
    // A clock that was set back must not make a limit last.
    const isKept = state?.limit !== undefined && state.limit.until <= now() + longestHold;
    this.#limit = isKept ? state.limit : undefined;
  }

  /** Bytes of the next chunk. */
  get size(): number {
    return this.#size;
  }

  /** True while no limit of the size of a request was seen. */
  get seemsUnlimited(): boolean {
    return this.#bound === Infinity && this.#size >= first;
  }

  /** How chunks of any size were refused, if they were: then blobs go in one request. */
  get chunksRefused(): TeaChestError | undefined {
    return this.#chunksRefused;
  }

  /** Not stored for the next push: one chunk finds it out again, and proxies get corrected. */
  rememberChunksRefused(how: TeaChestError): void {
    this.#chunksRefused = how;
  }

  /** A chunk was accepted within `ms`: the next may be up to twice as large, if that is fast enough. */
  accepted(bytes: number, ms: number): void {
    this.#brokenInARow = 0;
    if (bytes >= leastMeasured) this.#onRate((bytes * 1000) / Math.max(ms, 1));
    // The last chunk of a blob is short and does not show how long a full one takes.
    if (bytes < this.#size / 2) return;
    const fitting = (bytes * aim) / Math.max(ms, 1);
    const next = clamp(Math.min(fitting, this.#size * 2));
    this.#set(next < this.#bound ? next : this.#size);
  }

  /** A chunk was refused as too large (413). False if it was one of the smallest: a smaller one is not tried. */
  tooLarge(bytes: number): boolean {
    if (bytes <= smallestChunk) return false;
    const limit = { bytes: Math.min(this.#bound, bytes), times: 1, until: this.#now() + longestHold };
    this.#set(Math.min(this.#size, clamp(bytes / 2)), limit);
    return true;
  }

  /**
   * A chunk was not accepted in time, or the connection broke under it: the next one is smaller. Some proxies and firewalls
   * enforce a limit in this manner. Each time the whole blob is sent again, so from the second time in a row the steps are
   * larger. False if it was one of the smallest.
   */
  broken(bytes: number): boolean {
    if (bytes <= smallestChunk) return false;
    // Of several chunks in flight, the first failure has lowered the size already.
    const isOfThisSize = bytes <= this.#size;
    const divisor = isOfThisSize && this.#brokenInARow++ > 0 ? 4 : 2;
    this.#set(Math.min(this.#size, clamp(bytes / divisor)), this.#limitAfter(bytes));
    return true;
  }

  /** A second failure at about the same size is no accident, even much later. */
  #limitAfter(bytes: number): ChunkLimit {
    const known = this.#limit;
    const isAgain =
      known !== undefined && this.#bound === Infinity && bytes < known.bytes * 2 && bytes > known.bytes / 2;
    const times = isAgain ? known.times + 1 : 1;
    const hold = Math.min(longestHold, firstHold * 4 ** (times - 1));
    return { bytes: Math.min(this.#bound, bytes), times, until: Math.max(this.#holdsUntil, this.#now() + hold) };
  }

  /** Bytes that a chunk must stay below now. */
  get #bound(): number {
    return this.#limit !== undefined && this.#now() < this.#limit.until ? this.#limit.bytes : Infinity;
  }

  get #holdsUntil(): number {
    return this.#bound === Infinity ? 0 : (this.#limit?.until ?? 0);
  }

  #set(size: number, limit = this.#limit): void {
    if (size === this.#size && limit === this.#limit) return;
    this.#size = size;
    this.#limit = limit;
    this.#memory.set(this.#origin, limit === undefined ? { size } : { size, limit });
  }
}

function clamp(bytes: number): number {
  return Math.floor(Math.min(largest, Math.max(smallestChunk, bytes)));
}
