import { TeaChestError, toTeaChestError } from '../../core/base/errors.ts';
import { tokenSettingsUrl } from '../../core/gitea/webUrls.ts';
import type { PushResult } from '../../core/push/pushEvents.ts';
import { pageAt } from '../connections/connection.ts';
import type { ConnectionStore } from '../connections/connectionStore.ts';
import { explainRemadeCluster } from '../connections/explainRemadeCluster.ts';
import { reconnect, signInToGoOn, type Remedy } from '../connections/reconnect.ts';
import type { AskSignInDependencies } from '../connections/signInState.ts';
import { openInBrowser } from '../openInBrowser.ts';
import type { ActionHandlers } from '../errors/offerActions.ts';
import { reportFailure } from '../errors/reportFailure.ts';
import type { PublicOwners } from '../targets/publicOwners.ts';
import { withWarningOfOthers } from '../targets/suggestedName.ts';
import { briefImage, formatTarget, normalizeImage } from '../targets/target.ts';
import type { FinishedImage } from '../progress/imagesText.ts';
import type { ImageOutcome } from '../../core/push/imagesEvents.ts';
import { askImages } from './askImages.ts';
import { summarize, toRejectedImage, type ImageResult, type PushImagesResult } from './pushImagesResult.ts';
import { showSummary } from './showSummary.ts';
import { askPush, localReferences, type PushStart } from './askPush.ts';
import { runSteps, type StepPosition } from '../input/runSteps.ts';
import { askPlatform, choicesOfError, findManifestChoices } from './askPlatform.ts';
import { withNearestOwner } from './withNearestOwner.ts';
import type { PushArguments, PushOptions } from './pushArguments.ts';
import type { PushJob } from './pushJob.ts';
import type { PushRunner } from './pushRunner.ts';
import type { PushSources } from './pushSources.ts';
import { pushAllWithNotification, pushWithNotification, showResult } from './pushWithNotification.ts';
import { resolvePush } from './resolvePush.ts';

export interface PushControllerDependencies extends PushSources, AskSignInDependencies {
  readonly runner: PushRunner;
  readonly store: ConnectionStore;
  /** Asked about a target that a person chose in the dialog, not about the target of a command. */
  readonly publicOwners: Pick<PublicOwners, 'confirm'>;
  /** Called after each successful push. */
  readonly onPushed: () => void;
}

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
      return job && (await this.#push(job).catch(() => undefined));
    } catch (error) {
      void reportFailure(error, { retry: () => this.askAndPush(start, options) });
      return undefined;
    }
  }

  /** Pushes as the arguments say. Shows a failure and rejects. */
  async pushArguments(args: PushArguments): Promise<PushResult> {
    return await this.#push(await this.#resolve(args));
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
      if (jobs.length > 0) await this.#pushAll(jobs, []);
    } catch (error) {
      void reportFailure(error, { retry: () => this.pushAll(images) });
    }
  }

  /**
   * Pushes several images together, each as its arguments say. Asks for the targets that are missing, once. Shows a summary,
   * and gives the outcome of each image; rejects only if two of them have the same target.
   */
  async pushEach(all: readonly PushArguments[]): Promise<PushImagesResult> {
    const startedAt = performance.now();
    const resolved = await this.#resolveEach(all);
    const jobs = resolved.flatMap(({ job }) => job ?? []);
    const failures = resolved.flatMap(({ args, error }): FinishedImage[] =>
      error === undefined ? [] : [{ reference: args.target ?? args.image, kind: 'failed', error }],
    );
    requireDistinctTargets(jobs);
    const outcomes = jobs.length === 0 ? [] : await this.#pushAll(jobs, failures);
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

  async #askAll(images: readonly string[] | undefined): Promise<readonly PushJob[]> {
    const { store, publicOwners } = this.#dependencies;
    if (store.list().length === 0 && !(await signInToGoOn(this.#dependencies, { toPush: true }))) return [];
    const jobs = (await askImages(this.#dependencies, images)) ?? [];
    for (const job of jobs) {
      if (!(await publicOwners.confirm(job)) || !(await this.#hasCredential(job))) return [];
    }
    return jobs.map((job) => this.#refresh(job));
  }

  /** `before`: images that have failed already, for the summary. Never rejects. Does not wait for a button. */
  async #pushAll(jobs: readonly PushJob[], before: readonly FinishedImage[]): Promise<readonly ImageOutcome[]> {
    const { runner, onPushed } = this.#dependencies;
    const startedAt = performance.now();
    const outcomes = await Promise.all(
      (await pushAllWithNotification(runner, jobs)).map(async (outcome, at): Promise<ImageOutcome> => {
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
    void showSummary([...finished, ...before], performance.now() - startedAt, actions);
    return outcomes;
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

  async #ask(start: PushStart, options: PushOptions): Promise<PushJob | undefined> {
    const { store, publicOwners } = this.#dependencies;
    if (store.list().length === 0 && !(await signInToGoOn(this.#dependencies, { toPush: true }))) return undefined;
    const { platform } = options;
    const job = await askPush(this.#dependencies, { ...start, platform });
    if (job === undefined || !(await publicOwners.confirm(job)) || !(await this.#hasCredential(job))) return undefined;
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

  /** Rejects as the push does, after showing the failure. Does not wait for a button. */
  async #push(job: PushJob): Promise<PushResult> {
    const { runner, onPushed } = this.#dependencies;
    try {
      const result = await pushWithNotification(runner, job);
      onPushed();
      void showResult(result, job);
      return result;
    } catch (failure) {
      const error = await this.#explain(failure, job);
      const { repository, tag } = job.target;
      const title = `Push of ${briefImage(job.image)} to ${repository}:${tag} failed`;
      void reportFailure(error, this.#actionsAfterPush(job, error), title);
      throw error;
    }
  }

  /** Adds what the host knows about the owner and the registry. */
  async #explain(failure: unknown, job: PushJob): Promise<unknown> {
    const error = explainRemadeCluster(failure, this.#refresh(job).connection);
    return await withNearestOwner(error, job, this.#dependencies.access);
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

/** An image with its job, or with the reason why it has none. Neither: the person has to say where it should go. */
interface Resolved {
  readonly args: PushArguments;
  readonly job?: PushJob | undefined;
  readonly error?: TeaChestError;
}

function targetNeeded(image: string): TeaChestError {
  return new TeaChestError('targetNeeded', `Nobody said where ${image} should go, and it was not pushed before.`, {
    stage: 'resolve',
    facts: { image },
  });
}

/** @throws TeaChestError `argumentInvalid` */
function requireDistinctTargets(jobs: readonly PushJob[]): void {
  const images = new Map<string, string>();
  for (const { image, target } of jobs) {
    const key = formatTarget(target);
    const other = images.get(key);
    if (other !== undefined) {
      const message = `Two of the images have the target ${key}: ${other} and ${image}. Nothing was pushed.`;
      throw new TeaChestError('argumentInvalid', message, { stage: 'resolve', facts: { reference: key } });
    }
    images.set(key, image);
  }
}

function optionsOf({ compression, strategy, platform, recheck }: PushOptions): PushOptions {
  return { compression, strategy, platform, recheck };
}
