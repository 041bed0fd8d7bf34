import { toTeaChestError, type TeaChestError } from '../base/errors.ts';
import { isDigest, type Digest } from '../oci/digest.ts';
import { readManifest } from '../oci/manifest.ts';
import { isForeignLayer } from '../oci/mediaTypes.ts';
import type { ImageRepository, StoredBytes } from '../ports/imageRepository.ts';
import type { RelaySource } from '../relay/relaySource.ts';
import type { ResolvedImage } from './resolveImage.ts';
import { readVerifiedBlob } from './verifiedBlob.ts';

export interface PullSourceOptions {
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** What was read cannot be given to the engine, and asking again does not help. */
  readonly onFailure: (error: TeaChestError) => void;
}

/** The manifests and blobs of one image in the registry, and nothing else of it. */
export class PullSource implements RelaySource {
  readonly #repository: ImageRepository;
  readonly #options: PullSourceOptions;
  readonly #top: StoredBytes;
  readonly #manifests = new Map<string, StoredBytes>();
  /** The manifests that the index names, and have not been read yet. */
  readonly #children: ReadonlySet<string>;
  readonly #sizes = new Map<Digest, number>();

  constructor(repository: ImageRepository, { top, items, manifests }: ResolvedImage, options: PullSourceOptions) {
    this.#repository = repository;
    this.#options = options;
    this.#top = top;
    this.#children = new Set((items ?? []).map(({ digest }) => digest));
    for (const stored of [top, ...manifests.map((one) => one.stored)]) this.#add(stored);
  }

  /** Any tag is the one under which the engine pulls. */
  async manifest(reference: string, signal: AbortSignal): Promise<StoredBytes | undefined> {
    if (!isDigest(reference)) return this.#top;
    const known = this.#manifests.get(reference);
    if (known !== undefined || !this.#children.has(reference)) return known;
    const stored = await this.#repository.readManifest(reference, { signal });
    if (stored?.digest !== reference) return undefined;
    this.#add(stored);
    return stored;
  }

  blobSize(digest: Digest): number | undefined {
    return this.#sizes.get(digest);
  }

  async *readBlob(digest: Digest, from: number, signal: AbortSignal): AsyncGenerator<Uint8Array, void, void> {
    const blob = { digest, size: this.#sizes.get(digest) ?? 0 };
    try {
      yield* readVerifiedBlob(this.#repository, blob, { ...this.#options, from, signal });
    } catch (error) {
      // The engine has closed the connection, or the pull has ended.
      if (!signal.aborted) this.#options.onFailure(toTeaChestError(error));
      throw error;
    }
  }

  #add(stored: StoredBytes): void {
    this.#manifests.set(stored.digest, stored);
    const read = readManifest(stored.bytes);
    if (read?.kind !== 'image') return;
    for (const { digest, size, mediaType } of [read.config, ...read.layers]) {
      if (!isForeignLayer(mediaType)) this.#sizes.set(digest, size);
    }
  }
}
