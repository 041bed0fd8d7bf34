import type { Digest } from '../oci/digest.ts';
import type { Descriptor } from '../oci/manifest.ts';
import { LayerStatusTable } from './layerStatusTable.ts';
import type { AttemptContext } from './pushContext.ts';
import type { BlobOrigin, RepositoryBlobs } from './repositoryBlobs.ts';

/**
 * How it was proved that a stored blob is a layer. A pair that only a tag of the registry names has no proof, and cannot
 * be published: see `readBackLayer`.
 */
export type LayerProof =
  /** In this push its bytes were hashed here, uncompressed and as they are stored. */
  | 'hashedHere'
  /** It was read back from the registry and hashed, uncompressed and as it is stored. */
  | 'readBack'
  /** It is the engine's own blob of this layer, by the engine's own manifest, which its content store holds by digest. */
  | 'engineStore'
  /** An earlier push of this machine proved it in one of these ways. */
  | 'provedBefore';

/** A layer, its blob, and the proof that they belong together. */
export interface ProvedLayer {
  readonly diffId: Digest;
  readonly descriptor: Descriptor;
  readonly proof: LayerProof;
}

export interface StoredLayer extends ProvedLayer {
  readonly origin: BlobOrigin;
}

const notRead = { state: 'waiting', readBytes: 0, storedBytes: 0, storedTotal: undefined, sentBytes: 0 } as const;

/** The layers of the image in one attempt. A layer is claimed first, with its proof, and then stored. */
export class LayerLedger {
  /** Each distinct layer of the image once. */
  readonly diffIds: ReadonlySet<Digest>;
  readonly statuses: LayerStatusTable;
  readonly #blobs: RepositoryBlobs;
  readonly #claimed = new Map<Digest, ProvedLayer>();
  readonly #stored = new Map<Digest, StoredLayer>();

  constructor({ image, blobs, onEvent }: Pick<AttemptContext, 'image' | 'blobs' | 'onEvent'>) {
    this.diffIds = new Set(image.diffIds);
    this.statuses = new LayerStatusTable(this.diffIds, onEvent);
    this.#blobs = blobs;
  }

  /** True if a layer is in the repository or is being brought there. */
  isClaimed(diffId: Digest): boolean {
    return this.#claimed.has(diffId);
  }

  /** The layer's blob is known and is being brought to the repository. */
  claim(layer: ProvedLayer): void {
    this.#claimed.set(layer.diffId, layer);
  }

  /** A claimed layer's blob is in the repository. */
  markStored(diffId: Digest, origin: BlobOrigin): void {
    const layer = this.#claimed.get(diffId);
    if (layer === undefined) throw new Error(`layer ${diffId} was stored before it was claimed`);
    const { digest, size } = layer.descriptor;
    this.#stored.set(diffId, { ...layer, origin: this.#blobs.noteStored(digest, origin) });
    this.statuses.update(diffId, { state: origin, storedTotal: size });
  }

  /** What is claimed and not stored will not come: the transfer has failed. */
  dropUnstored(): void {
    for (const diffId of this.#claimed.keys()) if (!this.#stored.has(diffId)) this.#claimed.delete(diffId);
    for (const diffId of this.diffIds) if (!this.#stored.has(diffId)) this.statuses.update(diffId, notRead);
  }

  claimStored(layer: ProvedLayer, origin: BlobOrigin): void {
    this.claim(layer);
    this.markStored(layer.diffId, origin);
  }

  stored(diffId: Digest): StoredLayer | undefined {
    return this.#stored.get(diffId);
  }

  get areAllStored(): boolean {
    return this.#stored.size === this.diffIds.size;
  }

  get storedLayers(): readonly StoredLayer[] {
    return [...this.#stored.values()];
  }
}
