import { TeaChestError, toTeaChestError } from '../../core/base/errors.ts';
import type { Logger } from '../../core/base/logger.ts';
import type { ImageOutcome } from '../../core/push/imagesEvents.ts';
import type { SessionObserver } from '../../core/registry/upload/sessionObserver.ts';
import { formatTarget } from '../targets/target.ts';
import { optionsOf } from './jobArguments.ts';
import type { JournaledPush } from './interruptedPush.ts';
import type { JournalEntry, PushJournal } from './pushJournal.ts';
import type { PushJob } from './pushJob.ts';

/** One image that is being pushed, from its journal entry to its line in the log. */
export class RunningPush {
  readonly job: PushJob;
  readonly reference: string;
  /** Fires when the person cancels, or at `stop`. */
  readonly signal: AbortSignal;
  /** Resolves when the push has cleaned up its upload sessions, files and journal entry. */
  readonly ended: Promise<void>;
  /** Set once it has an outcome, though other images of its run may go on. */
  outcome: Promise<ImageOutcome> | undefined;
  readonly #end: () => void;
  readonly #outer: AbortSignal;
  readonly #controller = new AbortController();
  readonly #logger: Logger;
  #journal: JournalEntry | undefined;

  constructor(job: PushJob, outer: AbortSignal, logger: Logger) {
    this.job = job;
    this.reference = formatTarget(job.target);
    this.#outer = outer;
    this.#logger = logger;
    this.signal = AbortSignal.any([outer, this.#controller.signal]);
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.ended = promise;
    this.#end = () => {
      resolve(undefined);
    };
  }

  /** Records its upload sessions. Undefined without a journal. */
  get sessions(): SessionObserver | undefined {
    return this.#journal;
  }

  async record(journal: Pick<PushJournal, 'begin'> | undefined, spoolRoot: string): Promise<void> {
    const { image, requestedImage, connection, target } = this.job;
    this.#logger.info(`Push of ${image} to ${this.reference} begins.`);
    const push: JournaledPush = {
      ...{ image: requestedImage ?? image, origin: connection.origin, repository: target.repository },
      ...{ target: this.reference, ...optionsOf(this.job) },
      ...{ spoolRoot, startedAt: Date.now() },
    };
    this.#journal = await journal?.begin(push);
  }

  stop(reason: TeaChestError): void {
    this.#controller.abort(reason);
  }

  /** Logs the outcome, and gives it with the reason of a stop. */
  async end(outcome: ImageOutcome): Promise<ImageOutcome> {
    const known = this.#withReason(outcome);
    this.#log(known);
    const isStopped = known !== outcome && known.kind === 'failed' && known.error.code === 'cancelled';
    await this.#journal?.end(isStopped ? 'windowClosed' : 'done');
    this.#end();
    return known;
  }

  /** If the person cancelled, there is no other reason to report. */
  #withReason(outcome: ImageOutcome): ImageOutcome {
    if (outcome.kind !== 'failed' || outcome.error.code !== 'cancelled' || this.#outer.aborted) return outcome;
    const { reason } = this.#controller.signal as { readonly reason: unknown };
    if (!(reason instanceof TeaChestError)) return outcome;
    const { stage } = outcome.error;
    return { kind: 'failed', error: stage === undefined ? reason : reason.at(stage) };
  }

  #log(outcome: ImageOutcome): void {
    if (outcome.kind === 'pushed') {
      const { reference, digest, uploadedBytes, mountedBytes, skippedBytes, durationMs } = outcome.result;
      this.#logger.info(
        `Pushed ${reference} as ${digest} in ${durationMs} ms: ${uploadedBytes} bytes sent, ${mountedBytes} mounted, ${skippedBytes} already there.`,
      );
      return;
    }
    const { code, message, stage } = toTeaChestError(outcome.error);
    this.#logger[code === 'cancelled' ? 'info' : 'error'](
      `Push of ${this.job.image} to ${this.reference} ended at ${stage ?? 'an unknown stage'} (${code}): ${message}`,
    );
  }
}
