import type { CodecKind } from './codecs.ts';
import { codecSpeeds } from './codecSpeeds.ts';

/** What is known of the link to a registry. */
export interface Link {
  /** By the name of its host: this machine, the same network, or somewhere else. */
  readonly scope: 'loopback' | 'private' | 'public';
  /** Bytes per second that one upload got through lately; undefined if none was measured. */
  readonly bytesPerSecond: number | undefined;
}

export interface CompressionMeans {
  /** Threads that may compress at one time. */
  readonly threads: number;
  readonly hasZstd: boolean;
}

const mega = 1e6;

/** Bytes per second assumed until a push has measured: a local Gitea that hashes, gigabit, a home's uplink. */
const assumed: Readonly<Record<Link['scope'], number>> = {
  loopback: 200 * mega,
  private: 110 * mega,
  public: 5 * mega,
};

/** Everything can read gzip: another codec must take no more than this part of its time to be worth it. */
const worthChanging = 0.87;

/** The compression by which a layer arrives soonest: compressing and sending overlap, so the slower of the two counts. */
export function chooseCompression(link: Link, { threads, hasZstd }: CompressionMeans): CodecKind {
  const rate = link.bytesPerSecond ?? assumed[link.scope];
  const secondsPerByte = (kind: CodecKind): number =>
    Math.max(1 / (codecSpeeds[kind].bytesPerSecond * threads), codecSpeeds[kind].ratio / rate);
  const others: readonly CodecKind[] = hasZstd ? ['none', 'zstd'] : ['none'];
  const gzip = secondsPerByte('gzip');
  const [best] = others
    .filter((kind) => secondsPerByte(kind) < gzip * worthChanging)
    .toSorted((one, other) => secondsPerByte(one) - secondsPerByte(other));
  return best ?? 'gzip';
}
