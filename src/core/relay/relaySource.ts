import type { Digest } from '../oci/digest.ts';
import type { StoredBytes } from '../ports/imageRepository.ts';

/** What an engine may read from the endpoint while it pulls: one image. A rejection becomes an error response to the engine. */
export interface RelaySource {
  /** By the temporary tag or by digest; undefined for what is not of this image. */
  manifest(reference: string, signal: AbortSignal): Promise<StoredBytes | undefined>;
  /** Size in bytes of a blob of this image; undefined for any other. */
  blobSize(digest: Digest): number | undefined;
  /**
   * The bytes of such a blob from the position `from`. They end only if the whole blob has the digest; otherwise this throws
   * before the last of them.
   */
  readBlob(digest: Digest, from: number, signal: AbortSignal): AsyncIterable<Uint8Array>;
}
