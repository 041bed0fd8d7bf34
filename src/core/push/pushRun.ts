import type { Logger } from '../base/logger.ts';
import type { Digest } from '../oci/digest.ts';
import type { Descriptor } from '../oci/manifest.ts';
import { mediaTypes } from '../oci/mediaTypes.ts';
import type { FindBlobOptions, BlobPresence } from './findBlob.ts';
import type { BlobTarget } from '../ports/blobTarget.ts';
import type { ImageDetails, ImageSource } from '../ports/imageSource.ts';
import type { LayerCodec } from '../ports/layerCodec.ts';
import type { DigestCache } from '../digestCache/digestCache.ts';
import type { PushEvent } from './events.ts';
import { LayerStatusTable } from './layerStatusTable.ts';
import type { LayerProof, ProvedLayer } from './layerProof.ts';
import type { RelayParts } from '../relay/pushFromEngine.ts';
import type { UploadsInFlight } from './uploadsInFlight.ts';

/** What is to be pushed, and where to. Names and tags were checked against the registry's grammar before. */
export interface PushRequest {
  /** An ID or a reference, as the engine knows it. */
  readonly image: string;
  /** Scheme, host and port: the registry, as the digest cache knows it. */
  readonly origin: string;
  /** `host[:port]/owner/name`: how the repository is called in references. */
  readonly repository: string;
  readonly tag: string;
  readonly codec: LayerCodec;
  /** True where nobody asked for just this codec: then an engine's own gzip does as well. */
  readonly isCodecFree?: boolean;
  /**
   * Layers that containerd's store holds uncompressed, as after `docker load`, are compressed on their way. The manifest
   * is then ours, and its digest not the engine's. Indexes go out as they are.
   */
  readonly compressStored?: boolean;
  /** Blobs sent side by side. */
  readonly parallelBlobs: number;
  /** True: nothing is called unchanged; the registry is asked for every blob, and what it has lost is sent again. */
  readonly recheck?: boolean;
  /** How bytes leave the engine, where there is a choice. Absent: whichever is reckoned to be sooner done. */
  readonly strategy?: 'export' | 'relay' | undefined;
}

export interface PushDependencies {
  readonly source: ImageSource;
  readonly target: BlobTarget;
  readonly cache: DigestCache;
  /** One for all pushes of the window: the layers that they are sending. */
  readonly uploads: UploadsInFlight;
  /** Folder of the spools of all pushes. */
  readonly spoolRoot: string;
  /** Bytes of compressed layers waiting for the registry above which no further layer is begun. */
  readonly spoolLimit: number;
  readonly logger: Logger;
  /** Absent: every image is exported. */
  readonly relay?: RelayParts | undefined;
  /** Milliseconds; only differences matter. */
  readonly now: () => number;
}

export interface StoredLayer {
  readonly descriptor: Descriptor;
  readonly proof: LayerProof;
  readonly how: BlobPresence | 'uploaded';
}

/** The state of one push after its image was inspected: which layers are being taken care of, and which are placed. */
export class PushRun {
  readonly request: PushRequest;
  readonly source: ImageSource;
  readonly target: BlobTarget;
  readonly cache: DigestCache;
  readonly logger: Logger;
  readonly findOptions: FindBlobOptions;
  readonly diffIds: ReadonlySet<Digest>;
  readonly statusTable: LayerStatusTable;
  readonly onEvent: (event: PushEvent) => void;
  /** Blobs that the registry was asked for and does not have. */
  readonly missing = new Set<Digest>();
  /** What the engine said of its own push that a person should know, each once. */
  readonly notices = new Set<string>();
  /** True once something did not fit: nothing that was remembered or learned counts any more, only bytes do. */
  fromBytesOnly = false;
  /** Sent by a first attempt, whatever a second one found of it. */
  readonly #sentEarlier = new Set<Digest>();
  readonly #taken = new Map<Digest, Omit<StoredLayer, 'how'>>();
  readonly #placed = new Map<Digest, StoredLayer>();

  constructor(
    request: PushRequest,
    dependencies: PushDependencies,
    image: ImageDetails,
    onEvent: (event: PushEvent) => void,
  ) {
    const { source, target, cache, logger, uploads } = dependencies;
    this.request = request;
    this.source = source;
    this.target = target;
    this.cache = cache;
    this.logger = logger;
    const { origin } = request;
    this.findOptions = { target, cache, uploads: uploads.join(origin, target.repository), origin };
    this.diffIds = new Set(image.diffIds);
    this.statusTable = new LayerStatusTable(image.diffIds, onEvent);
    this.onEvent = onEvent;
  }

  /** Nothing is sent any more. */
  close(): void {
    this.findOptions.uploads.leave();
  }

  /** True if a layer is in the registry or on its way there. */
  isClaimed(diffId: Digest): boolean {
    return this.#taken.has(diffId);
  }

  /** Says that a layer's blob is known and is being brought to the registry. */
  claim({ diffId, descriptor, proof }: ProvedLayer): void {
    this.#taken.set(diffId, { descriptor, proof });
  }

  /** Says that a taken layer's blob is in the repository. */
  markStored(diffId: Digest, how: BlobPresence | 'uploaded'): void {
    const taken = this.#taken.get(diffId);
    if (taken === undefined) throw new Error(`layer ${diffId} was placed before it was taken`);
    const { descriptor } = taken;
    this.#placed.set(diffId, { ...taken, how: this.overall(descriptor.digest, how) });
    this.cache.rememberLocation(this.request.origin, descriptor.digest, this.target.repository);
    this.statusTable.update(diffId, { state: how, storedTotal: descriptor.size });
  }

  /** How a blob came to the registry in this push, its earlier attempt included. */
  overall(digest: Digest, how: BlobPresence | 'uploaded'): BlobPresence | 'uploaded' {
    return this.#sentEarlier.has(digest) ? 'uploaded' : how;
  }

  /** True if a layer that the engine compressed by gzip is in a form that was asked for. */
  get takesGzip(): boolean {
    return this.request.isCodecFree === true || this.request.codec.mediaType === mediaTypes.ociLayerGzip;
  }

  /** Forgets where layers are, after the registry said that it lacks some. */
  startOver(): void {
    for (const { descriptor, how } of this.#placed.values()) {
      if (how === 'uploaded') this.#sentEarlier.add(descriptor.digest);
    }
    this.findOptions.uploads.startOver();
    this.#taken.clear();
    this.#placed.clear();
    this.missing.clear();
    this.statusTable.reset();
  }

  /** What was remembered of the image's layers is wrong somewhere: it is dropped, and all is made again from bytes. */
  distrust(): void {
    for (const diffId of this.diffIds) this.cache.dropLayer(diffId, this.request.codec.id);
    this.fromBytesOnly = true;
    this.startOver();
  }

  stored(diffId: Digest): StoredLayer | undefined {
    return this.#placed.get(diffId);
  }

  get areAllStored(): boolean {
    return this.#placed.size === this.diffIds.size;
  }

  get storedLayers(): readonly StoredLayer[] {
    return [...this.#placed.values()];
  }
}
