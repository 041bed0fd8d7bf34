import * as l10n from '@vscode/l10n';
import { toTeaChestError, type TeaChestError } from '../../core/base/errors.ts';
import { tokenSettingsUrl } from '../../core/gitea/webUrls.ts';
import type { PushResult } from '../../core/push/pushEvents.ts';
import type { ImageRecord } from '../../core/push/record/pushRecord.ts';
import { toError } from '../../core/push/record/recordPush.ts';
import { pageAt } from '../connections/connection.ts';
import { reconnect, signInToGoOn, type Remedy } from '../connections/reconnect.ts';
import { openInBrowser } from '../openInBrowser.ts';
import type { ActionHandlers } from '../errors/offerActions.ts';
import { reportFailure } from '../errors/reportFailure.ts';
import type { LinkOffers } from '../registry/linkOffers.ts';
import { withWarningOfOthers } from '../targets/suggestedName.ts';
import { briefImage, formatTarget, type Destination } from '../targets/target.ts';
import type { FinishedImage } from '../progress/imagesText.ts';
import type { ImageOutcome } from '../../core/push/imagesEvents.ts';
import { runSteps, type StepPosition } from '../input/runSteps.ts';
import { areConfirmed, askJob, askJobs, attendedJob, type AskJobDependencies, type AskJobOptions } from './askJob.ts';
import { askPlatform, choicesOfError, findManifestChoices } from './askPlatform.ts';
import { requireDistinctTargets } from './distinctTargets.ts';
import { explainFailure } from './explainFailure.ts';
import { jobArguments, optionsOf } from './jobArguments.ts';
import { offerLinks } from './linkAfterPush.ts';
import { localReferences } from './localReferences.ts';
import type { PushStart } from './pushAnswers.ts';
import type { PushArguments, PushOptions } from './pushArguments.ts';
import { summarize, toRejectedImage, type ImageResult, type PushImagesResult } from './pushImagesResult.ts';
import type { PushJob } from './pushJob.ts';
import type { PushRunner } from './pushRunner.ts';
import { pushAllWithNotification, pushWithNotification } from './pushWithNotification.ts';
import { recordedArguments } from './recordedArguments.ts';
import { resolveJob, resolveJobs, type Attendance } from './resolveJobs.ts';
import { showResult } from './showResult.ts';
import { showSummary } from './showSummary.ts';
import { targetNeeded } from './targetNeeded.ts';

export interface PushControllerDependencies extends AskJobDependencies {
  readonly runner: Pick<PushRunner, 'run' | 'runAll'>;
  readonly linkOffers: LinkOffers;
  /** Called after each push with what was published. */
  readonly onPushed: (pushed: readonly Destination[]) => void;
  readonly preview: PushPreview;
}

/** The plan of a push, shown in place of pushing. */
interface PushPreview {
  /** True: a push that a person asks for begins with its plan. */
  readonly isAlwaysShown: () => boolean;
  readonly show: (all: readonly PushArguments[]) => void;
  /** Shows a push by the ID of its record. */
  readonly showPush: (id: string) => void;
}

/** Who asks for a push, and who follows it. */
export interface PushCall extends Attendance {
  /** Called once it has a record, with its ID. */
  readonly onRecord?: (id: string) => void;
}

const attended = { isAttended: true };

/** Turns a request into a job, by questions where something is missing, runs it, and shows the result. */
export class PushController {
  readonly #dependencies: PushControllerDependencies;

  constructor(dependencies: PushControllerDependencies) {
    this.#dependencies = dependencies;
  }

  /** Asks for what `start` leaves open, and pushes. Shows a failure and resolves with undefined. */
  async askAndPush(start: PushStart = {}, options: PushOptions = {}): Promise<PushResult | undefined> {
    try {
      const job = await askJob(this.#dependencies, start, options, this.#beforePush);
      if (job === undefined || this.#isPreviewed([job])) return undefined;
      return await this.#push(job).catch(() => undefined);
    } catch (error) {
      void reportFailure(error, { retry: () => this.askAndPush(start, options) });
      return undefined;
    }
  }

  /** Pushes as the arguments say. Shows a failure and rejects. */
  async pushArguments(args: PushArguments, call: PushCall = {}): Promise<PushResult> {
    return await this.#push(await this.#resolve(args, call), call);
  }

  /** Asks where the images should go, as for a push, and shows what the push would do. Without `images`, asks for one. */
  async preview(images?: readonly string[]): Promise<void> {
    try {
      const [image, ...others] = images ?? [];
      const start = image === undefined ? {} : { image };
      const jobs =
        others.length > 0
          ? (await askJobs(this.#dependencies, images, 'plan')).jobs
          : [await askJob(this.#dependencies, start, {}, { isPreview: true })];
      this.#showPlan(jobs.filter((job) => job !== undefined));
    } catch (error) {
      void reportFailure(error, { retry: () => this.preview(images) });
    }
  }

  /** Asks once where all images should go, and pushes them together. Without `images`, the person chooses them. */
  async pushAll(images?: readonly string[]): Promise<void> {
    const [only, ...others] = images ?? [];
    if (only !== undefined && others.length === 0) {
      await this.askAndPush({ image: only });
      return;
    }
    try {
      const next = this.#dependencies.preview.isAlwaysShown() ? 'plan' : 'pushOrPlan';
      const { jobs, isPreview } = await askJobs(this.#dependencies, images, next);
      if (isPreview) this.#showPlan(jobs);
      else if (jobs.length > 0) await this.#pushAll(jobs, []);
    } catch (error) {
      void reportFailure(error, { retry: () => this.pushAll(images) });
    }
  }

  /** Pushes images to the targets that a person has chosen for them, together. Shows a failure. */
  async pushChosen(all: readonly (PushArguments & { readonly target: string })[]): Promise<void> {
    try {
      const jobs = all.flatMap((args) => resolveJob(this.#dependencies, args, attended) ?? []);
      requireDistinctTargets(jobs);
      if (this.#isPreviewed(jobs) || !(await areConfirmed(this.#dependencies, jobs, { isPreview: false }))) return;
      await this.#pushAll(
        jobs.map((job) => attendedJob(job, this.#dependencies)),
        [],
      );
    } catch (error) {
      void reportFailure(error, { retry: () => this.pushChosen(all) });
    }
  }

  /**
   * Pushes several images together, each as its arguments say. Asks for the targets that are missing, once. Shows a summary,
   * and gives the outcome of each image; rejects only if two of them have the same target.
   */
  async pushEach(all: readonly PushArguments[], call: PushCall = {}): Promise<PushImagesResult> {
    const startedAt = performance.now();
    const resolved = await resolveJobs(this.#dependencies, all, call);
    const jobs = resolved.flatMap(({ job }) => job ?? []);
    const failures = resolved.flatMap(({ args, error }): FinishedImage[] =>
      error === undefined ? [] : [{ reference: args.target ?? args.image, kind: 'failed', error }],
    );
    requireDistinctTargets(jobs);
    const outcomes = jobs.length === 0 ? [] : await this.#pushAll(jobs, failures, call);
    if (jobs.length === 0) void showSummary(failures, 0, {});
    const byJob = new Map(jobs.map((job, at) => [job, outcomes[at]]));
    const results = resolved.map(({ args, job, error }): ImageResult => {
      const outcome = job && byJob.get(job);
      return outcome?.kind === 'pushed'
        ? { image: args.image, ...outcome.result }
        : { image: args.image, error: toRejectedImage(outcome?.error ?? error) };
    });
    return summarize(results, performance.now() - startedAt);
  }

  /** `before`: images that have failed already, for the summary. Never rejects. Does not wait for a button. */
  async #pushAll(
    jobs: readonly PushJob[],
    before: readonly FinishedImage[],
    call: PushCall = {},
  ): Promise<readonly ImageOutcome[]> {
    const { runner, onPushed } = this.#dependencies;
    const startedAt = performance.now();
    let record = '';
    const onRecord = (id: string): void => {
      record = id;
      call.onRecord?.(id);
    };
    const outcomes = await pushAllWithNotification(runner, jobs, { onRecord });
    const pushed = jobs.filter((_, at) => outcomes[at]?.kind === 'pushed');
    if (pushed.length > 0) onPushed(pushed);
    const finished = jobs.flatMap((job, at): FinishedImage[] => {
      const outcome = outcomes[at];
      return outcome === undefined ? [] : [{ reference: formatTarget(job.target), ...outcome }];
    });
    const failed = jobs.filter((_, at) => outcomes[at]?.kind === 'failed');
    const firstError = outcomes.flatMap((outcome) => (outcome.kind === 'failed' ? [outcome.error] : []))[0];
    const actions = { ...this.#actionsAfterAll(failed, firstError), ...this.#detailsOf(record) };
    const durationMs = performance.now() - startedAt;
    void offerLinks(this.#dependencies.linkOffers, pushed).then((link) =>
      showSummary([...finished, ...before], durationMs, actions, link),
    );
    return outcomes;
  }

  /** `error`: of the first of them. */
  #actionsAfterAll(failed: readonly PushJob[], error: unknown): ActionHandlers {
    const [first] = failed;
    if (first === undefined) return {};
    const retry = (): Promise<unknown> =>
      this.#pushAll(
        failed.map((job) => attendedJob(job, this.#dependencies)),
        [],
      );
    const images = failed.map(({ image, requestedImage = image }) => requestedImage);
    return { ...this.#actionsAfterPush(first, error, retry), retry, changeTarget: () => this.pushAll(images) };
  }

  /** Asks only if neither the arguments nor earlier pushes give the target. Rejects with `targetNeeded` without an answer. */
  async #resolve(args: PushArguments, call: Attendance): Promise<PushJob> {
    const { image } = args;
    try {
      const job = resolveJob(this.#dependencies, args, call);
      if (job !== undefined) return job;
    } catch (refusal) {
      const error = withWarningOfOthers(refusal, image, await localReferences(this.#dependencies.images));
      void reportFailure(error, this.#actionsBeforePush(args, error));
      throw error;
    }
    const job = await askJob(this.#dependencies, { image }, optionsOf(args), { isPreview: false });
    if (job !== undefined) return job;
    throw targetNeeded(image);
  }

  /** After a push or a plan that failed because nobody said what of an index is pushed. */
  async #choosePlatform(image: string, error: unknown, goOn: (platform?: string) => unknown): Promise<void> {
    const choices = (await findManifestChoices(image, this.#dependencies.inspect)) ?? choicesOfError(error);
    if (choices === undefined) {
      // The image has changed, and leaves no choice any more.
      await goOn();
      return;
    }
    const ask = (_: unknown, position: StepPosition): Promise<string> => askPlatform(position, image, choices);
    const steps = [{ name: 'platform', isSettled: () => false, ask }];
    const platform = await runSteps<string | undefined>(l10n.t('Push Image'), steps, undefined);
    if (platform !== undefined) await goOn(platform);
  }

  /** A plan that is shown first comes before the questions about the push. */
  get #beforePush(): AskJobOptions {
    return { isPreview: this.#dependencies.preview.isAlwaysShown() };
  }

  /** If a person wants to see the plan of each push first, shows it: they go on from there. */
  #isPreviewed(jobs: readonly PushJob[]): boolean {
    if (!this.#dependencies.preview.isAlwaysShown()) return false;
    this.#showPlan(jobs);
    return true;
  }

  #showPlan(jobs: readonly PushJob[]): void {
    if (jobs.length > 0) this.#dependencies.preview.show(jobs.map(jobArguments));
  }

  /** Rejects as the push does, after showing the failure. Does not wait for a button. */
  async #push(job: PushJob, { onRecord }: PushCall = {}): Promise<PushResult> {
    const { runner, onPushed, preview } = this.#dependencies;
    let record = '';
    const follow = (id: string): void => {
      record = id;
      onRecord?.(id);
    };
    try {
      const result = await pushWithNotification(runner, job, { onRecord: follow });
      onPushed([job]);
      void showResult(result, job, this.#dependencies.linkOffers, () => {
        preview.showPush(record);
      });
      return result;
    } catch (error) {
      const actions = { ...this.#actionsAfterPush(job, error), ...this.#detailsOf(record) };
      void reportFailure(error, actions, failureTitle(job.image, formatTarget(job.target)));
      throw error;
    }
  }

  /** A push that failed before it had a record has no page. */
  #detailsOf(record: string): ActionHandlers {
    return record === ''
      ? {}
      : {
          showDetails: () => {
            this.#dependencies.preview.showPush(record);
          },
        };
  }

  /** Shows the failure of a recorded push again, with its buttons. */
  async showFailure(image: ImageRecord): Promise<void> {
    if (image.error === undefined) return;
    const args = recordedArguments(image);
    const error = toError(image.error);
    const retry = (): Promise<unknown> => this.pushArguments(args, attended).catch(() => undefined);
    // If its target cannot be used any more, a retry says why.
    const job = this.#resolved(args);
    const actions = job === undefined ? { retry } : this.#actionsAfterPush(job, error);
    await reportFailure(error, actions, failureTitle(image.image, image.target));
  }

  /**
   * Shows why a push would fail, with what helps against it. No button pushes: `planAgain` is called with the arguments, which
   * a button may have changed.
   */
  async showPlanFailure(
    args: PushArguments,
    failure: TeaChestError,
    planAgain: (args: PushArguments) => Promise<unknown>,
  ): Promise<void> {
    const job = this.#resolved(args);
    const again = (): Promise<unknown> => planAgain(args);
    const shown =
      job === undefined
        ? failure
        : await explainFailure(failure, attendedJob(job, this.#dependencies), this.#dependencies.access);
    const title = l10n.t`Push of ${briefImage(args.image)} would fail`;
    await reportFailure(
      shown,
      {
        ...(job === undefined
          ? this.#actionsBeforePush(args, shown, again)
          : this.#actionsAfterPush(job, shown, again)),
        changeTarget: () => this.preview([args.image]),
        choosePlatform: () =>
          this.#choosePlatform(args.image, shown, (platform = args.platform) =>
            planAgain({ ...args, ...(platform !== undefined && { platform }) }),
          ),
        retry: again,
      },
      title,
    );
  }

  /** Undefined if its target cannot be used now. */
  #resolved(args: PushArguments): PushJob | undefined {
    try {
      return resolveJob(this.#dependencies, args, attended);
    } catch {
      return undefined;
    }
  }

  #actionsAfterPush(
    job: PushJob,
    error: unknown,
    retry = (): Promise<unknown> => this.#push(attendedJob(job, this.#dependencies)).catch(() => undefined),
  ): ActionHandlers {
    const { image, requestedImage = image, connection, target, compression, strategy, platform } = job;
    const reconnectAndRetry = (remedy: Remedy) => async (): Promise<void> => {
      if (await reconnect(this.#dependencies, connection, remedy)) await retry();
    };
    return {
      retry,
      choosePlatform: () =>
        this.#choosePlatform(image, error, (chosen = platform) =>
          this.#push(
            attendedJob({ ...job, ...(chosen !== undefined && { platform: chosen }) }, this.#dependencies),
          ).catch(() => undefined),
        ),
      changeTarget: () =>
        this.askAndPush({ image: requestedImage, edit: { connection, target } }, { compression, strategy, platform }),
      createToken: () => openInBrowser(pageAt(connection, tokenSettingsUrl(connection.webRoot))),
      signIn: reconnectAndRetry('signIn'),
      trustCertificate: reconnectAndRetry('trustCertificate'),
      chooseClientCertificate: reconnectAndRetry('chooseClientCertificate'),
      reconnectCluster: reconnectAndRetry('reconnectCluster'),
    };
  }

  #actionsBeforePush(
    args: PushArguments,
    error: unknown,
    goOn = (): Promise<unknown> => this.pushArguments(args, attended).catch(() => undefined),
  ): ActionHandlers {
    const { host, repository } = toTeaChestError(error).facts;
    return {
      changeTarget: () => this.askAndPush({ image: args.image }, optionsOf(args)),
      ...(typeof host === 'string' && {
        signIn: async () => {
          const start = { url: `https://${host}`, ...(typeof repository === 'string' && { repository }) };
          if (await signInToGoOn(this.#dependencies, start)) await goOn();
        },
      }),
    };
  }
}

/** `target`: `host[:port]/owner/name:tag`. The message names the host where that matters. */
function failureTitle(image: string, target: string): string {
  return l10n.t`Push of ${briefImage(image)} to ${target.slice(target.indexOf('/') + 1)} failed`;
}
