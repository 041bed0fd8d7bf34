import { codecCandidates, type CodecCandidate } from './codecSpeeds.ts';

/** What is known of the link to a registry. */
export interface Link {
  /** By the name of its host: this machine, the same network, or somewhere else. */
  readonly scope: 'loopback' | 'private' | 'public';
  /** Milliseconds of the quickest answer so far; undefined if there was none. */
  readonly roundTripMs?: number | undefined;
  /** Bytes per second that one upload got through lately; undefined if none was measured. */
  readonly bytesPerSecond: number | undefined;
}

export interface CompressionMeans {
  /** Threads that may compress at one time. */
  readonly threads: number;
  readonly hasZstd: boolean;
  /** What was chosen for this registry the last time, as `choiceName` calls it. */
  readonly previous?: string | undefined;
}

export type CompressionChoice = Pick<CodecCandidate, 'kind' | 'level'>;

const mega = 1e6;

/** Bytes per second assumed until a push has measured: a local Gitea that hashes, gigabit, a home's uplink. */
const assumed: Readonly<Record<Link['scope'], number>> = {
  loopback: 200 * mega,
  private: 110 * mega,
  public: 5 * mega,
};

/**
 * Milliseconds from which on a registry counts as far away, whatever its name is: a VPN, a tunnel, a forwarded port. A busy
 * one in the same network answers its first, small requests sooner.
 */
const farRoundTripMs = 40;

/** Everything can read gzip: another codec must take no more than this part of its time to be worth it. */
const worthChanging = 0.9;

/** A quicker codec is preferred if it takes at most so much longer: a person works with the other cores. */
const littleLonger = 1.05;

/**
 * The former choice stays unless it takes so much longer: layers of another codec are other blobs, so that all layers of an
 * image that was pushed before would be compressed and sent once more.
 */
const muchLonger = 1.3;

/** The compression by which a layer arrives soonest: compressing and sending overlap, so the slower of the two counts. */
export function chooseCompression(link: Link, { threads, hasZstd, previous }: CompressionMeans): CompressionChoice {
  const rate = link.bytesPerSecond ?? assumedRate(link);
  const secondsPerByte = ({ bytesPerSecond, ratio }: CodecCandidate): number =>
    Math.max(1 / (bytesPerSecond * threads), ratio / rate);
  const usable: readonly CodecCandidate[] = codecCandidates.filter(({ kind }) => kind !== 'zstd' || hasZstd);
  const bestOf = (candidates: readonly CodecCandidate[]): CodecCandidate | undefined => {
    const shortest = Math.min(...candidates.map(secondsPerByte));
    return candidates
      .filter((candidate) => secondsPerByte(candidate) <= shortest * littleLonger)
      .toSorted((one, other) => other.bytesPerSecond - one.bytesPerSecond)[0];
  };
  const gzip = bestOf(usable.filter(({ kind }) => kind === 'gzip'));
  const other = bestOf(usable.filter(({ kind }) => kind !== 'gzip'));
  if (gzip === undefined || other === undefined) return { kind: 'gzip', level: 1 };
  const chosen = secondsPerByte(other) < secondsPerByte(gzip) * worthChanging ? other : gzip;
  const former = usable.find((candidate) => choiceName(candidate) === previous);
  const staysWith = former !== undefined && secondsPerByte(former) <= secondsPerByte(chosen) * muchLonger;
  return staysWith ? former : chosen;
}

/** `zstd-6` */
export function choiceName({ kind, level }: CompressionChoice): string {
  return level === undefined ? kind : `${kind}-${level}`;
}

function assumedRate({ scope, roundTripMs = 0 }: Link): number {
  return assumed[roundTripMs >= farRoundTripMs ? 'public' : scope];
}
