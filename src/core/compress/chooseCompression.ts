import type { CodecKind } from './codecs.ts';

/** What is known of the way to a registry. */
export interface Link {
  /** As the name of its host tells: this machine, the same network, or somewhere else. */
  readonly place: 'loopback' | 'private' | 'public';
  /** Bytes per second that one upload got through lately; undefined if none was measured. */
  readonly bytesPerSecond: number | undefined;
}

export interface CompressionMeans {
  /** Threads that may compress at one time. */
  readonly threads: number;
  readonly hasZstd: boolean;
}

const mega = 1e6;

/** Bytes per second assumed until a push has measured: a local Gitea hashing (4 digests), gigabit, a home's uplink. */
const assumed: Readonly<Record<Link['place'], number>> = {
  loopback: 200 * mega,
  private: 110 * mega,
  public: 5 * mega,
};

/** Uncompressed bytes per second of one thread, and what is left of each byte (bench/codec.ts, real files). */
const codecs: Readonly<Record<CodecKind, { readonly speed: number; readonly ratio: number }>> = {
  gzip: { speed: 320 * mega, ratio: 0.345 },
  zstd: { speed: 185 * mega, ratio: 0.285 },
  none: { speed: Infinity, ratio: 1 },
};

/** gzip is what everything can read: another one must be this much faster to be worth it. */
const worthChanging = 0.87;

/** The compression with which a layer is over soonest: compressing and sending overlap, so the slower of the two counts. */
export function chooseCompression(link: Link, { threads, hasZstd }: CompressionMeans): CodecKind {
  const rate = link.bytesPerSecond ?? assumed[link.place];
  const secondsPerByte = (kind: CodecKind): number =>
    Math.max(1 / (codecs[kind].speed * threads), codecs[kind].ratio / rate);
  const others: readonly CodecKind[] = hasZstd ? ['none', 'zstd'] : ['none'];
  const gzip = secondsPerByte('gzip');
  const [best] = others
    .filter((kind) => secondsPerByte(kind) < gzip * worthChanging)
    .toSorted((one, other) => secondsPerByte(one) - secondsPerByte(other));
  return best ?? 'gzip';
}
