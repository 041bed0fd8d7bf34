import { mediaTypes } from '../oci/mediaTypes.ts';
import type { CodecKind } from './codecs.ts';

const mega = 1e6;

export interface CodecSpeed {
  /** Uncompressed bytes per second of one thread. */
  readonly bytesPerSecond: number;
  /** Stored bytes for each uncompressed one. */
  readonly ratio: number;
}

/**
 * At the usual levels: means of CPU time on one thread over tars of /usr/lib, /usr/bin and node_modules, measured by
 * `bench/codec.ts` on 2026-11-26 (Node 24.21, zstd 1.5.7).
 */
export const codecSpeeds: Readonly<Record<CodecKind, CodecSpeed>> = {
  gzip: { bytesPerSecond: 300 * mega, ratio: 0.337 },
  zstd: { bytesPerSecond: 280 * mega, ratio: 0.275 },
  none: { bytesPerSecond: 6_500 * mega, ratio: 1 },
};

/** The codec that makes layers of this media type. */
export function codecKindOf(mediaType: string): CodecKind {
  if (mediaType === mediaTypes.ociLayerZstd) return 'zstd';
  return mediaType === mediaTypes.ociLayer ? 'none' : 'gzip';
}
