import type { Digest } from '../oci/digest.ts';

/** What stands behind the endpoint that an engine pushes to. A rejection becomes an error response to the engine. */
export interface RelayBackend {
  /** Size in bytes of a blob that need not be sent; undefined if it must be. */
  headBlob(digest: Digest): Promise<number | undefined>;
  /** The bytes of a blob, if they are still in memory. */
  readBlob(digest: Digest): Uint8Array | undefined;
  /** A blob begins to arrive. `claim`: its digest and size, if the engine has announced them. */
  beginBlob(claim: BlobClaim | undefined): Promise<IncomingBlob>;
  /** A manifest has arrived, after all that it refers to. */
  putManifest(manifest: RelayedManifest): Promise<void>;
}

/** A blob as the engine announces it; its bytes are checked against the digest. */
export interface BlobClaim {
  readonly digest: Digest;
  readonly size: number;
}

/** A blob that is arriving. Ends with one call of `commit` or `drop`. */
export interface IncomingBlob {
  /** Takes ownership of the bytes. Returns a promise if the sender has to wait. */
  write(bytes: Uint8Array): Promise<void> | undefined;
  /** All bytes have arrived and have this digest. Resolves once the blob is stored. */
  commit(digest: Digest): Promise<void>;
  /** The rest will not come. */
  drop(): void;
}

/** A manifest as the engine sent it. */
export interface RelayedManifest {
  /** The tag or digest of the PUT. */
  readonly reference: string;
  readonly digest: Digest;
  readonly mediaType: string;
  readonly bytes: Buffer;
}
