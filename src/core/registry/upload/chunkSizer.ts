import * as v from 'valibot';
import { lenient } from '../../base/json.ts';
import type { TeaChestError } from '../../base/errors.ts';

const kib = 1024;
const mib = 1024 * kib;
const minute = 60_000;

/** Bytes. Below Cloudflare's 100 MB; above what any sensible proxy refuses. */
const largest = 64 * mib;
const smallest = 512 * kib;
const first = 16 * mib;
/** A chunk smaller than this measures the round trip rather than the link. */
const leastTelling = 4 * mib;

/** Milliseconds a chunk should take: gateways cut at 60 s (docs/gitea.md §5), and a link gets slower at times. */
const aim = 15_000;

/**
 * Milliseconds for which a size that broke is not tried again: the first time it may have been an accident, so only a
 * while; each further time, four times as long. A size that was refused in so many words (413) is a setting of a server.
 */
const firstHold = 10 * minute;
const longestHold = 7 * 24 * 60 * minute;

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(1));

const chunkLimit = v.object({
  /** Chunks stay below this. */
  bytes: count,
  /** How often it was met. */
  times: count,
  /** Milliseconds since the epoch: until then it holds. */
  until: count,
});

/** What was learned of one registry's limits. `size`: bytes of the next chunk. */
export const chunkState = v.object({ size: count, limit: lenient(chunkLimit) });

/** A size that did not get through. */
export type ChunkLimit = Readonly<v.InferOutput<typeof chunkLimit>>;

export type ChunkState = Readonly<v.InferOutput<typeof chunkState>>;

/** Where that is kept from one push to the next, by origin. */
export interface ChunkMemory {
  get(origin: string): ChunkState | undefined;
  set(origin: string, state: ChunkState): void;
}

export interface ChunkSizerOptions {
  /** Told how fast each chunk went that is large enough to tell something of the link. */
  readonly onRate?: ((bytesPerSecond: number) => void) | undefined;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/** Finds the size of chunk that gets through to one registry; shared by all its uploads. */
export class ChunkSizer {
  readonly #origin: string;
  readonly #memory: ChunkMemory;
  readonly #onRate: (bytesPerSecond: number) => void;
  readonly #now: () => number;
  #size: number;
  #limit: ChunkLimit | undefined;
  /** Chunks that broke since the last one that passed. */
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

  /** True while nothing was seen of a limit on the way. */
  get seemsUnlimited(): boolean {
    return this.#bound === Infinity && this.#size >= first;
  }

  /** How something on the way refused chunks of any size, if it did: then blobs go in one request. */
  get chunksRefused(): TeaChestError | undefined {
    return this.#chunksRefused;
  }

  /** Not kept from one push to the next: a chunk tells it again at once, and proxies get corrected. */
  rememberChunksRefused(how: TeaChestError): void {
    this.#chunksRefused = how;
  }

  /** A chunk went through in `ms`: the next may be up to twice as large, if the link is fast enough. */
  accepted(bytes: number, ms: number): void {
    this.#brokenInARow = 0;
    if (bytes >= leastTelling) this.#onRate((bytes * 1000) / Math.max(ms, 1));
    // The last chunk of a blob is short and says little about what a whole one takes.
    if (bytes < this.#size / 2) return;
    const fitting = (bytes * aim) / Math.max(ms, 1);
    const next = clamp(Math.min(fitting, this.#size * 2));
    this.#set(next < this.#bound ? next : this.#size);
  }

  /** A chunk was refused as too large (413). False if it was one of the smallest: then there is no way through. */
  tooLarge(bytes: number): boolean {
    if (bytes <= smallest) return false;
    const limit = { bytes: Math.min(this.#bound, bytes), times: 1, until: this.#now() + longestHold };
    this.#set(Math.min(this.#size, clamp(bytes / 2)), limit);
    return true;
  }

  /**
   * A chunk did not get through in time, or the connection broke under it: try with less. Some proxies and firewalls tell
   * a limit only so. Each time means all of the blob again, so from the second one in a row on the steps are larger.
   */
  broken(bytes: number): void {
    if (bytes <= smallest) return;
    // Of several under way at a time the first one has lowered the size already.
    const isOfThisSize = bytes <= this.#size;
    const divisor = isOfThisSize && this.#brokenInARow++ > 0 ? 4 : 2;
    this.#set(Math.min(this.#size, clamp(bytes / divisor)), this.#limitAfter(bytes));
  }

  /** The same size again, or about it, is no accident any more, even long after. */
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
  return Math.floor(Math.min(largest, Math.max(smallest, bytes)));
}
