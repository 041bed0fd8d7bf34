import type { Digest } from '../oci/digest.ts';
import type { Platform } from '../oci/platform.ts';

/** What `push` needs of an engine. `docker` fits this shape without importing it. */
export interface ImageSource {
  /** One request. Rejects with `imageNotFound` if the engine does not have it. */
  inspect(image: string, options: { readonly signal: AbortSignal }): Promise<ImageDetails>;
  /**
   * Streams the image out of the engine, read once, front to back. `image.id` is exported, not a name, so that a tag
   * that moves meanwhile changes nothing. Leaving the loop early closes the engine's stream.
   */
  open(image: ImageDetails, options: ExportOptions): AsyncIterable<ArchiveItem>;
}

export interface ExportOptions {
  readonly signal: AbortSignal;
  /** Called with the bytes received from the engine so far. */
  readonly onReceived: (bytes: number) => void;
}

/** What the engine says of an image before any byte of it is read. */
export interface ImageDetails {
  /** As the engine names it, `sha256:…`: the config's digest in the classic store, a manifest's or index's in containerd's. */
  readonly id: Digest;
  /** `repository:tag`, as the engine lists them; empty for an untagged image. */
  readonly references: readonly string[];
  /** The digests of the uncompressed layer tars, base first (`RootFS.Layers`). */
  readonly diffIds: readonly Digest[];
  /** Bytes, as the engine reports: the files' sizes in the classic store. Not the size of anything that travels. */
  readonly size: number;
  readonly platform: Platform;
  /** ISO 8601, or undefined where the image says nothing sensible. */
  readonly createdAt: string | undefined;
  /** Media type of what `id` is the digest of: a manifest or an index. Said by containerd's store from Docker 28 on. */
  readonly manifestType?: string | undefined;
  /**
   * The manifests that it is made of, and which of them are whole: what the engine would push now. Said by containerd's
   * store from API 1.48 on (Docker 28); undefined where the engine does not tell.
   */
  readonly manifests?: readonly EngineManifest[] | undefined;
}

/** One of the manifests that an image of containerd's store is made of. */
interface EngineManifest {
  readonly digest: Digest;
  /** All that it refers to is in the engine, so that it can be pushed. */
  readonly isAvailable: boolean;
  /** Undefined for what runs nowhere, as attestations. */
  readonly platform: Platform | undefined;
}

/** The archive, item by item. Exactly one `image` comes, last. */
export type ArchiveItem = ArchiveLayer | ArchiveImage;

/**
 * A file of the archive that is, or may be, a layer. `body` must be read to its end, or left unread: then the reader
 * skips it. It must not be touched after the next item was asked for.
 */
export interface ArchiveLayer {
  readonly kind: 'layer';
  /** The file's path in the archive; `ArchiveImage.layers` refers to it. */
  readonly path: string;
  /** Bytes of this file in the archive. */
  readonly size: number;
  /** What the file's name or place says its diffID is, to be proved by hashing. Undefined where the archive does not tell. */
  readonly expectedDiffId: Digest | undefined;
  readonly body: AsyncIterable<Uint8Array>;
}

/** What the archive says of the image once all of it was read. */
export interface ArchiveImage {
  readonly kind: 'image';
  /** The config file's bytes, verbatim. */
  readonly config: Uint8Array;
  /** One archive path per layer, base first, links resolved: each was the `path` of an `ArchiveLayer`. */
  readonly layers: readonly string[];
}

/** What `push` needs of a registry: one repository in it. `registry` fits this shape without importing it. */
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
  beginUpload(digest: Digest | undefined, options: CallOptions): Promise<PassingUpload | undefined>;
  /** PUT of a manifest; gives the digest the registry says it stored. */
  putManifest(
    reference: string,
    bytes: Uint8Array,
    mediaType: string,
    options: CallOptions,
  ): Promise<Digest | undefined>;
}

export interface CallOptions {
  readonly signal: AbortSignal;
}

/** An upload session that was opened before its bytes were there. */
export interface PassingUpload {
  /** Sends the blob while it arrives. Once; if it rejects, the bytes that came are lost, and no session is left. */
  send(blob: PassingBlob, options: UploadOptions): Promise<void>;
  /** Deletes the session if it was not sent. */
  close(signal: AbortSignal): Promise<void>;
}

/** A blob of known digest and size, whose bytes can be read once. */
export interface PassingBlob {
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

/** A blob on disk that something may still be writing. Can be read again from any place already written. */
export interface GrowingBlob {
  /**
   * Resolves as soon as `offset` + `want` bytes are there or the blob is complete, with the number of bytes that are
   * there in all. Rejects if whatever fills the blob failed.
   */
  available(
    offset: number,
    want: number,
    signal: AbortSignal,
  ): Promise<{ readonly bytes: number; readonly complete: boolean }>;
  /**
   * The bytes from `start` (included) to `end` (excluded); both must be there already. A piece is good until the next
   * one is asked for: its memory is used again.
   */
  read(start: number, end: number): AsyncIterable<Uint8Array>;
  /** Settles with digest and size once complete, or rejects with what went wrong while filling. */
  readonly finished: Promise<{ readonly digest: Digest; readonly size: number }>;
}

/** Turns a layer's tar into the bytes that are stored. Same bytes in, same bytes out, on every machine. */
export interface LayerCodec {
  /** Names the codec, its level and its version: part of the digest cache's key. */
  readonly id: string;
  readonly mediaType: string;
  /** True: what comes out is what went in. */
  readonly isIdentity: boolean;
  /**
   * Works off the event loop where it costs anything. Stops when the signal fires or the consumer leaves. Each piece is
   * good until the next one is asked for: its memory is used again.
   */
  encode(tar: AsyncIterable<Uint8Array>, options: { readonly signal: AbortSignal }): AsyncIterable<Uint8Array>;
}

/** An engine that can push by itself, for the relay. `docker` fits this shape without importing it. */
export interface EnginePusher {
  /** Names the engine across restarts; what it was seen to know is remembered by this. */
  readonly id: string;
  /** Which of docker's two image stores it has: classic ones hold layers unpacked, containerd's hold blobs. */
  store(options: CallOptions): Promise<'classic' | 'containerd'>;
  /** Bytes of the files of each build step, base first; zero for steps that made no layer. */
  historySizes(image: Digest, options: CallOptions): Promise<readonly number[]>;
  tag(image: string, name: EngineImageName, options: CallOptions): Promise<void>;
  /** Takes a name away; with its last name an image goes as well. */
  untag(name: EngineImageName, options: CallOptions): Promise<void>;
  /**
   * Has the engine look for an image in a registry, as for a pull, with a credential for it. Resolves or rejects when it
   * has: what becomes of it is seen at the registry.
   */
  contact(
    name: EngineImageName,
    credential: { readonly username: string; readonly secret: string },
    options: CallOptions,
  ): Promise<void>;
  /** Every `repository:tag` the engine has. */
  listTags(options: CallOptions): Promise<readonly string[]>;
  /** Pushes, and tells how that goes. Rejects with `engineFailed` and the engine's words. */
  push(
    name: EngineImageName,
    credential: { readonly username: string; readonly secret: string },
    options: CallOptions,
  ): AsyncIterable<EnginePushStep>;
}

export interface EngineImageName {
  /** `host[:port]/path` */
  readonly repository: string;
  readonly tag: string;
}

export interface EnginePushStep {
  /** 12 hex digits: of the layer's diffID in the classic store, of the blob's digest in containerd's. */
  readonly id: string | undefined;
  readonly status: string;
  /** Bytes read so far: uncompressed in the classic store, stored ones in containerd's. */
  readonly current: number | undefined;
  readonly total: number | undefined;
  /** What the engine wants a person to know of what it pushed, as a sentence. */
  readonly notice?: string | undefined;
}
