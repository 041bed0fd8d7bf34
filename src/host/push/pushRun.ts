import * as l10n from '@vscode/l10n';
import { callListener } from '../../core/base/callListener.ts';
import { TeaChestError } from '../../core/base/errors.ts';
import type { Logger } from '../../core/base/logger.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { BlobTarget } from '../../core/ports/blobTarget.ts';
import type { ImageStep } from '../../core/ports/imageSource.ts';
import type { ImageOutcome, ImagesEvent } from '../../core/push/imagesEvents.ts';
import { ImagesProgress, type ImagesSnapshot } from '../../core/push/imagesProgress.ts';
import { LinkWatch } from '../../core/push/linkWatch.ts';
import type { InspectedImage } from '../../core/push/pushEvents.ts';
import type { PushHistory, PushRecorder } from '../history/pushHistory.ts';
import { formatTarget } from '../targets/target.ts';
import type { PushJob } from './pushJob.ts';
import { RunningPush } from './runningPush.ts';

/** One run of one or several images, from the queue to its record in the list of pushes. */
export class PushRun {
  readonly pushes: readonly RunningPush[];
  /** Fires when the person cancels. */
  readonly signal: AbortSignal;
  /** Resolves when the run has cleaned up and its record is written. */
  readonly ended: Promise<unknown>;
  readonly #end: () => void;
  readonly #cancel = new AbortController();
  readonly #progress: ImagesProgress;
  readonly #recorder: PushRecorder;
  readonly #logger: Logger;
  readonly #link: LinkWatch;
  readonly #targets: BlobTarget[] = [];

  constructor(jobs: readonly PushJob[], outer: AbortSignal, history: Pick<PushHistory, 'begin'>, logger: Logger) {
    this.signal = AbortSignal.any([outer, this.#cancel.signal]);
    this.pushes = jobs.map((job) => new RunningPush(job, this.signal, logger));
    this.#progress = new ImagesProgress(
      jobs.map(({ connection }) => connection.origin),
      () => performance.now(),
    );
    this.#recorder = history.begin(jobs.map(toImageRecord));
    this.#logger = logger;
    this.#link = new LinkWatch(
      () => this.#targets.flatMap((target) => target.connectionTimes?.({ signal: this.signal }) ?? []),
      () => performance.now(),
    );
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.ended = promise;
    this.#end = () => {
      resolve(undefined);
    };
  }

  get id(): string {
    return this.#recorder.id;
  }

  /** Fires when none of its pushes is wanted any more. */
  get unwanted(): AbortSignal {
    const all = new AbortController();
    const signals = this.pushes.map(({ signal }) => signal);
    const check = (): void => {
      const last = signals.find(({ aborted }) => !aborted) === undefined ? signals.at(-1) : undefined;
      if (last !== undefined) all.abort(last.reason);
    };
    for (const signal of signals) signal.addEventListener('abort', check, { once: true });
    check();
    return all.signal;
  }

  snapshot(): ImagesSnapshot {
    return this.#progress.snapshot();
  }

  cancel(): void {
    this.#cancel.abort();
  }

  waitsAt(position: number): void {
    void this.#recorder.apply({ type: 'queued', position });
  }

  begin(): void {
    void this.#recorder.apply({ type: 'started', at: Date.now() });
  }

  apply(event: ImagesEvent): void {
    this.#progress.apply(event);
  }

  /** The connections to its registry are observed. */
  opened(target: BlobTarget): void {
    this.#targets.push(target);
  }

  /** Gives the state of now, and records it. To be called several times a second. */
  report(): ImagesSnapshot {
    const snapshot = this.snapshot();
    this.#link.update(snapshot.wait);
    void this.#recorder.apply({ type: 'progress', at: Date.now(), snapshot, link: this.#link.times });
    return snapshot;
  }

  /** Asks for the instructions that made an image's layers. They are shown, and a push needs none of them. */
  async readHistory(
    index: number,
    { id, diffIds }: InspectedImage,
    read: (id: Digest) => Promise<readonly ImageStep[]>,
  ): Promise<void> {
    try {
      await this.#recorder.apply({ type: 'history', index, diffIds, steps: await read(id) });
    } catch (error) {
      this.#logger.debug(`The history of ${id} could not be read: ${String(error)}`);
    }
  }

  /** Resolves when the end is recorded. */
  async finish(outcomes: readonly ImageOutcome[]): Promise<void> {
    callListener(this.#logger, () => {
      this.report();
    });
    await this.#recorder.apply({ type: 'ended', at: Date.now(), outcomes });
    this.#end();
  }
}

function toImageRecord(job: PushJob): Parameters<PushHistory['begin']>[0][number] {
  const { image, requestedImage = image, target, connection, compression, strategy, platform, recheck } = job;
  return {
    ...{ image: requestedImage, target: formatTarget(target), origin: connection.origin },
    options: { compression, strategy, platform, recheck },
  };
}

/** The error if the window closes during a push. */
export function windowClosed({ image, target }: PushJob): TeaChestError {
  const message = l10n.t`The window closed during the push of ${image} to ${formatTarget(target)}.`;
  return new TeaChestError('cancelled', message, { facts: { isWindowClosed: true } });
}
