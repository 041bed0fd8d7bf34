import { toTeaChestError, type TeaChestError } from '../../core/base/errors.ts';
import { tokenSettingsUrl } from '../../core/gitea/webUrls.ts';
import type { PushResult } from '../../core/push/pushEvents.ts';
import type { ImageRecord } from '../../core/push/record/pushRecord.ts';
import { toError } from '../../core/push/record/recordPush.ts';
import { pageAt } from '../connections/connection.ts';
import type { ConnectionStore } from '../connections/connectionStore.ts';
import { explainRemadeCluster } from '../connections/explainRemadeCluster.ts';
import { reconnect, signInToGoOn, type Remedy } from '../connections/reconnect.ts';
import type { AskSignInDependencies } from '../connections/signInState.ts';
import { openInBrowser } from '../openInBrowser.ts';
import type { ActionHandlers } from '../errors/offerActions.ts';
import { reportFailure } from '../errors/reportFailure.ts';
import type { LinkOffers } from '../registry/linkOffers.ts';
import type { PublicOwners } from '../targets/publicOwners.ts';
import { withWarningOfOthers } from '../targets/suggestedName.ts';
import { briefImage, formatTarget, normalizeImage } from '../targets/target.ts';
import type { FinishedImage } from '../progress/imagesText.ts';
import type { ImageOutcome } from '../../core/push/imagesEvents.ts';
import { askImages } from './askImages.ts';
import { requireDistinctTargets } from './distinctTargets.ts';
import { summarize, toRejectedImage, type ImageResult, type PushImagesResult } from './pushImagesResult.ts';
import { linkAutomatically, linkButton, type LinkButton } from './linkAfterPush.ts';
import { showSummary } from './showSummary.ts';
import { askPush } from './askPush.ts';
import { localReferences } from './localReferences.ts';
import type { PushStart } from './pushAnswers.ts';
import { runSteps, type StepPosition } from '../input/runSteps.ts';
import { askPlatform, choicesOfError, findManifestChoices } from './askPlatform.ts';
import { explainOwner } from './explainOwner.ts';
import { withoutPreflight } from './preflight.ts';
import type { PushArguments, PushOptions } from './pushArguments.ts';
import type { PushJob } from './pushJob.ts';
import type { PushRunner } from './pushRunner.ts';
import type { PushSources } from './pushSources.ts';
import { pushAllWithNotification, pushWithNotification } from './pushWithNotification.ts';
import { recordedArguments } from './recordedArguments.ts';
import { showResult } from './showResult.ts';
import { resolvePush } from './resolvePush.ts';
import { targetNeeded } from './targetNeeded.ts';

export interface PushControllerDependencies extends PushSources, AskSignInDependencies {
  readonly runner: Pick<PushRunner, 'run' | 'runAll'>;
  readonly store: ConnectionStore;
  /** Asked about a target that a person chose in the dialog, not about the target of a command. */
  readonly publicOwners: Pick<PublicOwners, 'confirm'>;
  readonly linkOffers: LinkOffers;
  /** Called after each successful push. */
  readonly onPushed: () => void;
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

/** Of a push that somebody follows. */
export interface FollowOptions {
  /** Called once it has a record, with its ID. */
  readonly onRecord?: (id: string) => void;
}

/** Nothing needs to be confirmed before a preview. */
const toPush = { isPreview: false };
const preview = { isPreview: true };

/** Turns a request into a job, by questions where something is missing, runs it, and shows the result. */
export class PushController {
  readonly #dependencies: PushControllerDependencies;

  constructor(dependencies: PushControllerDependencies) {
    this.#dependencies = dependencies;
  }

  /** Asks for what `start` leaves open, and pushes. Shows a failure and resolves with undefined. */
  async askAndPush(start: PushStart = {}, options: PushOptions = {}): Promise<PushResult | undefined> {
    try {
      const job = await this.#ask(start, options);
      if (job === undefined || this.#isPreviewed([job])) return undefined;
      return await this.#push(job).catch(() => undefined);
    } catch (error) {
      void reportFailure(error, { retry: () => this.askAndPush(start, options) });
      return undefined;
    }
  }

  /** Pushes as the arguments say. Shows a failure and rejects. */
  async pushArguments(args: PushArguments, follow: FollowOptions = {}): Promise<PushResult> {
    return await this.#push(await this.#resolve(args), follow);
  }

  /** Asks where the images should go, as for a push, and shows what the push would do. Without `images`, asks for one. */
  async preview(images?: readonly string[]): Promise<void> {
    try {
      const [image, ...others] = images ?? [];
      const start = image === undefined ? {} : { image };
      const jobs = others.length > 0 ? await this.#askAll(images, preview) : [await this.#ask(start, {}, preview)];
      const asked = jobs.filter((job) => job !== undefined);
      if (asked.length > 0) this.#dependencies.preview.show(asked.map(argumentsOf));
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
      const jobs = await this.#askAll(images);
      if (jobs.length > 0 && !this.#isPreviewed(jobs)) await this.#pushAll(jobs, []);
    } catch (error) {
      void reportFailure(error, { retry: () => this.pushAll(images) });
    }
  }

  /** Pushes images to the targets that a person has chosen for them, together. Shows a failure. */
  async pushChosen(all: readonly (PushArguments & { readonly target: string })[]): Promise<void> {
    try {
      const jobs = all.flatMap((args) => resolvePush(args, this.#dependencies) ?? []);
      requireDistinctTargets(jobs);
      if (this.#isPreviewed(jobs) || !(await this.#areConfirmed(jobs, false))) return;
      await this.#pushAll(
        jobs.map((job) => this.#refresh(job)),
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
  async pushEach(all: readonly PushArguments[], follow: FollowOptions = {}): Promise<PushImagesResult> {
    const startedAt = performance.now();
    const resolved = await this.#resolveEach(all);
    const jobs = resolved.flatMap(({ job }) => job ?? []);
    const failures = resolved.flatMap(({ args, error }): FinishedImage[] =>
      error === undefined ? [] : [{ reference: args.target ?? args.image, kind: 'failed', error }],
    );
    requireDistinctTargets(jobs);
    const outcomes = jobs.length === 0 ? [] : await this.#pushAll(jobs, failures, follow);
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

  /** The job of each image, or why it has none. */
  async #resolveEach(all: readonly PushArguments[]): Promise<readonly Resolved[]> {
    const resolved: Resolved[] = [];
    for (const args of all) {
      try {
        resolved.push({ args, job: resolvePush(args, this.#dependencies) });
      } catch (refusal) {
        const references = await localReferences(this.#dependencies.images);
        resolved.push({ args, error: toTeaChestError(withWarningOfOthers(refusal, args.image, references)) });
      }
    }
    const open = resolved.filter(({ job, error }) => job === undefined && error === undefined);
    if (open.length === 0) return resolved;
    const answered = await this.#askAll(open.map(({ args }) => args.image));
    return resolved.map((one) => {
      if (!open.includes(one)) return one;
      const { args } = one;
      const job = answered.find(({ image }) => image === normalizeImage(args.image));
      return job === undefined
        ? { args, error: targetNeeded(args.image) }
        : { args, job: { ...job, ...optionsOf(args) } };
    });
  }

  async #askAll(images: readonly string[] | undefined, { isPreview } = toPush): Promise<readonly PushJob[]> {
    const { store } = this.#dependencies;
    if (store.list().length === 0 && !(await signInToGoOn(this.#dependencies, { toPush: true }))) return [];
    const jobs = (await askImages(this.#sources(isPreview), images)) ?? [];
    return (await this.#areConfirmed(jobs, isPreview)) ? jobs.map((job) => this.#refresh(job)) : [];
  }

  #sources(isPreview: boolean): PushSources {
    const sources = this.#dependencies;
    return isPreview ? { ...sources, access: withoutPreflight(sources.access) } : sources;
  }

  async #areConfirmed(jobs: readonly PushJob[], isPreview: boolean): Promise<boolean> {
    const { publicOwners } = this.#dependencies;
    for (const job of jobs) {
      const isConfirmed = isPreview || (await publicOwners.confirm(job));
      if (!isConfirmed || !(await this.#hasCredential(job))) return false;
    }
    return true;
  }

  /** `before`: images that have failed already, for the summary. Never rejects. Does not wait for a button. */
  async #pushAll(
    jobs: readonly PushJob[],
    before: readonly FinishedImage[],
    follow: FollowOptions = {},
  ): Promise<readonly ImageOutcome[]> {
    const { runner, onPushed } = this.#dependencies;
    const startedAt = performance.now();
    const outcomes = await Promise.all(
      (await pushAllWithNotification(runner, jobs, follow)).map(async (outcome, at): Promise<ImageOutcome> => {
        const job = jobs[at];
        if (outcome.kind === 'pushed' || job === undefined) return outcome;
        return { kind: 'failed', error: toTeaChestError(await this.#explain(outcome.error, job)) };
      }),
    );
    if (outcomes.some(({ kind }) => kind === 'pushed')) onPushed();
    const finished = jobs.flatMap((job, at): FinishedImage[] => {
      const outcome = outcomes[at];
      return outcome === undefined ? [] : [{ reference: formatTarget(job.target), ...outcome }];
    });
    const failed = jobs.filter((_, at) => outcomes[at]?.kind === 'failed');
    const firstError = outcomes.flatMap((outcome) => (outcome.kind === 'failed' ? [outcome.error] : []))[0];
    const actions = this.#actionsAfterAll(failed, firstError);
    const durationMs = performance.now() - startedAt;
    const pushed = jobs.filter((_, at) => outcomes[at]?.kind === 'pushed');
    void this.#linkButton(pushed).then((link) => showSummary([...finished, ...before], durationMs, actions, link));
    return outcomes;
  }

  /** Links what was pushed, if the person wants that always. Otherwise the button that does. */
  async #linkButton(pushed: readonly PushJob[]): Promise<LinkButton | undefined> {
    const { linkOffers } = this.#dependencies;
    const packages = new Map(pushed.map((job) => [`${job.connection.origin} ${job.target.repository}`, job]));
    const found = await Promise.all([...packages.values()].map((job) => linkOffers.find(job)));
    const offers = found.filter((offer) => offer !== undefined);
    if (!linkOffers.isAutomatic) return linkButton(linkOffers, offers);
    await linkAutomatically(linkOffers, offers);
    return undefined;
  }

  /** `error`: of the first of them. */
  #actionsAfterAll(failed: readonly PushJob[], error: unknown): ActionHandlers {
    const [first] = failed;
    if (first === undefined) return {};
    const retry = (): Promise<unknown> =>
      this.#pushAll(
        failed.map((job) => this.#refresh(job)),
        [],
      );
    const images = failed.map(({ image, requestedImage = image }) => requestedImage);
    return { ...this.#actionsAfterPush(first, error, retry), retry, changeTarget: () => this.pushAll(images) };
  }

  /** Asks only if neither the arguments nor earlier pushes give the target. Rejects with `targetNeeded` without an answer. */
  async #resolve(args: PushArguments): Promise<PushJob> {
    const { image } = args;
    try {
      const job = resolvePush(args, this.#dependencies);
      if (job !== undefined) return job;
    } catch (refusal) {
      const error = withWarningOfOthers(refusal, image, await localReferences(this.#dependencies.images));
      void reportFailure(error, this.#actionsBeforePush(args, error));
      throw error;
    }
    const job = await this.#ask({ image }, optionsOf(args));
    if (job !== undefined) return job;
    throw targetNeeded(image);
  }

  async #ask(start: PushStart, options: PushOptions, { isPreview } = toPush): Promise<PushJob | undefined> {
    const { store, publicOwners } = this.#dependencies;
    if (store.list().length === 0 && !(await signInToGoOn(this.#dependencies, { toPush: true }))) return undefined;
    const { platform } = options;
    const job = await askPush(this.#sources(isPreview), { ...start, platform });
    if (job === undefined || (!isPreview && !(await publicOwners.confirm(job)))) return undefined;
    if (!(await this.#hasCredential(job))) return undefined;
    return { ...this.#refresh(job), ...options, platform: platform ?? job.platform };
  }

  /** After a push that failed because nobody said what of an index is pushed. */
  async #choosePlatform(job: PushJob, error: unknown): Promise<void> {
    const choices = (await findManifestChoices(job.image, this.#dependencies.inspect)) ?? choicesOfError(error);
    const push = (platform = job.platform): Promise<unknown> =>
      this.#push(this.#refresh({ ...job, ...(platform !== undefined && { platform }) })).catch(() => undefined);
    if (choices === undefined) {
      // The image has changed, and leaves no choice any more.
      await push();
      return;
    }
    const ask = (_: unknown, position: StepPosition): Promise<string> => askPlatform(position, job.image, choices);
    const steps = [{ name: 'platform', isSettled: () => false, ask }];
    const platform = await runSteps<string | undefined>('Push Image', steps, undefined);
    if (platform !== undefined) await push(platform);
  }

  /** Signs in again if this machine did not keep the credential. False if the person cancels that. */
  async #hasCredential({ connection }: PushJob): Promise<boolean> {
    const { store } = this.#dependencies;
    if (connection.username === '' || (await store.credential(connection.origin)) !== undefined) return true;
    return await reconnect(this.#dependencies, connection, 'signIn');
  }

  /** The job with its connection as it is now: signing in again may have changed it. */
  #refresh(job: PushJob): PushJob {
    return { ...job, connection: this.#dependencies.store.find(job.connection.origin) ?? job.connection };
  }

  /** If a person wants to see the plan of each push first, shows it: they go on from there. */
  #isPreviewed(jobs: readonly PushJob[]): boolean {
    const { preview } = this.#dependencies;
    if (!preview.isAlwaysShown()) return false;
    preview.show(jobs.map(argumentsOf));
    return true;
  }

  /** Rejects as the push does, after showing the failure. Does not wait for a button. */
  async #push(job: PushJob, { onRecord }: FollowOptions = {}): Promise<PushResult> {
    const { runner, onPushed, preview } = this.#dependencies;
    let record = '';
    const follow = (id: string): void => {
      record = id;
      onRecord?.(id);
    };
    try {
      const result = await pushWithNotification(runner, job, { onRecord: follow });
      onPushed();
      const showDetails = (): void => {
        preview.showPush(record);
      };
      void showResult(result, job, this.#dependencies.linkOffers, showDetails);
      return result;
    } catch (failure) {
      const error = await this.#explain(failure, job);
      void reportFailure(error, this.#actionsAfterPush(job, error), failureTitle(job.image, formatTarget(job.target)));
      throw error;
    }
  }

  /** Shows the failure of a recorded push again, with its buttons. */
  async showFailure(image: ImageRecord): Promise<void> {
    if (image.error === undefined) return;
    const args = recordedArguments(image);
    const error = toError(image.error);
    const retry = (): Promise<unknown> => this.pushArguments(args).catch(() => undefined);
    let job: PushJob | undefined;
    try {
      job = resolvePush(args, this.#dependencies);
    } catch {
      // Its target cannot be used any more: a retry says why.
    }
    const shown = job === undefined ? error : await this.#explain(error, job);
    const actions = job === undefined ? { retry } : this.#actionsAfterPush(job, shown);
    await reportFailure(shown, actions, failureTitle(image.image, image.target));
  }

  /** Adds what the host knows about the owner and the registry. */
  async #explain(failure: unknown, job: PushJob): Promise<unknown> {
    const error = explainRemadeCluster(failure, this.#refresh(job).connection);
    return await explainOwner(error, repositoryOf(job), this.#dependencies.access);
  }

  #actionsAfterPush(
    job: PushJob,
    error: unknown,
    retry = (): Promise<unknown> => this.#push(this.#refresh(job)).catch(() => undefined),
  ): ActionHandlers {
    const { image, requestedImage = image, connection, target, compression, strategy, platform } = job;
    const reconnectAndRetry = (remedy: Remedy) => async (): Promise<void> => {
      if (await reconnect(this.#dependencies, connection, remedy)) await retry();
    };
    return {
      retry,
      choosePlatform: () => this.#choosePlatform(job, error),
      changeTarget: () =>
        this.askAndPush({ image: requestedImage, edit: { connection, target } }, { compression, strategy, platform }),
      createToken: () => openInBrowser(pageAt(connection, tokenSettingsUrl(connection.webRoot))),
      signIn: reconnectAndRetry('signIn'),
      trustCertificate: reconnectAndRetry('trustCertificate'),
      chooseClientCertificate: reconnectAndRetry('chooseClientCertificate'),
      reconnectCluster: reconnectAndRetry('reconnectCluster'),
    };
  }

  #actionsBeforePush(args: PushArguments, error: unknown): ActionHandlers {
    const { host, repository } = toTeaChestError(error).facts;
    return {
      changeTarget: () => this.askAndPush({ image: args.image }, optionsOf(args)),
      ...(typeof host === 'string' && {
        signIn: async () => {
          const start = { url: `https://${host}`, ...(typeof repository === 'string' && { repository }) };
          if (await signInToGoOn(this.#dependencies, start)) await this.pushArguments(args).catch(() => undefined);
        },
      }),
    };
  }
}

/** `target`: `host[:port]/owner/name:tag`. The message names the host where that matters. */
function failureTitle(image: string, target: string): string {
  return `Push of ${briefImage(image)} to ${target.slice(target.indexOf('/') + 1)} failed`;
}

/** An image with its job, or with the reason why it has none. Neither: the person has to say where it should go. */
interface Resolved {
  readonly args: PushArguments;
  readonly job?: PushJob | undefined;
  readonly error?: TeaChestError;
}

function repositoryOf({ connection, target }: PushJob): Parameters<typeof explainOwner>[1] {
  return { connection, repository: target.repository };
}

function optionsOf({ compression, strategy, platform, recheck }: PushOptions): PushOptions {
  return { compression, strategy, platform, recheck };
}

/** A job as arguments that make the same one again. */
function argumentsOf({ image, requestedImage = image, target, ...options }: PushJob): PushArguments {
  return recordedArguments({ image: requestedImage, target: formatTarget(target), options: optionsOf(options) });
}
