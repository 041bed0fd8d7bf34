import { throwIfCancelled } from '../base/cancel.ts';
import { TeaChestError, toTeaChestError, type Stage } from '../base/errors.ts';
import { digestOf, shortDigest, type Digest } from '../oci/digest.ts';
import { isConfigOf } from '../oci/imageConfig.ts';
import { serializeManifest, type Descriptor } from '../oci/manifest.ts';
import { mediaTypes } from '../oci/mediaTypes.ts';
import type { ImageDetails } from './contracts.ts';
import type { KnownImage } from './digestCache.ts';
import type { PushEvent, PushResult, PushStrategy } from './events.ts';
import { exportLayers } from './exportLayers.ts';
import { planLayers } from './planLayers.ts';
import { RelayUnavailable } from './relay/enginePushing.ts';
import { compressesStored, doesEngineAsk, isRelayChosen } from './relay/isRelayChosen.ts';
import type { RelayedManifest } from './relay/relayBackend.ts';
import { relayPush, type TakenLayers, type TakenManifests } from './relay/relayPush.ts';
import { PushRun, type PushDependencies, type PushRequest } from './pushRun.ts';
import { Spool } from './spool/spool.ts';

/** Milliseconds for the last look at the tag, which no cancel ends. */
const checkDeadline = 60_000;

const notHere = 'It is reached over the network, and not on this machine.';

export interface PushOptions {
  readonly signal: AbortSignal;
  readonly onEvent: (event: PushEvent) => void;
}

/**
 * Brings one image of the engine into one repository of a registry: inspect → plan → (export → per layer: verify,
 * compress, upload) → config → manifest → check. Rejects with a TeaChestError that knows its stage; then no upload
 * session and no temporary file is left, and the tag is what it was before.
 */
export async function pushImage(
  request: PushRequest,
  dependencies: PushDependencies,
  { signal, onEvent }: PushOptions,
): Promise<PushResult> {
  const startedAt = dependencies.now();
  const during: During = async (stage, work, { isPublished } = { isPublished: false }) => {
    onEvent({ type: 'stage', stage });
    try {
      if (!isPublished) throwIfCancelled(signal);
      return await work();
    } catch (error) {
      // Whatever broke because the person cancelled is a cancel.
      if (signal.aborted && !isPublished) throw new TeaChestError('cancelled', 'Cancelled.', { stage, cause: error });
      throw toTeaChestError(error, stage);
    }
  };
  onEvent({ type: 'target', reference: `${request.repository}:${request.tag}` });
  await dependencies.cache.load();
  try {
    const image = await during('inspect', () => dependencies.source.inspect(request.image, { signal }));
    const run = new PushRun(request, dependencies, image, onEvent);
    const delivery = new Delivery(run, dependencies, image, during, signal);
    const outcome = (await delivery.confirmUnchanged()) ?? (await delivery.deliver());
    const result = { ...outcome, durationMs: Math.round(dependencies.now() - startedAt) };
    onEvent({ type: 'done', result });
    return result;
  } finally {
    // What was learned of layers stays true after a failure, and makes the next try shorter.
    await dependencies.cache.save();
  }
}

type Outcome = Omit<PushResult, 'durationMs'>;
/** `isPublished`: the tag is what it was to become, and a cancel comes too late to be told as one. */
type During = <T>(stage: Stage, work: () => Promise<T>, options?: { readonly isPublished: boolean }) => Promise<T>;

/** The steps of one push, after the image was inspected. */
class Delivery {
  readonly #run: PushRun;
  readonly #dependencies: PushDependencies;
  readonly #image: ImageDetails;
  readonly #during: During;
  readonly #signal: AbortSignal;

  constructor(run: PushRun, dependencies: PushDependencies, image: ImageDetails, during: During, signal: AbortSignal) {
    this.#run = run;
    this.#dependencies = dependencies;
    this.#image = image;
    this.#during = during;
    this.#signal = signal;
  }

  /** One HEAD: if the tag already is what this push would make of the image, there is nothing to do. */
  async confirmUnchanged(): Promise<Outcome | undefined> {
    const known = this.#known();
    if (known === undefined) return await this.#confirmPublished();
    return await this.#during('plan', async () => {
      const manifest = describe(known);
      const stored = await this.#run.target.headManifest(this.#run.request.tag, { signal: this.#signal });
      if (stored?.digest !== manifest.digest) return undefined;
      this.#placeAll(known.layers);
      return this.#outcome(manifest.digest, 'none', this.#countBytes(known.config.byteLength, false));
    });
  }

  /** The same for an image that went out with the engine's own manifest. */
  async #confirmPublished(): Promise<Outcome | undefined> {
    const { cache, target, request } = this.#run;
    const published = request.strategy === 'export' ? undefined : cache.published(this.#image.id);
    if (published === undefined || (this.#compresses && published.layers.some(isUncompressed))) return undefined;
    return await this.#during('plan', async () => {
      const stored = await target.headManifest(request.tag, { signal: this.#signal });
      if (stored?.digest !== published.digest) return undefined;
      this.#placeAll(published.layers);
      const bytes = { uploaded: 0, mounted: 0, skipped: published.bytes };
      return this.#outcome(published.digest, 'none', bytes, published.mediaType);
    });
  }

  #placeAll(layers: readonly Descriptor[]): void {
    this.#image.diffIds.forEach((diffId, at) => {
      const descriptor = layers[at];
      if (descriptor === undefined || this.#run.isTaken(diffId)) return;
      this.#run.take({ diffId, descriptor });
      this.#run.place(diffId, 'exists');
    });
    this.#run.onEvent({ type: 'planned', layers: this.#run.board.statuses, imageBytes: this.#image.size });
  }

  /** The whole way. If the registry has lost blobs that it said it had (a clean-up ran meanwhile), once more without trust. */
  async deliver(): Promise<Outcome> {
    try {
      return await this.#attempt();
    } catch (error) {
      if (!isBlobUnknown(error)) throw error;
      this.#run.logger.warn('The registry no longer has a blob that it said it had; checking all of them again.');
      this.#run.startOver();
      return await this.#attempt();
    }
  }

  async #attempt(): Promise<Outcome> {
    const { onEvent, board } = this.#run;
    await this.#during('plan', async () => {
      const engineAsks =
        !this.#compresses && (await doesEngineAsk(this.#run, this.#image, this.#dependencies.relay, this.#signal));
      await planLayers(this.#run, this.#image, this.#known(), { signal: this.#signal, engineAsks });
    });
    onEvent({ type: 'planned', layers: board.statuses, imageBytes: this.#image.size });
    const known = this.#known() ?? (await this.#knownToRegistry());
    if (known !== undefined && this.#run.allPlaced) return await this.#publishLayers(known, 'none');
    const spool = await Spool.create(this.#dependencies.spoolRoot, this.#dependencies.spoolLimit);
    let leaving: Promise<void> | undefined;
    try {
      const taken = await this.#during('export', async () => (await this.#relay(spool)) ?? (await this.#export(spool)));
      leaving = taken.leaving;
      if (taken.kind === 'manifests') return await this.#publishManifests(taken);
      return await this.#publishTaken(taken);
    } finally {
      await Promise.all([leaving, spool.dispose()]);
    }
  }

  /**
   * Where every layer is there and only the config is unknown, the registry may have that too: in the classic store an
   * image's ID is its config's digest. In containerd's store the ID is a manifest's, and Gitea serves manifests as blobs
   * as well: so what comes must be a config, and this image's.
   */
  async #knownToRegistry(): Promise<KnownImage | undefined> {
    const { target, allPlaced } = this.#run;
    if (!allPlaced) return undefined;
    const config = await this.#during('plan', () => target.getBlob(this.#image.id, { signal: this.#signal }));
    if (config === undefined || digestOf(config) !== this.#image.id) return undefined;
    return isConfigOf(config, this.#image.diffIds) ? this.#remember(config) : undefined;
  }

  #remember(config: Uint8Array): KnownImage {
    if (!isConfigOf(config, this.#image.diffIds)) throw notItsConfig(this.#image, config);
    const { request, cache, learnedHere } = this.#run;
    const layers = this.#image.diffIds.map((diffId) => this.#descriptor(diffId));
    const image = { config, layers };
    // Layers in the engine's gzip are no answer to a later push that wants this codec.
    if (layers.some(({ mediaType }) => mediaType !== request.codec.mediaType)) return image;
    // A pair learned from the registry is as good as whoever may write there: it counts for that repository alone.
    cache.rememberImage(this.#image.id, request.codec.id, image, learnedHere ? this.#place : undefined);
    return image;
  }

  get #compresses(): boolean {
    return compressesStored(this.#run, this.#image);
  }

  get #place(): string {
    return `${this.#run.request.origin}/${this.#run.target.repository}`;
  }

  /** Undefined if the image is to be exported: because that is sooner done, or because the engine cannot push to us. */
  async #relay(spool: Spool): Promise<TakenLayers | TakenManifests | undefined> {
    const { relay } = this.#dependencies;
    try {
      if (relay === undefined && this.#run.request.strategy === 'relay') throw new RelayUnavailable(notHere);
      if (relay === undefined) return undefined;
      if (!(await isRelayChosen(this.#run, this.#image, relay, this.#signal))) return undefined;
      const options = { spool, signal: this.#signal, compresses: this.#compresses };
      return await relayPush(this.#run, this.#image, relay, options);
    } catch (error) {
      if (!(error instanceof RelayUnavailable)) throw error;
      if (this.#run.request.strategy === 'relay' && !error.isPartial) throw refuseRelay(error);
      this.#run.logger.info(`The image is exported instead of being pushed by the engine: ${error.message}`);
      return undefined;
    }
  }

  async #export(spool: Spool): Promise<TakenLayers> {
    const { config } = await exportLayers(this.#run, this.#image, spool, this.#signal);
    return { kind: 'layers', strategy: 'export', config };
  }

  async #publishTaken({ config, strategy, sentConfigBytes = 0, engineDigest }: TakenLayers): Promise<Outcome> {
    const outcome = await this.#publishLayers(this.#remember(config), strategy);
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

  /** Config and manifest of an image whose layers are all in the repository. */
  async #publishLayers(image: KnownImage, strategy: PushStrategy): Promise<Outcome> {
    const uploadedConfig = await this.#during('upload', () => this.#sendConfig(image.config));
    const manifest = describe(image);
    await this.#publish([{ reference: this.#run.request.tag, mediaType: mediaTypes.ociManifest, ...manifest }]);
    return this.#outcome(manifest.digest, strategy, this.#countBytes(image.config.byteLength, uploadedConfig));
  }

  /** The engine's own manifests, byte for byte: what an index lists first, under digests, and what the tag is to be last. */
  async #publishManifests({ manifests, bytes, layers }: TakenManifests): Promise<Outcome> {
    const children = manifests.slice(0, -1).map((manifest) => ({ ...manifest, reference: manifest.digest }));
    const top = { ...manifests[manifests.length - 1], reference: this.#run.request.tag } as RelayedManifest;
    await this.#publish([...children, top]);
    const { digest, mediaType } = top;
    const stored = bytes.uploaded + bytes.mounted + bytes.skipped;
    this.#run.cache.rememberPublished(this.#image.id, { digest, mediaType, bytes: stored, layers });
    return this.#outcome(digest, 'relay', bytes, mediaType);
  }

  /** Gives true if the config had to be sent. */
  async #sendConfig(config: Uint8Array): Promise<boolean> {
    const digest = digestOf(config);
    const options = { signal: this.#signal };
    const isMissing = this.#run.missing.has(digest);
    if (!isMissing && (await this.#run.target.headBlob(digest, options)) !== undefined) return false;
    await this.#run.target.putBlob(config, digest, { ...options, onSent: () => undefined });
    return true;
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
      const stored = await target.headManifest(request.tag, { signal: AbortSignal.timeout(checkDeadline) });
      if (top !== undefined && stored?.digest !== top.digest) throw mismatch(request, top.digest, stored?.digest);
    };
    await this.#during('check', look, { isPublished: true });
  }

  /** What was remembered of the image, if that is one. Older versions could take a manifest for a config (issue 12). */
  #known(): KnownImage | undefined {
    const { cache, request } = this.#run;
    const { id, diffIds } = this.#image;
    const known = cache.image(id, request.codec.id, this.#place);
    if (known === undefined) return undefined;
    if (known.layers.length === diffIds.length && isConfigOf(known.config, diffIds)) return known;
    cache.dropImage(id, request.codec.id, this.#place);
    return undefined;
  }

  #descriptor(diffId: Digest): Descriptor {
    const placed = this.#run.placed(diffId);
    if (placed === undefined) throw new Error(`layer ${diffId} was never placed`);
    return placed.descriptor;
  }

  #countBytes(configSize: number, uploadedConfig: boolean): { uploaded: number; mounted: number; skipped: number } {
    const sums = { uploaded: uploadedConfig ? configSize : 0, mounted: 0, skipped: uploadedConfig ? 0 : configSize };
    for (const { descriptor, how } of this.#run.placedLayers) {
      sums[how === 'exists' ? 'skipped' : how] += descriptor.size;
    }
    return sums;
  }

  #outcome(
    digest: Digest,
    strategy: PushStrategy,
    bytes: { readonly uploaded: number; readonly mounted: number; readonly skipped: number },
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
    };
  }
}

/** Nothing of it was published: this is asked before the first byte of the config or the manifest goes out. */
function notItsConfig(image: ImageDetails, config: Uint8Array): TeaChestError {
  const name = image.references[0] ?? shortDigest(image.id);
  return new TeaChestError(
    'archiveInvalid',
    `The container engine gave a config for ${name} that does not belong to it: its layers are not the image’s. Nothing was published. Build or pull the image again.`,
    { stage: 'verify', facts: { image: image.id, config: digestOf(config) } },
  );
}

function isUncompressed({ mediaType }: Descriptor): boolean {
  return mediaType === mediaTypes.ociLayer || mediaType === mediaTypes.dockerLayer;
}

function refuseRelay(cause: RelayUnavailable): TeaChestError {
  const message = `The strategy “relay” is asked for, but the container engine cannot push to Tea Chest. ${cause.message}`;
  return new TeaChestError('engineFailed', message, { cause });
}

function describe(image: KnownImage): { readonly bytes: Buffer; readonly digest: Digest } {
  const config = { mediaType: mediaTypes.ociConfig, digest: digestOf(image.config), size: image.config.byteLength };
  const bytes = serializeManifest(config, image.layers);
  return { bytes, digest: digestOf(bytes) };
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

function isBlobUnknown(error: unknown): boolean {
  if (!(error instanceof TeaChestError)) return false;
  const codes = error.facts['codes'];
  return Array.isArray(codes) && codes.some((code) => code === 'BLOB_UNKNOWN' || code === 'MANIFEST_BLOB_UNKNOWN');
}
