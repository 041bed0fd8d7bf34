import type { Stage } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { DigestCache } from '../digestCache/digestCache.ts';
import type { BlobTarget } from '../ports/blobTarget.ts';
import type { ImageDetails, ImageSource } from '../ports/imageSource.ts';
import type { LayerCodec } from '../ports/layerCodec.ts';
import type { RelayParts } from '../relay/pushFromEngine.ts';
import type { Selection } from './chooseManifests.ts';
import type { PushEvent } from './pushEvents.ts';
import type { RepositoryBlobs } from './repositoryBlobs.ts';
import type { UploadsInFlight } from './uploadsInFlight.ts';

/** The image to push, and its target. Names and tags were checked against the registry's grammar before. */
export interface PushRequest {
  /** An ID or a reference, as the engine has it. */
  readonly image: string;
  /** Scheme, host and port of the registry: part of the digest cache's keys. */
  readonly origin: string;
  /** `host[:port]/owner/name`: the repository's name in references. */
  readonly repository: string;
  readonly tag: string;
  /** Compresses the layers that the engine holds unpacked. */
  readonly codec: LayerCodec;
  /**
   * True: the person or the command has chosen this codec. Then layers that containerd's store holds uncompressed are
   * compressed as well, and a classic engine, which compresses with gzip, is relayed only if the codec is gzip. False: layers
   * that the engine stores or sends compressed are published unchanged.
   */
  readonly isCodecRequired?: boolean;
  /** Blobs sent side by side. */
  readonly parallelBlobs: number;
  /** True: the registry is asked for every blob, even if the tag is unchanged, and blobs that it has lost are sent again. */
  readonly recheck?: boolean;
  /** What of an index is pushed: see `chooseManifests`. The engine must have any other image for this platform. */
  readonly platform?: string | undefined;
  /** How the bytes leave the engine. Absent: `chooseTransfer` decides. */
  readonly strategy?: 'export' | 'relay' | undefined;
}

export interface PushDependencies {
  readonly source: ImageSource;
  readonly target: BlobTarget;
  readonly cache: DigestCache;
  /** One for all pushes of the window: the blobs that they are sending. */
  readonly uploads: UploadsInFlight;
  /** Folder of the spools of all pushes. */
  readonly spoolRoot: string;
  /** Bytes of compressed layers waiting for the registry above which no further layer is begun. */
  readonly spoolLimit: number;
  readonly logger: Logger;
  /** Absent: the engine cannot push to us, and every image is exported. */
  readonly relay?: RelayParts | undefined;
  /** Milliseconds; only differences matter. */
  readonly now: () => number;
}

export interface PushOptions {
  readonly signal: AbortSignal;
  readonly onEvent: (event: PushEvent) => void;
  /**
   * Gets the bytes of the manifest that the push published or found unchanged, where they are known here. They cannot always
   * be read back: Gitea's storage may be out of reach (SERVE_DIRECT).
   */
  readonly onManifest?: ((bytes: Uint8Array) => void) | undefined;
}

/** `isPublished`: the tag is published already, so that a cancel no longer makes this a cancelled push. */
export type RunStage = <T>(
  stage: Stage,
  work: () => Promise<T>,
  options?: { readonly isPublished: boolean },
) => Promise<T>;

/** What every stage of a push is given, once the image was inspected. */
export interface PushContext extends PushDependencies, PushOptions {
  readonly request: PushRequest;
  readonly image: ImageDetails;
  /** What of it is published. */
  readonly selection: Selection;
  /** `digest`: for an image of an index, which the tag then is. */
  readonly publishedUnder: 'tag' | 'digest';
  readonly runStage: RunStage;
  /** Layers that the engine holds uncompressed are compressed: the manifest is then ours, and not the engine's. */
  readonly compressesStored: boolean;
}

/** The same for one attempt: see `pushImage`. */
export interface AttemptContext extends PushContext {
  readonly blobs: RepositoryBlobs;
  /** False after the digest cache led to a mismatch: then only bytes that are read count. */
  readonly usesCache: boolean;
}
