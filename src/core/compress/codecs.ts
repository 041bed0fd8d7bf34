import * as zlib from 'node:zlib';
import * as l10n from '@vscode/l10n';
import { untilCancelled } from '../base/cancel.ts';
import { TeaChestError } from '../base/errors.ts';
import { mediaTypes } from '../oci/mediaTypes.ts';
import type { LayerCodec } from '../ports/layerCodec.ts';
import { gzipEncoder } from './encoder/gzipEncoder.ts';
import type { WorkerPool } from './encoder/workerPool.ts';
import { zstdEncoder } from './encoder/zstdEncoder.ts';

export type CodecKind = 'gzip' | 'zstd' | 'none';

/** Node has zstd since 22.15 and 23.8. */
export const hasZstd = 'createZstdCompress' in zlib;

/**
 * The levels of each format, and the default: the level with the shortest push on a quick link. `slow`: from here on a
 * thread compresses some 100 MB/s or less.
 */
const levels = {
  gzip: { lowest: 1, highest: 9, default: 1, slow: 4 },
  zstd: { lowest: 1, highest: 19, default: 3, slow: 6 },
} as const;

/**
 * The codec of that kind; it compresses on the pool's threads. Throws `argumentInvalid` for a level that the kind does not
 * have, and for zstd where Node has none.
 */
export function createCodec(kind: CodecKind, level: number | undefined, pool: WorkerPool): LayerCodec {
  if (kind === 'none') return uncompressed;
  const range = levels[kind];
  const chosen = level ?? range.default;
  if (!Number.isInteger(chosen) || chosen < range.lowest || chosen > range.highest) {
    throw new TeaChestError(
      'argumentInvalid',
      l10n.t`${kind} has the levels ${range.lowest} to ${range.highest}, so ${chosen} cannot be used.`,
      { facts: { compression: kind, level: chosen } },
    );
  }
  const traits = { isIdentity: false, isSlow: chosen >= range.slow };
  if (kind === 'gzip') return { ...gzipEncoder(chosen, pool), mediaType: mediaTypes.ociLayerGzip, ...traits };
  const encoder = zstdEncoder(chosen, zstdVersion(), pool);
  return { ...encoder, mediaType: mediaTypes.ociLayerZstd, ...traits };
}

/** An editor may bring a Node that was built without zstd. */
function zstdVersion(): string {
  const version = process.versions['zstd'];
  if (version !== undefined && hasZstd) return version;
  throw new TeaChestError(
    'argumentInvalid',
    l10n.t`Layers cannot be compressed with zstd here: the Node.js that this editor runs extensions with (${process.version}) has no zstd. Use gzip instead.`,
    { facts: { compression: 'zstd', node: process.version } },
  );
}

const uncompressed: LayerCodec = {
  id: 'none/v1',
  mediaType: mediaTypes.ociLayer,
  isIdentity: true,
  encode: (tar, { signal }) => untilCancelled(tar, signal),
};
