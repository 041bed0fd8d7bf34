import { throwIfCancelled } from '../base/cancel.ts';
import { TeaChestError, toTeaChestError, type Stage } from '../base/errors.ts';
import { digestOf, shortDigest, type Digest } from '../oci/digest.ts';
import { serializeManifest, type Descriptor } from '../oci/manifest.ts';
import { mediaTypes } from '../oci/mediaTypes.ts';
import type { ImageDetails } from './contracts.ts';
import type { KnownImage } from './digestCache.ts';
import type { PushEvent, PushResult, PushStrategy } from './events.ts';
import { exportLayers } from './exportLayers.ts';
import { planLayers } from './planLayers.ts';
import { PushRun, type PushDependencies, type PushRequest } from './pushRun.ts';
import { Spool } from './spool/spool.ts';

/** Milliseconds for the last look at the tag, which no cancel ends. */
const checkDeadline = 60_000;

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
    if (known === undefined) return undefined;
    return await this.#during('plan', async () => {
      const manifest = describe(known);
      const stored = await this.#run.target.headManifest(this.#run.request.tag, { signal: this.#signal });
      if (stored?.digest !== manifest.digest) return undefined;
      this.#image.diffIds.forEach((diffId, at) => {
        const descriptor = known.layers[at];
        if (descriptor === undefined || this.#run.isTaken(diffId)) return;
        this.#run.take({ diffId, descriptor });
        this.#run.place(diffId, 'exists');
      });
      this.#run.onEvent({ type: 'planned', layers: this.#run.board.statuses, imageBytes: this.#image.size });
      return this.#outcome(manifest.digest, 'none', this.#countBytes(known.config.byteLength, false));
    });
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
    await this.#during('plan', () => planLayers(this.#run, this.#image, this.#known(), this.#signal));
    onEvent({ type: 'planned', layers: board.statuses, imageBytes: this.#image.size });
    const known = this.#known() ?? (await this.#knownToRegistry());
    const needsExport = known === undefined || !this.#run.allPlaced;
    const described = needsExport ? await this.#export() : known;
    const uploadedConfig = await this.#during('upload', () => this.#sendConfig(described.config));
    const digest = await this.#publish(described);
    return this.#outcome(
      digest,
      needsExport ? 'export' : 'none',
      this.#countBytes(described.config.byteLength, uploadedConfig),
    );
  }

  /**
   * Where every layer is there and only the config is unknown, the registry may have that too: in the classic store an
   * image's ID is its config's digest, so the bytes prove themselves.
   */
  async #knownToRegistry(): Promise<KnownImage | undefined> {
    const { target, allPlaced } = this.#run;
    if (!allPlaced) return undefined;
    const config = await this.#during('plan', () => target.getBlob(this.#image.id, { signal: this.#signal }));
    if (config === undefined || digestOf(config) !== this.#image.id) return undefined;
    return this.#remember(config);
  }

  #remember(config: Uint8Array): KnownImage {
    const { request, cache, learnedHere } = this.#run;
    const layers = this.#image.diffIds.map((diffId) => this.#descriptor(diffId));
    const image = { config, layers };
    // A pair learned from the registry is as good as whoever may write there: it counts for that repository alone.
    cache.rememberImage(this.#image.id, request.codec.id, image, learnedHere ? this.#place : undefined);
    return image;
  }

  get #place(): string {
    return `${this.#run.request.origin}/${this.#run.target.repository}`;
  }

  async #export(): Promise<KnownImage> {
    const spool = await Spool.create(this.#dependencies.spoolRoot, this.#dependencies.spoolLimit);
    try {
      const archive = await this.#during('export', () => exportLayers(this.#run, this.#image, spool, this.#signal));
      return this.#remember(archive.config);
    } finally {
      await spool.dispose();
    }
  }

  /** Gives true if the config had to be sent. */
  async #sendConfig(config: Uint8Array): Promise<boolean> {
    const digest = digestOf(config);
    const options = { signal: this.#signal };
    if ((await this.#run.target.headBlob(digest, options)) !== undefined) return false;
    await this.#run.target.putBlob(config, digest, { ...options, onSent: () => undefined });
    return true;
  }

  /** PUT, then look: the tag must now be what was sent, bit for bit. */
  async #publish(image: KnownImage): Promise<Digest> {
    const { target, request } = this.#run;
    const manifest = describe(image);
    const options = { signal: this.#signal };
    await this.#during('manifest', async () => {
      const stored = await target.putManifest(request.tag, manifest.bytes, mediaTypes.ociManifest, options);
      if (stored !== undefined && stored !== manifest.digest) throw mismatch(request, manifest.digest, stored);
    });
    const look = async (): Promise<void> => {
      const stored = await target.headManifest(request.tag, { signal: AbortSignal.timeout(checkDeadline) });
      if (stored?.digest !== manifest.digest) throw mismatch(request, manifest.digest, stored?.digest);
    };
    await this.#during('check', look, { isPublished: true });
    return manifest.digest;
  }

  #known(): KnownImage | undefined {
    const known = this.#run.cache.image(this.#image.id, this.#run.request.codec.id, this.#place);
    return known?.layers.length === this.#image.diffIds.length ? known : undefined;
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
  ): Outcome {
    const { repository, tag } = this.#run.request;
    return {
      reference: `${repository}:${tag}`,
      digest,
      mediaType: mediaTypes.ociManifest,
      uploadedBytes: bytes.uploaded,
      mountedBytes: bytes.mounted,
      skippedBytes: bytes.skipped,
      strategy,
    };
  }
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
