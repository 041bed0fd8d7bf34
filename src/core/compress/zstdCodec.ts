import * as zlib from 'node:zlib';
import { TeaChestError } from '../base/errors.ts';
import { mediaTypes } from '../oci/mediaTypes.ts';
import type { LayerCodec } from '../ports/layerCodec.ts';
import { BlockBuffers } from './blockBuffers.ts';
import { compressInBlocks } from './compressInBlocks.ts';
import type { WorkerPool } from './workerPool.ts';

/** Larger frames gain less than 0.2 % on layers, and smaller ones lose more than 1 %. */
const frameSize = 2 * 1024 * 1024;
/** What cannot be compressed becomes larger by less than 0.4 % and a few bytes (ZSTD_compressBound). */
const outputRoom = frameSize + 64 * 1024;
/** Goes up when `frameSize` or a parameter changes. */
const version = 1;

/**
 * Independent frames, one after the other, which is zstd as well (RFC 8878 §3). The same bytes with any number of
 * threads, but zstd promises them only within one version of its library: hence that is part of the id.
 */
export function zstdCodec(level: number, pool: WorkerPool): LayerCodec {
  // Node has it since 22.15; an editor may bring a Node built without.
  const library = process.versions['zstd'];
  if (library === undefined || typeof zlib.zstdCompressSync !== 'function') {
    throw new TeaChestError(
      'argumentInvalid',
      `Layers cannot be compressed with zstd here: the Node.js that this editor runs extensions with (${process.version}) has no zstd. Use gzip instead.`,
      { facts: { compression: 'zstd', node: process.version } },
    );
  }
  const how = { format: 'zstd', level, size: frameSize, history: 0 } as const;
  const buffers = new BlockBuffers(frameSize + outputRoom);
  return {
    id: `zstd-${level}/v${version}-${library}`,
    mediaType: mediaTypes.ociLayerZstd,
    isIdentity: false,
    async *encode(tar, options) {
      for await (const frame of compressInBlocks(tar, how, { pool, buffers }, options)) yield frame.output;
    },
  };
}
