import type { Digest } from '../oci/digest.ts';
import type { CallOptions } from './callOptions.ts';

/** What `pull` needs of a registry: one repository in it. */
export interface ImageRepository {
  /** `owner/name`, as in the paths of the registry's API. */
  readonly repository: string;
  /** A manifest or an index, by tag or digest; undefined if there is none. The digest is that of the bytes. */
  readManifest(reference: string, options: CallOptions): Promise<StoredBytes | undefined>;
  /** A blob's bytes as they arrive, from its beginning. They are not hashed here. Leaving the loop ends the request. */
  readBlob(digest: Digest, options: CallOptions): AsyncIterable<Uint8Array>;
}

/** A manifest or an index as it is stored. */
export interface StoredBytes {
  readonly bytes: Uint8Array;
  readonly digest: Digest;
  readonly mediaType: string;
}
