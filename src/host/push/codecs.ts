import { join } from 'node:path';
import type { LayerCodec } from '../../core/ports/layerCodec.ts';
import { choiceName, chooseCompression, type Link } from '../../core/compress/chooseCompression.ts';
import { createCodec, hasZstd } from '../../core/compress/codecs.ts';
import { WorkerPool } from '../../core/compress/encoder/workerPool.ts';
import type { OriginValues } from '../registry/originValues.ts';
import type { Compression } from './pushArguments.ts';

/** Of a registry. */
export interface LinkOfOrigin extends Link {
  readonly origin: string;
}

/** Creates codecs. Their threads start with the first push, and end after a while without one. */
export class Codecs {
  readonly #folder: string;
  readonly #choices: OriginValues<string>;
  #pool: WorkerPool | undefined;

  /** `folder`: contains the bundles. `choices`: what `auto` chose for each registry the last time. */
  constructor(folder: string, choices: OriginValues<string>) {
    this.#folder = folder;
    this.#choices = choices;
  }

  /** `gzipLevel`: 1 to 9, for gzip and for `stored`. `auto` depends on the link to the registry, its level too. */
  create(compression: Compression, gzipLevel: number, link: LinkOfOrigin): LayerCodec {
    this.#pool ??= new WorkerPool({
      worker: join(this.#folder, 'compressWorker.cjs'),
      deflate: join(this.#folder, 'deflate.wasm'),
    });
    if (compression === 'auto') return this.#createForLink(link, this.#pool);
    const kind = compression === 'stored' ? 'gzip' : compression;
    return createCodec(kind, kind === 'gzip' ? gzipLevel : undefined, this.#pool);
  }

  dispose(): void {
    void this.#pool?.close();
  }

  #createForLink(link: LinkOfOrigin, pool: WorkerPool): LayerCodec {
    const previous = this.#choices.get(link.origin);
    const choice = chooseCompression(link, { threads: pool.size, hasZstd, previous });
    const name = choiceName(choice);
    if (name !== previous) this.#choices.set(link.origin, name);
    return createCodec(choice.kind, choice.level, pool);
  }
}
