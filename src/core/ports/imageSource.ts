import type { Digest } from '../oci/digest.ts';
import type { Platform } from '../oci/platform.ts';

/** What `push` needs of an engine. */
export interface ImageSource {
  /** One request. Rejects with `imageNotFound` if the engine does not have it. */
  inspect(image: string, options: { readonly signal: AbortSignal }): Promise<ImageDetails>;
  /**
   * Streams images out of the engine, once and in order, in one archive that has a layer of several images once. The export
   * is by `ImageDetails.id`, so that a tag that moves meanwhile changes nothing. Leaving the loop early closes the engine's
   * stream.
   */
  exportImages(images: readonly ImageDetails[], options: ExportOptions): AsyncIterable<ArchiveItem>;
  /**
   * The same for one image of an engine that stores blobs (`ImageDetails.storesBlobs`): every blob of its archive, as it is
   * stored. That are layers, configs, manifests and indexes, those of attestations too, in no useful order. Nothing is
   * hashed here.
   */
  exportBlobs(image: ImageDetails, options: ExportBlobsOptions): AsyncIterable<ArchiveBlob>;
  /** Why it cannot push to this machine's loopback because of its address, as a sentence. */
  whyNoPusher?(): string | undefined;
}

export interface ExportOptions {
  readonly signal: AbortSignal;
  /** Called with the bytes received from the engine so far. */
  readonly onReceived: (bytes: number) => void;
}

export interface ExportBlobsOptions extends ExportOptions {
  /** Of an index: only the manifest of this platform, and what it refers to (API 1.48). */
  readonly platform?: Platform | undefined;
}

/** An image by the engine's `inspect`, before any byte of it is read. */
export interface ImageDetails {
  /** As the engine names it, `sha256:…`: the config's digest in the classic store, a manifest's or index's in containerd's. */
  readonly id: Digest;
  /** `repository:tag`, as the engine lists them; empty for an untagged image. */
  readonly references: readonly string[];
  /** `repository@sha256:…`: where the engine has pulled the image from or pushed it to. Undefined if it does not say. */
  readonly repositoryDigests?: readonly string[] | undefined;
  /** The digests of the uncompressed layer tars, base first (`RootFS.Layers`). */
  readonly diffIds: readonly Digest[];
  /** Bytes, as the engine reports: the files' sizes in the classic store. Not the size of anything that is sent. */
  readonly size: number;
  readonly platform: Platform;
  /** Of the image's config (`Config.Labels`). Text from whoever built it. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** ISO 8601; undefined if the image has no valid date. */
  readonly createdAt: string | undefined;
  /**
   * True for containerd's store: it holds manifests and blobs as they are published, and `id` is a manifest's digest. Other
   * stores hold layers unpacked.
   */
  readonly storesBlobs?: boolean | undefined;
  /** Media type of what `id` is the digest of: a manifest or an index. Given by containerd's store since Docker 28. */
  readonly manifestType?: string | undefined;
  /**
   * The manifests of the image, those of nested indexes too, and which of them are complete. Given by containerd's store
   * since API 1.48 (Docker 28), and by podman for a manifest list; undefined for other engines and images.
   */
  readonly manifests?: readonly EngineManifest[] | undefined;
}

/** A step of the build that made an image, as the engine's history has it. */
export interface ImageStep {
  /** `created_by` of the image's config (OCI image-spec, config.md): `RUN /bin/sh -c make # buildkit`. */
  readonly createdBy: string;
  /** Bytes of its files; zero for a step that made no layer, and for one whose layer has no files. */
  readonly size: number;
}

/** One of the manifests of an image of containerd's store. */
export interface EngineManifest {
  readonly digest: Digest;
  /** Everything that it refers to is in the engine, so that it can be pushed. */
  readonly isAvailable: boolean;
  /** Undefined for what has none, such as attestations. */
  readonly platform: Platform | undefined;
  /** The manifest that this one is an attestation of. */
  readonly attests?: Digest | undefined;
  /** The ID of its image, in an engine that holds lists beside the images (podman); undefined if it is not there. */
  readonly imageId?: Digest | undefined;
  /** As such an engine's list names it: a descriptor with its platform and annotations (image-spec, image-index.md). */
  readonly listItem?: Readonly<Record<string, unknown>> | undefined;
  /** Stored bytes of what is in the engine of it; undefined if the engine does not say. */
  readonly size?: number | undefined;
}

/** The archive, item by item. The last ones are one `image` for each image that was asked for. */
export type ArchiveItem = ArchiveLayer | ArchiveImage;

/**
 * A file of the archive that is, or may be, a layer. `body` must be read to its end, or not at all: then it is skipped.
 * It must not be used after the next item was asked for.
 */
export interface ArchiveLayer {
  readonly kind: 'layer';
  /** The file's path in the archive; `ArchiveImage.layers` refers to it. */
  readonly path: string;
  /** Bytes of this file in the archive. */
  readonly size: number;
  /** Its diffID by the file's name or the archive's lists, to be proved by hashing; undefined if neither gives it. */
  readonly expectedDiffId: Digest | undefined;
  readonly body: AsyncIterable<Uint8Array>;
}

/** A blob of an archive of an engine that stores blobs. `body` is as in `ArchiveLayer`. */
export interface ArchiveBlob {
  /** By the file's name, to be proved by hashing. */
  readonly digest: Digest;
  readonly size: number;
  readonly body: AsyncIterable<Uint8Array>;
}

/** An image by the archive's own lists, known once all of it was read. */
export interface ArchiveImage {
  readonly kind: 'image';
  readonly id: Digest;
  /** The config file's bytes, verbatim. */
  readonly config: Uint8Array;
  /** One archive path per layer, base first, links resolved: each was the `path` of an `ArchiveLayer`. */
  readonly layers: readonly string[];
}
