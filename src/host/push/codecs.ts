import { join } from 'node:path';
import type { LayerCodec } from '../../core/ports/layerCodec.ts';
import { chooseCompression, type Link } from '../../core/compress/chooseCompression.ts';
import { createCodec, hasZstd } from '../../core/compress/codecs.ts';
import { WorkerPool } from '../../core/compress/encoder/workerPool.ts';
import type { Compression } from './pushArguments.ts';

/** Creates codecs. Their threads start with the first push, and end after a while without one. */
export class Codecs {
  readonly #folder: string;
  #pool: WorkerPool | undefined;

  /** `folder`: contains the bundles. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** `gzipLevel`: 1 to 9; the other codecs use their default level. `auto` depends on the link to the registry. */
  create(compression: Compression, gzipLevel: number, link: Link): LayerCodec {
    this.#pool ??= new WorkerPool({
      worker: join(this.#folder, 'compressWorker.cjs'),
      deflate: join(this.#folder, 'deflate.wasm'),
    });
    const means = { threads: this.#pool.size, hasZstd };
    const kind =
      compression === 'auto' ? chooseCompression(link, means) : compression === 'stored' ? 'gzip' : compression;
    return createCodec(kind, kind === 'gzip' ? gzipLevel : undefined, this.#pool);
  }

  dispose(): void {
    void this.#pool?.close();
  }
}
