import type { TaskGroup } from '../../base/taskGroup.ts';
import type { Digest } from '../../oci/digest.ts';
import type { ArchiveLayer } from '../../ports/imageSource.ts';

/** Bytes of a layer up to which it is compressed in one block: by itself it would keep one thread busy. */
const smallLayer = 1024 * 1024;
/** Each is in memory while it is compressed. */
const mostAtOnce = 4;

export function isSmallLayer({ size }: ArchiveLayer): boolean {
  return size <= smallLayer;
}

/** Small layers of an archive, which are compressed side by side: each is held in memory, so that the next one can be read. */
export class SmallLayers {
  readonly #group: TaskGroup;
  readonly #send: (layer: ArchiveLayer) => Promise<void>;
  readonly #running = new Set<Promise<void>>();
  readonly #begun = new Set<Digest>();

  /** `send`: reads the layer to its end; its calls are tasks of `group`. */
  constructor(group: TaskGroup, send: (layer: ArchiveLayer) => Promise<void>) {
    this.#group = group;
    this.#send = send;
  }

  /** True for a layer that was begun. */
  has(diffId: Digest): boolean {
    return this.#begun.has(diffId);
  }

  /** Resolves when the layer is in memory, and the next one may be read. */
  async begin(layer: ArchiveLayer): Promise<void> {
    if (layer.expectedDiffId !== undefined) this.#begun.add(layer.expectedDiffId);
    while (this.#running.size >= mostAtOnce) await Promise.race(this.#running);
    const bytes = await inMemory(layer);
    const sending = this.#send({ ...layer, body: once(bytes) });
    this.#running.add(sending);
    const end = (): void => {
      this.#running.delete(sending);
    };
    sending.then(end, end);
    this.#group.start(() => sending);
  }
}

async function inMemory({ size, body }: ArchiveLayer): Promise<Uint8Array> {
  const bytes = new Uint8Array(size);
  let at = 0;
  for await (const piece of body) {
    bytes.set(piece, at);
    at += piece.byteLength;
  }
  return bytes.subarray(0, at);
}

// eslint-disable-next-line @typescript-eslint/require-await -- the interface is asynchronous, the bytes are in memory
async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
