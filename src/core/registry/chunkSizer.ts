const kib = 1024;
const mib = 1024 * kib;

/** Bytes. Below Cloudflare's 100 MB; above what any sensible proxy refuses. */
const largest = 64 * mib;
const smallest = 512 * kib;
const first = 16 * mib;
/** A chunk smaller than this measures the round trip rather than the link. */
const leastTelling = 4 * mib;

/** Milliseconds a chunk should take: gateways cut at 60 s (docs/gitea.md §5), and a link gets slower at times. */
const aim = 15_000;

/** Where the size that worked is kept from one push to the next, by origin. Bytes. */
export interface ChunkMemory {
  get(origin: string): number | undefined;
  set(origin: string, bytes: number): void;
}

/** Finds the size of chunk that gets through to one registry; shared by all its uploads. */
export class ChunkSizer {
  readonly #origin: string;
  readonly #memory: ChunkMemory;
  readonly #onRate: (bytesPerSecond: number) => void;
  #size: number;
  /** The smallest size that was refused as too large: never reached again by this instance. */
  #refused = Infinity;

  /** `onRate` is told how fast each chunk went that is large enough to tell something of the link. */
  constructor(origin: string, memory: ChunkMemory, onRate: (bytesPerSecond: number) => void = () => undefined) {
    this.#onRate = onRate;
    this.#origin = origin;
    this.#memory = memory;
    this.#size = clamp(memory.get(origin) ?? first);
  }

  /** Bytes of the next chunk. */
  get size(): number {
    return this.#size;
  }

  /** True while nothing was seen of a limit on the way. */
  get seemsUnlimited(): boolean {
    return this.#refused === Infinity && this.#size >= first;
  }

  /** A chunk went through in `ms`: the next may be up to twice as large, if the link is fast enough. */
  accepted(bytes: number, ms: number): void {
    if (bytes >= leastTelling) this.#onRate((bytes * 1000) / Math.max(ms, 1));
    // The last chunk of a blob is short and says little about what a whole one takes.
    if (bytes < this.#size / 2) return;
    const fitting = (bytes * aim) / Math.max(ms, 1);
    const next = clamp(Math.min(fitting, this.#size * 2));
    this.#set(next < this.#refused ? next : this.#size);
  }

  /** A chunk was refused as too large (413). False if it was one of the smallest: then there is no way through. */
  tooLarge(bytes: number): boolean {
    if (bytes <= smallest) return false;
    this.#refused = Math.min(this.#refused, bytes);
    this.#set(Math.min(this.#size, clamp(bytes / 2)));
    return true;
  }

  /** A chunk did not get through in time, or the connection broke under it: try with less. */
  broken(bytes: number): void {
    this.#set(Math.min(this.#size, clamp(bytes / 2)));
  }

  #set(bytes: number): void {
    if (bytes === this.#size) return;
    this.#size = bytes;
    this.#memory.set(this.#origin, bytes);
  }
}

function clamp(bytes: number): number {
  return Math.floor(Math.min(largest, Math.max(smallest, bytes)));
}
