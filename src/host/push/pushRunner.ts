import * as l10n from '@vscode/l10n';
import { callListener } from '../../core/base/callListener.ts';
import { orCancelled } from '../../core/base/cancel.ts';
import { TeaChestError, toTeaChestError } from '../../core/base/errors.ts';
import type { BlobTarget } from '../../core/ports/blobTarget.ts';
import { acceptsEngineGzip } from '../../core/push/chooseTransfer.ts';
import type { ImageOutcome, ImagesEvent } from '../../core/push/imagesEvents.ts';
import type { ImagesSnapshot } from '../../core/push/imagesProgress.ts';
import type { PushResult } from '../../core/push/pushEvents.ts';
import type { OpenedPush } from '../../core/push/pushImages.ts';
import { UploadsInFlight } from '../../core/push/uploadsInFlight.ts';
import type { PushSettings } from '../config.ts';
import type { Connection } from '../connections/connection.ts';
import type { Engine, EngineLink } from '../engine/engine.ts';
import type { PushHistory } from '../history/pushHistory.ts';
import type { SessionObserver } from '../../core/registry/upload/sessionObserver.ts';
import type { EngineRelay } from './engineRelay.ts';
import { IdlePriming, type IdlePrimingDependencies } from './idlePriming.ts';
import { openPush, type OpenPushOptions } from './openPush.ts';
import type { PushJob } from './pushJob.ts';
import type { PushJournal } from './pushJournal.ts';
import { PushQueue } from './pushQueue.ts';
import { PushRun, windowClosed } from './pushRun.ts';
import type { RunningPush } from './runningPush.ts';
import type { Destination } from '../targets/target.ts';
import type { TargetMemory } from '../targets/targetMemory.ts';

export interface PushRunnerDependencies extends IdlePrimingDependencies {
  readonly link: EngineLink;
  /** Opens the repository with the connection's credential. Rejects with `notSignedIn`. */
  readonly openTarget: (
    connection: Connection,
    repository: string,
    signal: AbortSignal,
    sessions?: SessionObserver,
  ) => Promise<BlobTarget>;
  readonly createCodec: OpenPushOptions['createCodec'];
  readonly relay: Pick<EngineRelay, 'parts'> & Partial<Pick<EngineRelay, 'ended'>>;
  /** Records running pushes, so that the next start can clean up after a crash. */
  readonly journal?: Pick<PushJournal, 'begin'>;
  /** Lists running, queued and past pushes. */
  readonly history: Pick<PushHistory, 'begin'>;
  readonly memory: TargetMemory;
  /** Gets the first push to a registry since the person signed in to it, after it was recorded in `memory`. */
  readonly firstPushes?: { add(first: Destination): void };
  /** Adds to the error of a push what the host can find out about it, before it is recorded. */
  readonly explain?: (error: TeaChestError, job: PushJob) => Promise<TeaChestError>;
  readonly settings: () => PushSettings;
  readonly spoolRoot: () => string;
}

/** Milliseconds between two reports of progress. */
const reportIntervalMs = 200;
/** Bytes. No layer is begun while this many compressed bytes on disk wait to be uploaded. */
const spoolLimit = 4 * 1000 ** 3;

type ProgressListener = (runs: readonly ImagesSnapshot[]) => void;

export interface RunOptions {
  readonly signal: AbortSignal;
  /** Called regularly while it runs, as its rate and the time left change without events too. */
  readonly onProgress?: (snapshot: ImagesSnapshot) => void;
  /** Called while it waits for other pushes, with its position among those that wait, from 1 on. */
  readonly onQueued?: (position: number) => void;
  /** Called at once, with the ID of its record. */
  readonly onRecord?: ((id: string) => void) | undefined;
  /** Called with a sentence that will be among the notices of a result, as soon as a check before the push has it. */
  readonly onNotice?: ((notice: string) => void) | undefined;
}

/** Runs pushes, lists those that are running, and reports their progress. */
export class PushRunner {
  readonly #dependencies: PushRunnerDependencies;
  readonly #running = new Map<string, RunningPush>();
  readonly #runs = new Map<string, PushRun>();
  /** Those that do not wait. */
  readonly #active = new Set<PushRun>();
  readonly #queue: PushQueue;
  readonly #uploads = new UploadsInFlight();
  readonly #listeners: ProgressListener[] = [];
  readonly #priming: IdlePriming;

  constructor(dependencies: PushRunnerDependencies) {
    this.#dependencies = dependencies;
    this.#priming = new IdlePriming(dependencies);
    this.#queue = new PushQueue(() => dependencies.settings().maxConcurrent);
  }

  /** `listener` is called regularly while pushes run, and when one has ended. */
  onProgress(listener: ProgressListener): void {
    this.#listeners.push(listener);
  }

  /** One snapshot for each running push of one or several images, the oldest first; none for those that wait. */
  snapshots(): readonly ImagesSnapshot[] {
    return [...this.#active].map((run) => run.snapshot());
  }

  /** Cancels a run of this window, by the ID of its record. */
  cancel(id: string): void {
    this.#runs.get(id)?.cancel();
  }

  /** A run that waits is the next one. */
  moveToFront(id: string): void {
    this.#queue.moveToFront(id);
  }

  /** Resolves when no push of this window to the target (`host[:port]/owner/name:tag`) runs or waits. */
  async whenFree(reference: string, signal: AbortSignal): Promise<void> {
    for (;;) {
      const push = this.#running.get(reference);
      if (push === undefined) return;
      await orCancelled(push.ended, signal);
    }
  }

  /** Call when the number of pushes that run at once may have changed. */
  updateLimit(): void {
    this.#queue.update();
  }

  /** @throws TeaChestError with code and stage. The registry then has either the old tag or the new one. */
  async run(job: PushJob, options: RunOptions): Promise<PushResult> {
    const [outcome] = await this.runAll([job], options);
    if (outcome?.kind === 'pushed') return outcome.result;
    throw outcome?.error ?? new Error('the push has no outcome');
  }

  /** Pushes several images with one plan, once it is their turn. Gives the outcome of each. */
  async runAll(jobs: readonly PushJob[], options: RunOptions): Promise<readonly ImageOutcome[]> {
    const { history, logger } = this.#dependencies;
    const run = new PushRun(jobs, options.signal, history, logger);
    this.#runs.set(run.id, run);
    callListener(logger, () => options.onRecord?.(run.id));
    let outcomes: readonly ImageOutcome[] = [];
    try {
      const found = await this.#runInTurn(run, options);
      outcomes = await Promise.all(run.pushes.map((push, at) => push.outcome ?? this.#end(push, found[at])));
      return outcomes;
    } finally {
      this.#runs.delete(run.id);
      await run.finish(outcomes);
    }
  }

  /** Never rejects. */
  async #runInTurn(run: PushRun, options: RunOptions): Promise<readonly ImageOutcome[]> {
    const { logger } = this.#dependencies;
    let leave: (() => void) | undefined;
    let reports: NodeJS.Timeout | undefined;
    try {
      leave = await this.#waitForTurn(run, options);
      this.#active.add(run);
      run.begin();
      reports = setInterval(() => {
        callListener(logger, () => {
          const snapshot = run.report();
          options.onProgress?.(snapshot);
        });
        this.#report();
      }, reportIntervalMs);
      return await this.#pushAll(run);
    } catch (failure) {
      const error = toTeaChestError(failure);
      return run.pushes.map((_, index) => {
        run.apply({ type: 'failed', index, error });
        return { kind: 'failed', error };
      });
    } finally {
      clearInterval(reports);
      callListener(logger, () => options.onProgress?.(run.snapshot()));
      this.#active.delete(run);
      leave?.();
      this.#report();
    }
  }

  /**
   * Resolves when it is the run's turn and the journal has it. A run whose targets are all being pushed to already does not
   * wait to fail. It enters the queue before anything else is awaited: the writes of the journal do not change the order.
   */
  async #waitForTurn(run: PushRun, { onQueued }: RunOptions): Promise<(() => void) | undefined> {
    const { journal, spoolRoot, logger } = this.#dependencies;
    const root = spoolRoot();
    const pushes = run.pushes.filter((push) => this.#claimTarget(push));
    if (pushes.length === 0) return undefined;
    const turn = this.#queue.enter(run.id, run.unwanted, (position) => {
      run.waitsAt(position);
      callListener(logger, () => onQueued?.(position));
    });
    // A push that is cancelled while it waits has its entry in the journal before it ends, and removes it.
    const [entered, recorded] = await Promise.allSettled([
      turn,
      Promise.all(pushes.map((push) => push.record(journal, root))),
    ]);
    if (entered.status === 'rejected') throw entered.reason;
    if (recorded.status === 'fulfilled') return entered.value;
    entered.value();
    throw recorded.reason;
  }

  /**
   * Cancels pushes and waits until they have cleaned up: those to `origin` after a sign-out, or all of them as the window
   * closes.
   */
  async stop(origin?: string): Promise<void> {
    const isStopped = ({ job }: RunningPush): boolean => origin === undefined || job.connection.origin === origin;
    const stopped = [...this.#running.values()].filter(isStopped);
    // Their records are complete only at the end of the run.
    const runs = [...this.#runs.values()].filter(({ pushes }) => pushes.every(isStopped));
    // In a run that waits for its turn with images for other registries they have begun nothing, and will not.
    const waiting = [...this.#runs.values()].filter((run) => !this.#active.has(run) && !runs.includes(run));
    const isWaiting = (push: RunningPush): boolean => waiting.some(({ pushes }) => pushes.includes(push));
    const ending = stopped.filter((push) => !isWaiting(push));
    for (const push of stopped) push.stop(origin === undefined ? windowClosed(push.job) : signedOut(push.job));
    const priming = origin === undefined ? [this.#priming.interrupt()] : [];
    await Promise.all([...ending.map(({ ended }) => ended), ...runs.map(({ ended }) => ended), ...priming]);
  }

  /** Resolves when the idle-time work after a push is done as well. */
  async settled(): Promise<void> {
    await this.#priming.settled();
  }

  #report(): void {
    const snapshots = this.snapshots();
    for (const listener of this.#listeners) {
      callListener(this.#dependencies.logger, () => {
        listener(snapshots);
      });
    }
  }

  async #pushAll(run: PushRun): Promise<readonly ImageOutcome[]> {
    const { link, cache, spoolRoot, logger, relay } = this.#dependencies;
    const { pushes, signal } = run;
    await this.#priming.interrupt();
    // The registry and the engine are asked at the same time; if both fail, the engine's error is the one reported.
    const openings = pushes.map((push) => this.#openTarget(push));
    const [source, { pushImages }] = await Promise.all([link.get(), import('../../core/push/pushImages.ts')]);
    const onEvent = (event: ImagesEvent): void => {
      run.apply(event);
      if (event.type !== 'image' || event.event.type !== 'inspected') return;
      void run.readHistory(event.index, event.event.image, (id) => source.history(id, { signal }));
    };
    const opened: OpenedPush[] = [];
    const images = pushes.map((push, at) => ({
      ...{ reference: push.reference, origin: push.job.connection.origin, signal: push.signal },
      open: async () => {
        const one = await this.#open(push, source, openings[at]);
        run.opened(one.target);
        return (opened[at] = one);
      },
    }));
    const now = (): number => performance.now();
    const own = { source, cache, uploads: this.#uploads, spoolRoot: spoolRoot(), spoolLimit, logger, now };
    // Each ends by itself: who signs out of its registry does not wait for the images that go to others.
    const onOutcome = (index: number, outcome: ImageOutcome): void => {
      const push = pushes[index];
      if (push !== undefined) push.outcome = this.#end(push, outcome);
    };
    const outcomes = await pushImages(images, own, { signal, onEvent, onOutcome }).finally(() => relay.ended?.(source));
    this.#primeLast(source, opened, outcomes);
    return outcomes;
  }

  /** False if another push to the target is running or waiting. */
  #claimTarget(push: RunningPush): boolean {
    if (this.#running.has(push.reference)) return false;
    this.#running.set(push.reference, push);
    return true;
  }

  /** Checks everything that can be checked before the image is transferred. */
  async #open(push: RunningPush, source: Engine, opening = this.#openTarget(push)): Promise<OpenedPush> {
    const { job, reference, signal } = push;
    if (this.#running.get(reference) !== push) {
      throw new TeaChestError('busy', l10n.t`${reference} is being pushed already.`, { stage: 'resolve' });
    }
    return await openPush(job, { ...this.#dependencies, source, opening, signal });
  }

  #openTarget({ job, signal, sessions }: RunningPush): Promise<BlobTarget> {
    const opening = this.#dependencies.openTarget(job.connection, job.target.repository, signal, sessions);
    // Somebody may not get to wait for it.
    opening.catch(() => undefined);
    return opening;
  }

  /** Primes the engine for the image that was exported last, if no other push is running. */
  #primeLast(source: Engine, opened: readonly OpenedPush[], outcomes: readonly ImageOutcome[]): void {
    if (this.#active.size > 1) return;
    const exported = opened.filter((_, at) => {
      const outcome = outcomes[at];
      return outcome?.kind === 'pushed' && outcome.result.strategy === 'export';
    });
    const last = exported.findLast(({ request }) => request.strategy === undefined && acceptsEngineGzip(request));
    if (last?.relay === undefined) return;
    this.#priming.begin((signal) => source.inspect(last.request.image, { signal }), last.relay);
  }

  async #end(push: RunningPush, outcome: ImageOutcome | undefined): Promise<ImageOutcome> {
    if (outcome === undefined) throw new Error(`the push to ${push.reference} has no outcome`);
    if (this.#running.get(push.reference) !== push) return outcome;
    if (outcome.kind === 'pushed') await this.#remember(push.job, outcome);
    const explained = outcome.kind === 'pushed' ? outcome : await this.#explained(push.job, outcome);
    this.#running.delete(push.reference);
    return await push.end(explained);
  }

  async #explained(job: PushJob, failed: FailedOutcome): Promise<FailedOutcome> {
    const { explain, logger } = this.#dependencies;
    if (explain === undefined) return failed;
    try {
      return { kind: 'failed', error: await explain(failed.error, job) };
    } catch (error) {
      logger.warn(`Nothing more is known about the failure of ${job.image}: ${String(error)}`);
      return failed;
    }
  }

  /** Never rejects: the image is published already, and the row only suggests the next target. */
  async #remember({ image, connection, target }: PushJob, { result, image: pushed }: PushedOutcome): Promise<void> {
    const { memory, logger, firstPushes } = this.#dependencies;
    try {
      const { identity: imageId, createdAt } = pushed;
      const isFirst = !memory.hasOrigin(connection.origin);
      await memory.remember(image, connection.origin, target, { imageId, digest: result.digest, createdAt });
      if (isFirst) firstPushes?.add({ connection, target });
    } catch (error) {
      logger.warn(`Where ${image} was pushed to could not be remembered: ${String(error)}`);
    }
  }
}

type PushedOutcome = Extract<ImageOutcome, { kind: 'pushed' }>;
type FailedOutcome = Extract<ImageOutcome, { kind: 'failed' }>;

function signedOut({ image, connection }: PushJob): TeaChestError {
  return new TeaChestError('notSignedIn', l10n.t`You signed out of ${connection.host} during the push of ${image}.`, {
    facts: { host: connection.host },
  });
}
