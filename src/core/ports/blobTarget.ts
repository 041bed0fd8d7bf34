import type { Digest } from '../oci/digest.ts';
import type { CallOptions } from './callOptions.ts';
import type { BlobSource } from './blobSource.ts';
import type { ConnectionTimes } from './connectionTimes.ts';

/** What `push` needs of a registry: one repository in it. */
export interface BlobTarget {
  /** Which software the registry is known to be; decides which shortcuts it has. */
  readonly kind: 'gitea' | 'forgejo' | 'generic';
  /** `owner/name`, as in the paths of the registry's API. */
  readonly repository: string;
  /** Its present `owner/name`, once the registry has redirected a request to it; undefined if `repository` is that. */
  readonly movedTo?: string | undefined;
  /** True for a registry on this machine or in this network: reading back from it is cheap. */
  readonly isNear: boolean;
  /**
   * Proves, before anything is read or sent, that we may write here: opens an upload session and deletes it again.
   * Rejects with `ownerNotFound`, `accessDenied`, `nameInvalid`, … just as an upload would.
   */
  checkAccess(options: CallOptions): Promise<void>;
  /**
   * HEAD of a manifest by tag or digest; undefined if there is none. `expected`: if the answer names another digest, the
   * manifest itself is read and hashed, because a header may be wrong.
   */
  headManifest(
    reference: string,
    options: CallOptions & { readonly expected?: Digest | undefined },
  ): Promise<StoredManifest | undefined>;
  /** Names of the tags, the first thousand of them; empty where there is no such repository yet. */
  listTags(options: CallOptions): Promise<readonly string[]>;
  /** A manifest's bytes, as stored; undefined if there is none. */
  getManifest(reference: string, options: CallOptions): Promise<Uint8Array | undefined>;
  /** A small blob's bytes (a config); undefined if there is none. */
  getBlob(digest: Digest, options: CallOptions): Promise<Uint8Array | undefined>;
  /**
   * A blob's bytes as they arrive, in bounded memory; rejects with `registryRefused` if there is none of that digest.
   * They are not hashed here. Leaving the loop ends the request.
   */
  readBlob(digest: Digest, options: CallOptions): AsyncIterable<Uint8Array>;
  /** Size in bytes of a blob that this repository already has; undefined if it has none of that digest. */
  headBlob(digest: Digest, options: CallOptions): Promise<number | undefined>;
  /**
   * Mounts a blob of another repository into this one, so that it need not be sent. True if that worked. `from` is the
   * repository that has it; Gitea needs none and searches the whole instance. Leaves no session open.
   */
  mountBlob(digest: Digest, from: string | undefined, options: CallOptions): Promise<boolean>;
  /**
   * Uploads a blob, while its source may still be growing. Resolves when the registry has it under its digest. No upload
   * session stays open, whatever happens (best effort while the registry is unreachable). A source that can be read again
   * is sent again when an upload breaks; for one that cannot, rejects with `UploadInterruptedError` if that may help.
   */
  uploadBlob(source: BlobSource, options: UploadOptions): Promise<void>;
  /**
   * Opens an upload session before the bytes of its blob are there. Undefined if that request alone made the blob part of
   * this repository (Gitea's mount). Without a digest the session is good for any blob, and never undefined. The caller
   * passes the session to `uploadBlob` or closes it. Rejects as `checkAccess` does, or with `UploadInterruptedError` if
   * another session may be opened later.
   */
  openSession(digest: Digest | undefined, options: CallOptions): Promise<UploadSession | undefined>;
  /** PUT of a manifest; gives the digest the registry says it stored. */
  putManifest(
    reference: string,
    bytes: Uint8Array,
    mediaType: string,
    options: CallOptions,
  ): Promise<Digest | undefined>;
  /** Of every open connection to the registry, other repositories' too. Undefined where that is not known. Never rejects. */
  connectionTimes?(options: CallOptions): Promise<readonly ConnectionTimes[] | undefined>;
}

/**
 * What a request that uploads a blob does. `sending`: its bytes are written to the connection · `written`: all of them are,
 * and some may still be in the buffers of this machine · `answer`: these are empty, and only the answer is missing.
 */
export type UploadPhase = 'sending' | 'written' | 'answer';

/** An upload session of the distribution spec ("Pushing blobs in chunks"). */
export interface UploadSession {
  /** Where its next request goes, which may change with each; undefined once the session is closed or became a blob. */
  location: URL | undefined;
  /** Deletes the session if it is still open. */
  close(signal: AbortSignal): Promise<void>;
}

export interface UploadOptions extends CallOptions {
  /**
   * Bytes of this blob that were written to the connection, from 0: the kernel may hold some megabytes of them. Goes back
   * when a new session begins.
   */
  readonly onSent: (bytes: number) => void;
  /** Called when the phase changes; undefined between two requests, and after the last one. */
  readonly onPhase?: ((phase: UploadPhase | undefined) => void) | undefined;
  /** Bytes with which a request may begin, although more would fit into it, if the source is slow to give them. */
  readonly firstBytes?: number | undefined;
  /** A session to use for the first try. */
  readonly session?: UploadSession | undefined;
}

export interface StoredManifest {
  readonly digest: Digest | undefined;
  readonly mediaType: string | undefined;
  readonly size: number | undefined;
}
