import type { Digest } from '../oci/digest.ts';
import type { CallOptions } from './callOptions.ts';
import type { GrowingBlob } from './growingBlob.ts';

/** What `push` needs of a registry: one repository in it. */
export interface BlobTarget {
  /** What the registry is known to be; decides which shortcuts it has. */
  readonly kind: 'gitea' | 'forgejo' | 'generic';
  /** `owner/name`, as it stands in paths of the registry's API. */
  readonly repository: string;
  /** True for a registry on this machine or in this network: reading back from it is cheap. */
  readonly isNear: boolean;
  /**
   * Proves, before anything is read or sent, that we may write here: opens an upload session and deletes it again.
   * Rejects with `ownerNotFound`, `accessDenied`, `nameInvalid`, … just as an upload would.
   */
  checkAccess(options: CallOptions): Promise<void>;
  /**
   * HEAD of a manifest by tag or digest; undefined if there is none. `expected`: where the answer names another digest,
   * the manifest itself is read and hashed, for a header may be wrong.
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
   * Makes a blob that the registry has elsewhere part of this repository, without sending it. True if that worked.
   * `from` is a repository to look in; Gitea needs none and searches the whole instance. Leaves no session behind.
   */
  mountBlob(digest: Digest, from: string | undefined, options: CallOptions): Promise<boolean>;
  /** Sends a blob held in memory (a config, a tiny layer). */
  putBlob(bytes: Uint8Array, digest: Digest, options: UploadOptions): Promise<void>;
  /**
   * Sends a blob in chunks while its source may still be growing. Resolves when the registry has accepted it under
   * `source.finished`'s digest. Whatever happens, no upload session stays open (best effort when the registry is gone).
   */
  uploadBlob(source: GrowingBlob, options: UploadOptions): Promise<void>;
  /**
   * Opens an upload session for a blob whose bytes will pass by once; undefined if that request alone made the blob part
   * of this repository (Gitea's mount). The upload must be sent or closed. Without a digest it is good for any blob, and
   * never undefined. Rejects as `checkAccess` does.
   */
  beginUpload(digest: Digest | undefined, options: CallOptions): Promise<BlobUpload | undefined>;
  /** PUT of a manifest; gives the digest the registry says it stored. */
  putManifest(
    reference: string,
    bytes: Uint8Array,
    mediaType: string,
    options: CallOptions,
  ): Promise<Digest | undefined>;
}

/** An upload session that was opened before its bytes were there. */
export interface BlobUpload {
  /** Sends the blob while it arrives. Once; if it rejects, the bytes that came are lost, and no session is left. */
  send(blob: StreamedBlob, options: UploadOptions): Promise<void>;
  /** Deletes the session if it was not sent. */
  close(signal: AbortSignal): Promise<void>;
}

/** A blob of known digest and size, whose bytes can be read once. */
export interface StreamedBlob {
  readonly digest: Digest;
  readonly size: number;
  /** Ends only if the bytes are the digest's; throws before the last of them if they are not. */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Told of each piece that has left, or of its parts: that memory is not looked at again. */
  readonly onWritten?: ((piece: Uint8Array) => void) | undefined;
}

export interface UploadOptions extends CallOptions {
  /** Bytes of this blob that the registry has (or is being sent), counted from 0. Goes back when a session is begun anew. */
  readonly onSent: (bytes: number) => void;
}

export interface StoredManifest {
  readonly digest: Digest | undefined;
  readonly mediaType: string | undefined;
  readonly size: number | undefined;
}
