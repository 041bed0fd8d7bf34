import type { Digest } from '../oci/digest.ts';

/** Configs have a few kilobytes. */
const maxBlobSize = 1024 * 1024;
const maxTotalSize = 16 * 1024 * 1024;

/** The bytes of the small blobs of one push, its configs among them. */
export class SmallBlobs {
  readonly #blobs = new Map<Digest, Uint8Array>();
  #totalSize = 0;

  hasRoomFor(size: number): boolean {
    return size <= maxBlobSize && this.#totalSize + size <= maxTotalSize;
  }

  add(digest: Digest, bytes: Uint8Array): void {
    if (this.#blobs.has(digest)) return;
    this.#blobs.set(digest, bytes);
    this.#totalSize += bytes.byteLength;
  }

  get(digest: Digest): Uint8Array | undefined {
    return this.#blobs.get(digest);
  }
}
