import type { Digest } from '../oci/digest.ts';

/** What a push puts behind the endpoint that an engine pushes to. Rejections become refusals to the engine. */
export interface RelayBackend {
  /** Size in bytes of a blob that needs not be sent; undefined if it must be. */
  headBlob(digest: Digest): Promise<number | undefined>;
  /** The bytes of a blob, as far as they are still at hand. */
  readBlob(digest: Digest): Uint8Array | undefined;
  /** A blob begins to arrive. `claim` is what the engine says of it beforehand, where it does. */
  beginBlob(claim: BlobClaim | undefined): Promise<IncomingBlob>;
  /** A manifest arrived, and all it refers to was said to be here. */
  putManifest(manifest: RelayedManifest): Promise<void>;
}

/** What a blob is to be, by the word of whoever sends it; its bytes are held to the digest. */
export interface BlobClaim {
  readonly digest: Digest;
  readonly size: number;
}

/** A blob on its way in. Ends with `commit` or `drop`, one of the two, once. */
export interface IncomingBlob {
  /** A promise where the sender has to wait. The bytes are given away. */
  write(bytes: Uint8Array): Promise<void> | undefined;
  /** All has arrived, and hashes to this. Resolves once the blob is where it belongs. */
  commit(digest: Digest): Promise<void>;
  /** The rest will not come. */
  drop(): void;
}

/** A manifest exactly as the engine sent it. */
export interface RelayedManifest {
  /** The tag or digest it was put under. */
  readonly reference: string;
  readonly digest: Digest;
  readonly mediaType: string;
  readonly bytes: Buffer;
}
