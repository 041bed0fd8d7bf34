import * as zlib from 'node:zlib';
import { TeaChestError } from '../base/errors.ts';
import { mediaTypes } from '../oci/mediaTypes.ts';
import type { LayerCodec } from '../ports/layerCodec.ts';
import { untilAborted } from './blocks.ts';
import { gzipCodec } from './gzipCodec.ts';
import type { WorkerPool } from './workerPool.ts';
import { zstdCodec } from './zstdCodec.ts';

export type CodecKind = 'gzip' | 'zstd' | 'none';

/** Node has zstd since 22.15 and 23.8. */
export const hasZstd = 'createZstdCompress' in zlib;

/** The levels a codec has, and the one that pays most for a push. */
const levels = {
  gzip: { lowest: 1, highest: 9, usual: 1 },
  zstd: { lowest: 1, highest: 19, usual: 3 },
} as const;

/**
 * The codec of that kind; it works on the pool's threads. `level` undefined: the usual one. Throws `argumentInvalid`
 * for a level that the kind does not have, and for zstd where Node has none.
 */
export function createCodec(kind: CodecKind, level: number | undefined, pool: WorkerPool): LayerCodec {
  if (kind === 'none') return passThrough;
  const { lowest, highest, usual } = levels[kind];
  const chosen = level ?? usual;
  if (!Number.isInteger(chosen) || chosen < lowest || chosen > highest) {
    throw new TeaChestError(
      'argumentInvalid',
      `${kind} has the levels ${lowest} to ${highest}, so ${chosen} cannot be used.`,
      { facts: { compression: kind, level: chosen } },
    );
  }
  return kind === 'gzip' ? gzipCodec(chosen, pool) : zstdCodec(chosen, pool);
}

const passThrough: LayerCodec = {
  id: 'none/v1',
  mediaType: mediaTypes.ociLayer,
  isIdentity: true,
  encode: (tar, { signal }) => untilAborted(tar, signal),
};
