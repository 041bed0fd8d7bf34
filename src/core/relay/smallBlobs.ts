import type { Digest } from '../oci/digest.ts';

/** Configs are a few kilobytes. */
const largest = 1024 * 1024;
const mostBytes = 16 * 1024 * 1024;

/** Keeps the bytes of the small blobs of one push: configs are among them. */
export class SmallBlobs {
  readonly #blobs = new Map<Digest, Uint8Array>();
  #bytes = 0;

  hasRoomFor(size: number): boolean {
    return size <= largest && this.#bytes + size <= mostBytes;
  }

  add(digest: Digest, bytes: Uint8Array): void {
    if (this.#blobs.has(digest)) return;
    this.#blobs.set(digest, bytes);
    this.#bytes += bytes.byteLength;
  }

  get(digest: Digest): Uint8Array | undefined {
    return this.#blobs.get(digest);
  }
}
