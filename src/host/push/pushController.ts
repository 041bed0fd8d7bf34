import { TeaChestError, toTeaChestError } from '../../core/base/errors.ts';
import { tokenSettingsUrl } from '../../core/gitea/webUrls.ts';
import type { PushResult } from '../../core/push/pushEvents.ts';
import { pageAt } from '../connections/connection.ts';
import type { ConnectionStore } from '../connections/connectionStore.ts';
import { reconnect, signInToGoOn, type Remedy } from '../connections/reconnect.ts';
import type { AskSignInDependencies } from '../connections/signInState.ts';
import { openInBrowser } from '../openInBrowser.ts';
import type { ActionHandlers } from '../errors/offerActions.ts';
import { reportFailure } from '../errors/reportFailure.ts';
import type { PublicOwners } from '../targets/publicOwners.ts';
import { withWarningOfOthers } from '../targets/suggestedName.ts';
import { briefImage } from '../targets/target.ts';
import { askPush, localReferences, type PushStart } from './askPush.ts';
import { runSteps, type StepPosition } from '../input/runSteps.ts';
import { askPlatform, findManifestChoices } from './askPlatform.ts';
import { withNearestOwner } from './withNearestOwner.ts';
import type { PushArguments, PushOptions } from './pushArguments.ts';
import type { PushJob, PushRunner } from './pushRunner.ts';
import type { PushSources } from './pushSources.ts';
import { pushWithNotification, showResult } from './pushWithNotification.ts';
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

  /** Asks for all targets first, then pushes one image after the other. Cancelling a question cancels all pushes. */
  async pushAll(images: readonly string[]): Promise<void> {
    try {
      for (const job of await this.#askAll(images)) await this.#push(this.#refresh(job)).catch(() => undefined);
    } catch (error) {
      void reportFailure(error, { retry: () => this.pushAll(images) });
    }
  }

  async #askAll(images: readonly string[]): Promise<readonly PushJob[]> {
    const jobs: PushJob[] = [];
    for (const [index, image] of images.entries()) {
      const title =
        images.length === 1 ? undefined : `Push Image ${index + 1} of ${images.length}: ${briefImage(image)}`;
      const job = await this.#ask({ image, title, sameOwnerAs: jobs.at(-1) }, {});
      if (job === undefined) return [];
      jobs.push(job);
    }
    return jobs;
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
    throw new TeaChestError('targetNeeded', `Nobody said where ${image} should go, and it was not pushed before.`, {
      stage: 'resolve',
      facts: { image },
    });
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
  async #choosePlatform(job: PushJob): Promise<void> {
    const choices = await findManifestChoices(job.image, this.#dependencies.inspect);
    const ask = (_: unknown, position: StepPosition): Promise<string> =>
      choices === undefined ? Promise.resolve('') : askPlatform(position, job.image, choices);
    const steps = [{ name: 'platform', isSettled: () => choices === undefined, ask }];
    const platform = await runSteps<string | undefined>('Push Image', steps, job.platform);
    if (platform !== undefined) await this.#push(this.#refresh({ ...job, platform })).catch(() => undefined);
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
    const { runner, access, onPushed } = this.#dependencies;
    try {
      const result = await pushWithNotification(runner, job);
      onPushed();
      void showResult(result, job);
      return result;
    } catch (failure) {
      const error = await withNearestOwner(failure, job, access);
      const { repository, tag } = job.target;
      const title = `Push of ${briefImage(job.image)} to ${repository}:${tag} failed`;
      void reportFailure(error, this.#actionsAfterPush(job), title);
      throw error;
    }
  }

  #actionsAfterPush(job: PushJob): ActionHandlers {
    const { image, requestedImage = image, connection, target, compression, strategy, platform } = job;
    const retry = (): Promise<unknown> => this.#push(this.#refresh(job)).catch(() => undefined);
    const reconnectAndRetry = (remedy: Remedy) => async (): Promise<void> => {
      if (await reconnect(this.#dependencies, connection, remedy)) await retry();
    };
    return {
      retry,
      choosePlatform: () => this.#choosePlatform(job),
      changeTarget: () =>
        this.askAndPush({ image: requestedImage, edit: { connection, target } }, { compression, strategy, platform }),
      createToken: () => openInBrowser(pageAt(connection, tokenSettingsUrl(connection.webRoot))),
      signIn: reconnectAndRetry('signIn'),
      trustCertificate: reconnectAndRetry('trustCertificate'),
      chooseClientCertificate: reconnectAndRetry('chooseClientCertificate'),
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

function optionsOf({ compression, strategy, platform, recheck }: PushOptions): PushOptions {
  return { compression, strategy, platform, recheck };
}
