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
export interface EngineManifest {
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
