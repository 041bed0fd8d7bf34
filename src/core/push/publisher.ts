import { throwIfCancelled } from '../base/cancel.ts';
import { TeaChestError, toTeaChestError, type Stage } from '../base/errors.ts';
import { digestOf, shortDigest, type Digest } from '../oci/digest.ts';
import { readManifest, serializeManifest } from '../oci/manifest.ts';
import { isImageConfig, mediaTypes } from '../oci/mediaTypes.ts';
import { formatPlatform } from '../oci/platform.ts';
import { checkImage, type PresentBlob } from './checkImage.ts';
import type { ImageDetails } from '../ports/imageSource.ts';
import type { KnownImage } from '../digestCache/digestTables.ts';
import type { PushResult, PushStrategy } from './events.ts';
import { isWhatWasExpected, publishedKey } from './publishedKey.ts';
import type { PushRequest, PushRun } from './pushRun.ts';
import type { RelayedManifest } from '../relay/relayBackend.ts';
import type { TransferredLayers, TransferredManifests } from './relay/relayPush.ts';

/** Milliseconds for the last look at the tag, which no cancel ends: time for one that gets no answer, and for another. */
const checkDeadline = 150_000;

export type Outcome = Omit<PushResult, 'durationMs'>;
/** `isPublished`: the tag is what it was to become, and a cancel comes too late to be told as one. */
export type RunStage = <T>(
  stage: Stage,
  work: () => Promise<T>,
  options?: { readonly isPublished: boolean },
) => Promise<T>;

interface CountedBytes {
  readonly uploaded: number;
  readonly mounted: number;
  readonly skipped: number;
}

/** The last steps of a push: what is about to be published is checked, sent, and looked at. */
export class Publisher {
  readonly #run: PushRun;
  readonly #image: ImageDetails;
  readonly #during: RunStage;
  readonly #signal: AbortSignal;

  constructor(run: PushRun, image: ImageDetails, during: RunStage, signal: AbortSignal) {
    this.#run = run;
    this.#image = image;
    this.#during = during;
    this.#signal = signal;
  }

  /** An image whose layers are all in the repository, and its config. */
  async publishTaken({ config, strategy, sentConfigBytes = 0, engineDigest }: TransferredLayers): Promise<Outcome> {
    const layers = this.#image.diffIds.map((diffId) => this.#descriptor(diffId));
    const outcome = await this.publishLayers({ config, layers }, strategy);
    const { uploadedBytes, skippedBytes } = outcome;
    const counted = {
      ...outcome,
      uploadedBytes: uploadedBytes + sentConfigBytes,
      skippedBytes: skippedBytes - sentConfigBytes,
    };
    if (engineDigest === undefined) return counted;
    this.#run.logger.info(
      `Layers that the engine holds uncompressed were compressed: the manifest is ${outcome.digest}, and not the engine’s own, ${engineDigest}.`,
    );
    return { ...counted, engineDigest };
  }

  /** The same by what is known of it. */
  async publishLayers(image: KnownImage, strategy: PushStrategy): Promise<Outcome> {
    const manifest = this.describe(image);
    this.#remember(image);
    const uploadedConfig = await this.#during('upload', () => this.#sendConfig(image.config));
    await this.#publish([{ reference: this.#run.request.tag, mediaType: mediaTypes.ociManifest, ...manifest }]);
    return this.outcome(manifest.digest, strategy, this.countBytes(image.config.byteLength, uploadedConfig));
  }

  /** Our manifest of an image whose layers are all placed; throws `imageMismatch` if that would not be one image. */
  describe({ config, layers }: KnownImage): { readonly bytes: Buffer; readonly digest: Digest } {
    const described = describeKnown({ config, layers });
    checkImage({
      image: this.#image,
      isEngines: false,
      manifests: [{ bytes: described.bytes, mediaType: mediaTypes.ociManifest }],
      configs: new Map([[digestOf(config), config]]),
      blobs: new Map(this.#image.diffIds.flatMap((diffId) => this.#proved(diffId))),
      presentManifests: new Set(),
    });
    return described;
  }

  /** The engine's own manifests, byte for byte: what an index lists first, under digests, and what the tag is to be last. */
  async publishManifests({ manifests, bytes, blobs, small, layers, cleanup }: TransferredManifests): Promise<Outcome> {
    const children = manifests.slice(0, -1).map((manifest) => ({ ...manifest, reference: manifest.digest }));
    const top = { ...manifests[manifests.length - 1], reference: this.#run.request.tag } as RelayedManifest;
    const all = [...children, top];
    await this.#during('verify', async () => {
      const proof = 'engineStore' as const;
      checkImage({
        image: this.#image,
        isEngines: true,
        manifests: all,
        configs: await this.#readConfigs(all, small),
        blobs: new Map([...blobs].map(([digest, { size }]) => [digest, { size, proof }])),
        presentManifests: await this.#findChildren(all),
      });
    });
    await this.#publish(all);
    // Until it has ended the engine may say something of its push.
    await cleanup;
    const { digest, mediaType } = top;
    const stored = bytes.uploaded + bytes.mounted + bytes.skipped;
    const notices = [...this.#run.notices];
    const key = publishedKey(this.#image);
    if (key !== undefined && isWhatWasExpected(this.#image, digest)) {
      this.#run.cache.rememberPublished(key, { digest, mediaType, bytes: stored, layers, notices });
    }
    return this.outcome(digest, 'relay', bytes, mediaType);
  }

  outcome(
    digest: Digest,
    strategy: PushStrategy,
    bytes: CountedBytes,
    mediaType: string = mediaTypes.ociManifest,
  ): Outcome {
    const { repository, tag } = this.#run.request;
    return {
      reference: `${repository}:${tag}`,
      digest,
      mediaType,
      uploadedBytes: bytes.uploaded,
      mountedBytes: bytes.mounted,
      skippedBytes: bytes.skipped,
      strategy,
      notices: [...this.#run.notices],
    };
  }

  countBytes(configSize: number, uploadedConfig: boolean): CountedBytes {
    const sums = { uploaded: uploadedConfig ? configSize : 0, mounted: 0, skipped: uploadedConfig ? 0 : configSize };
    for (const { descriptor, how } of this.#run.storedLayers) {
      sums[how === 'exists' ? 'skipped' : how] += descriptor.size;
    }
    return sums;
  }

  /** The digest of what the tag is now; undefined if there is no such tag. `expected`: see `BlobTarget.headManifest`. */
  async digestOfTag(expected: Digest, signal: AbortSignal): Promise<Digest | undefined> {
    const { target, request } = this.#run;
    return (await target.headManifest(request.tag, { signal, expected }))?.digest;
  }

  #remember(image: KnownImage): void {
    const { request, cache } = this.#run;
    // Layers in the engine's gzip are no answer to a later push that wants this codec.
    if (image.layers.some(({ mediaType }) => mediaType !== request.codec.mediaType)) return;
    cache.rememberImage(this.#image.id, request.codec.id, formatPlatform(this.#image.platform), image);
  }

  #proved(diffId: Digest): readonly [Digest, PresentBlob][] {
    const placed = this.#run.stored(diffId);
    if (placed === undefined) return [];
    const { digest, size, mediaType } = placed.descriptor;
    return [[digest, { size, proof: placed.proof, layer: { diffId, mediaType } }]];
  }

  #descriptor(diffId: Digest): KnownImage['layers'][number] {
    const placed = this.#run.stored(diffId);
    if (placed === undefined) throw new Error(`layer ${diffId} was never placed`);
    return placed.descriptor;
  }

  /** Of those manifests that are images: as they came, or as the registry has them. */
  async #readConfigs(
    manifests: readonly RelayedManifest[],
    small: TransferredManifests['small'],
  ): Promise<ReadonlyMap<Digest, Uint8Array | 'unreadable'>> {
    const configs = new Map<Digest, Uint8Array | 'unreadable'>();
    for (const { bytes } of manifests) {
      const manifest = readManifest(bytes);
      if (manifest?.kind !== 'image' || !isImageConfig(manifest.config.mediaType)) continue;
      const { digest } = manifest.config;
      const config = small.get(digest) ?? (await this.#readConfig(digest));
      if (config !== undefined) configs.set(digest, config);
    }
    return configs;
  }

  async #readConfig(digest: Digest): Promise<Uint8Array | 'unreadable' | undefined> {
    try {
      return await this.#run.target.getBlob(digest, { signal: this.#signal });
    } catch (error) {
      throwIfCancelled(this.#signal);
      this.#run.logger.info(`The registry has the config ${digest}, but it cannot be read: ${String(error)}`);
      return 'unreadable';
    }
  }

  /** What an index names and the engine did not push: it is asked for. */
  async #findChildren(manifests: readonly RelayedManifest[]): Promise<ReadonlySet<Digest>> {
    const pushed = new Set(manifests.map(({ digest }) => digest));
    const present = new Set<Digest>();
    for (const { bytes } of manifests) {
      const manifest = readManifest(bytes);
      const named = manifest?.kind === 'index' ? manifest.manifests : [];
      for (const { digest } of named) {
        if (pushed.has(digest)) continue;
        const stored = await this.#run.target.headManifest(digest, { signal: this.#signal });
        if (stored !== undefined) present.add(digest);
      }
    }
    return present;
  }

  /** Gives true if the config had to be sent. */
  async #sendConfig(config: Uint8Array): Promise<boolean> {
    const { target, findOptions: ladder, missing } = this.#run;
    const digest = digestOf(config);
    const options = { signal: this.#signal };
    if (!missing.has(digest) && (await target.headBlob(digest, options)) === config.byteLength) return false;
    const sent = await ladder.uploads.sendBlob(digest, this.#signal, async () => {
      await target.putBlob(config, digest, { ...options, onSent: () => undefined });
      return true;
    });
    return sent === true;
  }

  /** PUT, then look: the tag must now be what was sent, bit for bit. */
  async #publish(manifests: readonly RelayedManifest[]): Promise<void> {
    const { target, request } = this.#run;
    const options = { signal: this.#signal };
    await this.#during('manifest', async () => {
      for (const { reference, bytes, mediaType, digest } of manifests) {
        const stored = await target.putManifest(reference, bytes, mediaType, options);
        if (stored !== undefined && stored !== digest) throw mismatch(request, digest, stored);
      }
    });
    const look = async (): Promise<void> => {
      const top = manifests.at(-1);
      if (top === undefined) return;
      const stored = await this.digestOfTag(top.digest, AbortSignal.timeout(checkDeadline)).catch((error: unknown) => {
        throw unchecked(request, error);
      });
      if (stored !== top.digest) throw mismatch(request, top.digest, stored);
    };
    await this.#during('check', look, { isPublished: true });
  }
}

/** The manifest that our pushes make of config and layers. */
export function describeKnown(image: KnownImage): { readonly bytes: Buffer; readonly digest: Digest } {
  const config = { mediaType: mediaTypes.ociConfig, digest: digestOf(image.config), size: image.config.byteLength };
  const bytes = serializeManifest(config, image.layers);
  return { bytes, digest: digestOf(bytes) };
}

/** The registry took the manifest, and then could not be asked what it has. */
function unchecked(request: PushRequest, error: unknown): TeaChestError {
  const { code, message, facts } = toTeaChestError(error);
  const reference = `${request.repository}:${request.tag}`;
  // Nobody cancels the last look: its time was over.
  const isLate = code === 'cancelled';
  const why = isLate ? 'the registry did not answer in time.' : message;
  return new TeaChestError(
    isLate ? 'registryUnreachable' : code,
    `${reference} was published, but whether the registry has it as it was sent could not be checked: ${why}`,
    { cause: error, facts: { ...facts, published: reference } },
  );
}

function mismatch(request: PushRequest, sent: Digest, stored: Digest | undefined): TeaChestError {
  const reference = `${request.repository}:${request.tag}`;
  const instead = stored === undefined ? 'no such tag' : `another manifest (${shortDigest(stored)})`;
  return new TeaChestError(
    'digestMismatch',
    `We sent the manifest ${shortDigest(sent)} for ${reference}, but the registry has ${instead}. Somebody else may have pushed the same tag at the same time.`,
    { facts: stored === undefined ? { reference, sent } : { reference, sent, stored } },
  );
}
