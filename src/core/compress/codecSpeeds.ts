import { mediaTypes } from '../oci/mediaTypes.ts';
import type { CodecKind } from './codecs.ts';

const mega = 1e6;

export interface CodecSpeed {
  /** Uncompressed bytes per second of one thread. */
  readonly bytesPerSecond: number;
  /** Stored bytes for each uncompressed one. */
  readonly ratio: number;
}

/** A codec at one of its levels; `none` has no levels. */
export interface CodecCandidate extends CodecSpeed {
  readonly kind: CodecKind;
  readonly level: number | undefined;
}

/**
 * Means of CPU time on one thread over tars of /usr/lib, /usr/bin and JavaScript packages, measured by `bench/codec.ts` on
 * 2026-11-26 (Node 24.21, zstd 1.5.7). What the levels between and above them save is less than 2 %, except for zstd from
 * level 16 on: 11 % less to send, but 3 MB/s, so that all cores would be busy for as long as a slow push takes.
 */
export const codecCandidates = [
  { kind: 'none', level: undefined, bytesPerSecond: 6_500 * mega, ratio: 1 },
  { kind: 'gzip', level: 1, bytesPerSecond: 300 * mega, ratio: 0.337 },
  { kind: 'gzip', level: 4, bytesPerSecond: 92 * mega, ratio: 0.293 },
  { kind: 'zstd', level: 3, bytesPerSecond: 280 * mega, ratio: 0.275 },
  { kind: 'zstd', level: 6, bytesPerSecond: 100 * mega, ratio: 0.256 },
] as const satisfies readonly CodecCandidate[];

const [none, gzip, , zstd] = codecCandidates;

/** At the usual levels. */
export const codecSpeeds: Readonly<Record<CodecKind, CodecSpeed>> = { gzip, zstd, none };

/** The codec that makes layers of this media type. */
export function codecKindOf(mediaType: string): CodecKind {
  if (mediaType === mediaTypes.ociLayerZstd) return 'zstd';
  return mediaType === mediaTypes.ociLayer ? 'none' : 'gzip';
}
