import { throwIfCancelled } from '../base/cancel.ts';
import { TeaChestError, toTeaChestError } from '../base/errors.ts';
import { digestOf } from '../oci/digest.ts';
import { isConfigOf } from '../oci/imageConfig.ts';
import type { Descriptor } from '../oci/manifest.ts';
import { mediaTypes } from '../oci/mediaTypes.ts';
import { formatPlatform } from '../oci/platform.ts';
import type { ImageDetails } from '../ports/imageSource.ts';
import type { KnownImage } from '../digestCache/digestTables.ts';
import type { PushEvent, PushResult } from './events.ts';
import { exportLayers } from './export/exportLayers.ts';
import { planLayers } from './planLayers.ts';
import { describeKnown, Publisher, type RunStage, type Outcome } from './publisher.ts';
import { publishedKey } from './publishedKey.ts';
import { RelayUnavailable } from '../relay/pushFromEngine.ts';
import { compressesStored, doesEngineAsk, isRelayChosen } from './relay/isRelayChosen.ts';
import { relayPush, type TransferredLayers, type TransferredManifests } from './relay/relayPush.ts';
import { PushRun, type PushDependencies, type PushRequest } from './pushRun.ts';
import { Spool } from '../spool/spool.ts';

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
  const during: RunStage = async (stage, work, { isPublished } = { isPublished: false }) => {
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
    dependencies.cache.rememberPush(image.id, request.origin);
    const run = new PushRun(request, dependencies, image, onEvent);
    const outcome = await new PushExecution(run, dependencies, image, during, signal).deliver().finally(() => {
      run.close();
    });
    const result = { ...outcome, durationMs: Math.round(dependencies.now() - startedAt) };
    onEvent({ type: 'done', result });
    return result;
  } finally {
    // What was learned of layers stays true after a failure, and makes the next try shorter.
    await dependencies.cache.save();
  }
}

/** Tries in all: anew once for blobs that the registry has lost, and once for what was remembered wrongly. */
const mostAttempts = 3;

/** The steps of one push, after the image was inspected. */
class PushExecution {
  readonly #run: PushRun;
  readonly #dependencies: PushDependencies;
  readonly #image: ImageDetails;
  readonly #during: RunStage;
  readonly #signal: AbortSignal;
  readonly #publisher: Publisher;

  constructor(
    run: PushRun,
    dependencies: PushDependencies,
    image: ImageDetails,
    during: RunStage,
    signal: AbortSignal,
  ) {
    this.#run = run;
    this.#dependencies = dependencies;
    this.#image = image;
    this.#during = during;
    this.#signal = signal;
    this.#publisher = new Publisher(run, image, during, signal);
  }

  async deliver(): Promise<Outcome> {
    const tried = new Set<Again>();
    for (let attempt = 1; ; attempt++) {
      try {
        const unchanged =
          attempt > 1 || this.#run.request.recheck === true ? undefined : await this.#confirmUnchanged();
        return unchanged ?? (await this.#attempt());
      } catch (error) {
        const again = this.#whyAgain(error);
        if (again === undefined || tried.has(again) || attempt === mostAttempts) throw error;
        tried.add(again);
        if (again === 'lostBlobs') {
          this.#run.logger.warn('The registry no longer has a blob that it said it had; checking all of them again.');
          this.#run.startOver();
        } else {
          this.#distrust(error);
        }
      }
    }
  }

  #whyAgain(error: unknown): Again | undefined {
    if (isBlobUnknown(error)) return 'lostBlobs';
    const { code } = toTeaChestError(error);
    return code === 'imageMismatch' && !this.#run.fromBytesOnly ? 'wrongMemory' : undefined;
  }

  /** What was remembered led to something that is no image: from here on only bytes count. */
  #distrust(error: unknown): void {
    const { cache, request, logger } = this.#run;
    logger.warn(`What was remembered of the image is dropped, and it is read again: ${String(error)}`);
    cache.dropImage(this.#image.id, request.codec.id, formatPlatform(this.#image.platform));
    this.#run.distrust();
  }

  /** One HEAD: if the tag already is what this push would make of the image, there is nothing to do. */
  async #confirmUnchanged(): Promise<Outcome | undefined> {
    const known = this.#known();
    if (known === undefined) return await this.#confirmPublished();
    return await this.#during('plan', async () => {
      const { digest } = describeKnown(known);
      if ((await this.#publisher.digestOfTag(digest, this.#signal)) !== digest) return undefined;
      this.#placeAll(known.layers);
      this.#publisher.describe(known);
      return this.#publisher.outcome(digest, 'none', this.#publisher.countBytes(known.config.byteLength, false));
    });
  }

  /** The same for an image that went out with the engine's own manifest, if the engine would push just that again. */
  async #confirmPublished(): Promise<Outcome | undefined> {
    const { cache, request, notices } = this.#run;
    const key = request.strategy === 'export' ? undefined : publishedKey(this.#image);
    const published = key === undefined ? undefined : cache.published(key);
    if (published === undefined || (this.#compresses && published.layers.some(isUncompressed))) return undefined;
    return await this.#during('plan', async () => {
      if ((await this.#publisher.digestOfTag(published.digest, this.#signal)) !== published.digest) return undefined;
      this.#placeAll(published.layers);
      for (const notice of published.notices) notices.add(notice);
      const bytes = { uploaded: 0, mounted: 0, skipped: published.bytes };
      return this.#publisher.outcome(published.digest, 'none', bytes, published.mediaType);
    });
  }

  #placeAll(layers: readonly Descriptor[]): void {
    this.#image.diffIds.forEach((diffId, at) => {
      const descriptor = layers[at];
      if (descriptor === undefined || this.#run.isClaimed(diffId)) return;
      this.#run.claim({ diffId, descriptor, proof: 'provedBefore' });
      this.#run.markStored(diffId, 'exists');
    });
    this.#run.onEvent({ type: 'planned', layers: this.#run.statusTable.statuses, imageBytes: this.#image.size });
  }

  async #attempt(): Promise<Outcome> {
    const { onEvent, statusTable: board } = this.#run;
    await this.#during('plan', async () => {
      const engineAsks =
        !this.#compresses && (await doesEngineAsk(this.#run, this.#image, this.#dependencies.relay, this.#signal));
      await planLayers(this.#run, this.#image, this.#known(), { signal: this.#signal, engineAsks });
    });
    onEvent({ type: 'planned', layers: board.statuses, imageBytes: this.#image.size });
    const known = this.#run.areAllStored ? (this.#known() ?? (await this.#knownToRegistry())) : undefined;
    if (known !== undefined) return await this.#publisher.publishLayers(known, 'none');
    const spool = await Spool.create(this.#dependencies.spoolRoot, this.#dependencies.spoolLimit);
    let cleanup: Promise<void> | undefined;
    try {
      const taken = await this.#during('export', async () => (await this.#relay(spool)) ?? (await this.#export(spool)));
      cleanup = taken.cleanup;
      if (taken.kind === 'manifests') return await this.#publisher.publishManifests(taken);
      return await this.#publisher.publishTaken(taken);
    } finally {
      await Promise.all([cleanup, spool.dispose()]);
    }
  }

  /**
   * Where every layer is there and only the config is unknown, the registry may have that too: in the classic store an
   * image's ID is its config's digest. In containerd's store the ID is a manifest's, and Gitea serves manifests as blobs
   * as well: so what comes must be a config, and this image's.
   */
  async #knownToRegistry(): Promise<KnownImage | undefined> {
    const { target, fromBytesOnly } = this.#run;
    const { id, diffIds, manifestType } = this.#image;
    if (fromBytesOnly || manifestType !== undefined) return undefined;
    const config = await this.#during('plan', () => target.getBlob(id, { signal: this.#signal })).catch(
      (error: unknown) => {
        throwIfCancelled(this.#signal);
        this.#run.logger.debug(`The config is asked of the engine, as it cannot be read back: ${String(error)}`);
        return undefined;
      },
    );
    if (config === undefined || digestOf(config) !== id || !isConfigOf(config, diffIds)) return undefined;
    const layers = diffIds.map((diffId) => this.#run.stored(diffId)?.descriptor);
    return layers.every((layer) => layer !== undefined) ? { config, layers } : undefined;
  }

  get #compresses(): boolean {
    return compressesStored(this.#run, this.#image);
  }

  /** Undefined if the image is to be exported: because that is sooner done, or because the engine cannot push to us. */
  async #relay(spool: Spool): Promise<TransferredLayers | TransferredManifests | undefined> {
    const { relay } = this.#dependencies;
    try {
      if (relay === undefined && this.#run.request.strategy === 'relay') throw new RelayUnavailable(notHere);
      if (relay === undefined) return undefined;
      if (!(await isRelayChosen(this.#run, this.#image, relay, this.#signal))) return undefined;
      const options = { spool, signal: this.#signal, compresses: this.#compresses };
      return await relayPush(this.#run, this.#image, relay, options);
    } catch (error) {
      if (!(error instanceof RelayUnavailable)) return await this.#failRelay(error);
      if (this.#run.request.strategy === 'relay' && !error.isPartial) return await this.#failRelay(refuseRelay(error));
      this.#run.logger.info(`The image is exported instead of being pushed by the engine: ${error.message}`);
      return undefined;
    }
  }

  /** What an engine says of an image that was removed while it pushed it is about missing files: so it is asked again. */
  async #failRelay(error: unknown): Promise<never> {
    if (this.#signal.aborted || toTeaChestError(error).code !== 'engineFailed') throw error;
    const { id, references } = this.#image;
    const isGone = await this.#run.source.inspect(id, { signal: this.#signal }).then(
      () => false,
      (later: unknown) => toTeaChestError(later).code === 'imageNotFound',
    );
    if (!isGone) throw error;
    const name = references[0] ?? id;
    const sentence = `The image “${name}” is gone from the container engine; it was removed meanwhile. Nothing was published.`;
    throw new TeaChestError('imageNotFound', sentence, { stage: 'export', cause: error, facts: { image: name } });
  }

  async #export(spool: Spool): Promise<TransferredLayers> {
    const { config } = await exportLayers(this.#run, this.#image, spool, this.#signal);
    return { kind: 'layers', strategy: 'export', config };
  }

  /** What was remembered of the image, if it is that one. */
  #known(): KnownImage | undefined {
    const { cache, request, fromBytesOnly } = this.#run;
    const { id, diffIds, platform } = this.#image;
    const known = fromBytesOnly ? undefined : cache.image(id, request.codec.id, formatPlatform(platform));
    if (known === undefined) return undefined;
    if (known.layers.length === diffIds.length && isConfigOf(known.config, diffIds)) return known;
    cache.dropImage(id, request.codec.id, formatPlatform(platform));
    return undefined;
  }
}

/** Why a push goes again. */
type Again = 'lostBlobs' | 'wrongMemory';

function isUncompressed({ mediaType }: Descriptor): boolean {
  return mediaType === mediaTypes.ociLayer || mediaType === mediaTypes.dockerLayer;
}

function refuseRelay(cause: RelayUnavailable): TeaChestError {
  const message = `The strategy “relay” is asked for, but the container engine cannot push to Tea Chest. ${cause.message}`;
  return new TeaChestError('engineFailed', message, { cause });
}

function isBlobUnknown(error: unknown): boolean {
  if (!(error instanceof TeaChestError)) return false;
  const codes = error.facts['codes'];
  return Array.isArray(codes) && codes.some((code) => code === 'BLOB_UNKNOWN' || code === 'MANIFEST_BLOB_UNKNOWN');
}
