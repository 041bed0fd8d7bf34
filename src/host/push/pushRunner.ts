import { TeaChestError, toTeaChestError } from '../../core/base/errors.ts';
import type { BlobTarget } from '../../core/ports/blobTarget.ts';
import type { LayerCodec } from '../../core/ports/layerCodec.ts';
import { acceptsEngineGzip } from '../../core/push/chooseTransfer.ts';
import type { PushEvent, PushResult } from '../../core/push/pushEvents.ts';
import { PushProgress, type PushSnapshot } from '../../core/push/pushProgress.ts';
import { pushImage } from '../../core/push/pushImage.ts';
import { UploadsInFlight } from '../../core/push/uploadsInFlight.ts';
import type { PushSettings } from '../config.ts';
import type { Connection } from '../connections/connection.ts';
import type { Engine, EngineLink } from '../engine/engine.ts';
import type { SessionObserver } from '../../core/registry/upload/sessionObserver.ts';
import type { EngineRelay } from './engineRelay.ts';
import { IdlePriming, type IdlePrimingDependencies } from './idlePriming.ts';
import type { JournaledPush } from './interruptedPush.ts';
import type { Compression, PushOptions } from './pushArguments.ts';
import type { JournalEntry, PushJournal } from './pushJournal.ts';
import type { TargetMemory } from '../targets/targetMemory.ts';
import { formatTarget, mayBeShortId, type Destination } from '../targets/target.ts';

/** A push with nothing left to ask: adds the image as the engine knows it, the connection, and the target in its parts. */
export interface PushJob extends Destination, PushOptions {
  /** A reference or an ID. */
  readonly image: string;
  /** As the person or the command gave it. It may be the beginning of an ID: see `findImage`. */
  readonly requestedImage?: string | undefined;
}

export interface PushRunnerDependencies extends IdlePrimingDependencies {
  readonly link: EngineLink;
  /** Opens the repository with the connection's credential. Rejects with `notSignedIn`. */
  readonly openTarget: (
    connection: Connection,
    repository: string,
    signal: AbortSignal,
    sessions?: SessionObserver,
  ) => Promise<BlobTarget>;
  readonly createCodec: (compression: Compression, gzipLevel: number, connection: Connection) => LayerCodec;
  readonly relay: Pick<EngineRelay, 'parts'> & Partial<Pick<EngineRelay, 'ended'>>;
  /** Records running pushes, so that the next start can clean up after a crash. */
  readonly journal?: Pick<PushJournal, 'begin'>;
  readonly memory: TargetMemory;
  readonly settings: () => PushSettings;
  readonly spoolRoot: () => string;
}

/** Milliseconds between two reports of progress. */
const reportIntervalMs = 200;
/** Bytes. No layer is begun while this many compressed bytes on disk wait to be uploaded. */
const spoolLimit = 4 * 1000 ** 3;

interface RunningPush {
  readonly job: PushJob;
  readonly progress: PushProgress;
  readonly controller: AbortController;
  /** Resolves when the push has cleaned up its upload sessions, files and journal entry. */
  readonly ended: Promise<void>;
}

type ProgressListener = (snapshots: readonly PushSnapshot[]) => void;

interface RunOptions {
  readonly signal: AbortSignal;
  /** Called regularly while this push runs, as its rate and the time left change without events too. */
  readonly onProgress?: (snapshot: PushSnapshot) => void;
}

/** Runs pushes, lists those that are running, and reports their progress. */
export class PushRunner {
  readonly #dependencies: PushRunnerDependencies;
  readonly #running = new Map<string, RunningPush>();
  readonly #uploads = new UploadsInFlight();
  readonly #listeners: ProgressListener[] = [];
  readonly #priming: IdlePriming;

  constructor(dependencies: PushRunnerDependencies) {
    this.#dependencies = dependencies;
    this.#priming = new IdlePriming(dependencies);
  }

  /** `listener` is called regularly while pushes run, and when one has ended. */
  onProgress(listener: ProgressListener): void {
    this.#listeners.push(listener);
  }

  /** One snapshot per running push, the oldest first. */
  snapshots(): readonly PushSnapshot[] {
    return [...this.#running.values()].map(({ progress }) => progress.snapshot());
  }

  /** @throws TeaChestError with code and stage. The registry then has either the old tag or the new one. */
  async run(job: PushJob, options: RunOptions): Promise<PushResult> {
    const { logger } = this.#dependencies;
    const reference = formatTarget(job.target);
    if (this.#running.has(reference)) {
      throw new TeaChestError('busy', `${reference} is being pushed already.`, { stage: 'resolve' });
    }
    const progress = new PushProgress(() => performance.now());
    const controller = new AbortController();
    const signal = AbortSignal.any([options.signal, controller.signal]);
    const { promise: ended, resolve: end } = Promise.withResolvers<undefined>();
    this.#running.set(reference, { job, progress, controller, ended });
    logger.info(`Push of ${job.image} to ${reference} begins.`);
    const reports = setInterval(() => {
      options.onProgress?.(progress.snapshot());
      this.#report();
    }, reportIntervalMs);
    let journal: JournalEntry | undefined;
    let stopped: TeaChestError | undefined;
    try {
      journal = await this.#dependencies.journal?.begin(this.#journaled(job));
      const result = await this.#push(job, { signal, sessions: journal }, (event) => {
        progress.apply(event);
      });
      await this.#remember(job);
      const { uploadedBytes, mountedBytes, skippedBytes, durationMs } = result;
      logger.info(
        `Pushed ${result.reference} as ${result.digest} in ${durationMs} ms: ${uploadedBytes} bytes sent, ${mountedBytes} mounted, ${skippedBytes} already there.`,
      );
      return result;
    } catch (error) {
      const failure = toTeaChestError(error);
      // If the person cancelled, there is no other reason to report.
      if (failure.code === 'cancelled' && !options.signal.aborted) stopped = reasonOf(controller.signal);
      const { code, message } = stopped ?? failure;
      const stage = failure.stage ?? 'an unknown stage';
      const line = `Push of ${job.image} to ${reference} ended at ${stage} (${code}): ${message}`;
      if (failure.code === 'cancelled') logger.info(line);
      else logger.error(line);
      throw stopped === undefined || failure.stage === undefined ? (stopped ?? error) : stopped.at(failure.stage);
    } finally {
      clearInterval(reports);
      this.#running.delete(reference);
      this.#report();
      await journal?.end(stopped?.code === 'cancelled' ? 'windowClosed' : 'done');
      end(undefined);
    }
  }

  /**
   * Cancels pushes and waits until they have cleaned up: those to `origin` after a sign-out, or all of them as the window
   * closes.
   */
  async stop(origin?: string): Promise<void> {
    const running = [...this.#running.values()];
    const stopped = running.filter(({ job }) => origin === undefined || job.connection.origin === origin);
    for (const { controller, job } of stopped) {
      controller.abort(origin === undefined ? windowClosed(job) : signedOut(job));
    }
    const priming = origin === undefined ? [this.#priming.interrupt()] : [];
    await Promise.all([...stopped.map(({ ended }) => ended), ...priming]);
  }

  /** Resolves when the idle-time work after a push is done as well. */
  async settled(): Promise<void> {
    await this.#priming.settled();
  }

  #report(): void {
    const snapshots = this.snapshots();
    for (const listener of this.#listeners) listener(snapshots);
  }

  #journaled({ image, requestedImage, connection, target, compression, strategy, platform }: PushJob): JournaledPush {
    return {
      ...{ image: requestedImage ?? image, origin: connection.origin, repository: target.repository },
      ...{ target: formatTarget(target), compression, strategy, platform },
      ...{ spoolRoot: this.#dependencies.spoolRoot(), startedAt: Date.now() },
    };
  }

  /** Never rejects: the image is published already, and the row only suggests the next target. */
  async #remember({ image, connection, target }: PushJob): Promise<void> {
    const { memory, logger } = this.#dependencies;
    try {
      await memory.remember(image, connection.origin, target);
    } catch (error) {
      logger.warn(`Where ${image} was pushed to could not be remembered: ${String(error)}`);
    }
  }

  async #push(
    job: PushJob,
    { signal, sessions }: { readonly signal: AbortSignal; readonly sessions: SessionObserver | undefined },
    onEvent: (event: PushEvent) => void,
  ): Promise<PushResult> {
    const { openTarget, createCodec, cache, settings, spoolRoot, logger, relay } = this.#dependencies;
    const { gzipLevel, parallelBlobs, ...defaults } = settings();
    const { compression = defaults.compression, strategy = defaults.strategy } = job;
    const { connection, target } = job;
    await this.#priming.interrupt();
    // The registry and the engine are asked at the same time; if both fail, the engine's error is the one reported.
    const opening = openTarget(connection, target.repository, signal, sessions);
    opening.catch(() => undefined);
    const source = await this.#dependencies.link.get();
    const image = await findImage(source, job, signal);
    const opened = await opening;
    const request = {
      image,
      origin: connection.origin,
      repository: `${target.host}/${target.repository}`,
      tag: target.tag,
      codec: createCodec(compression, gzipLevel, connection),
      isCodecRequired: compression !== 'stored' && compression !== 'auto',
      strategy: strategy === 'auto' ? undefined : strategy,
      parallelBlobs,
      recheck: job.recheck === true,
      platform: job.platform,
    };
    const dependencies = {
      source,
      target: opened,
      cache,
      uploads: this.#uploads,
      spoolRoot: spoolRoot(),
      spoolLimit,
      relay: await relay.parts(source, strategy),
      logger,
      now: () => performance.now(),
    };
    const result = await pushImage(request, dependencies, { signal, onEvent }).finally(() => relay.ended?.(source));
    const mayRelayLater = strategy === 'auto' && acceptsEngineGzip(request);
    // This push still counts. The engine is primed only if no other one is running.
    const isLast = this.#running.size === 1;
    if (dependencies.relay !== undefined && mayRelayLater && isLast && result.strategy === 'export') {
      this.#priming.begin((asked) => source.inspect(image, { signal: asked }), dependencies.relay);
    }
    return result;
  }
}

function signedOut({ image, connection }: PushJob): TeaChestError {
  return new TeaChestError('notSignedIn', `You signed out of ${connection.host} during the push of ${image}.`, {
    facts: { host: connection.host },
  });
}

function windowClosed({ image, target }: PushJob): TeaChestError {
  return new TeaChestError('cancelled', `The window closed during the push of ${image} to ${formatTarget(target)}.`);
}

function reasonOf({ reason }: AbortSignal): TeaChestError | undefined {
  return reason instanceof TeaChestError ? reason : undefined;
}

/** The image that the engine has. `1a2b3c4` is read as a name first and then as the beginning of an ID, as engines do. */
async function findImage(engine: Engine, { image, requestedImage }: PushJob, signal: AbortSignal): Promise<string> {
  if (requestedImage === undefined || requestedImage === image || !mayBeShortId(requestedImage)) return image;
  const exists = async (name: string): Promise<boolean> => {
    try {
      await engine.inspect(name, { signal });
      return true;
    } catch (error) {
      if (error instanceof TeaChestError && error.code === 'imageNotFound') return false;
      throw error;
    }
  };
  return !(await exists(image)) && (await exists(requestedImage)) ? requestedImage : image;
}
