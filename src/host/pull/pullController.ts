import * as l10n from '@vscode/l10n';
import { joinSentences } from '../../core/base/joinSentences.ts';
import { isCancelled, toTeaChestError } from '../../core/base/errors.ts';
import { tokenSettingsUrl } from '../../core/gitea/webUrls.ts';
import { shortDigest } from '../../core/oci/digest.ts';
import type { PullResult } from '../../core/pull/pullEvents.ts';
import type { TagMove } from '../../core/pull/pullParts.ts';
import { referenceText } from '../../core/pull/pullReference.ts';
import { pageAt } from '../connections/connection.ts';
import { reconnect, signInToGoOn, type Remedy } from '../connections/reconnect.ts';
import type { ConnectionStore } from '../connections/connectionStore.ts';
import type { AskSignInDependencies } from '../connections/signInState.ts';
import { copyReferences } from '../display/clipboard.ts';
import { askModal, showError, showInformation, showWarning } from '../display/messages.ts';
import { withNotification } from '../display/withNotification.ts';
import { errorMessage } from '../errors/errorMessages.ts';
import { moreAbout } from '../errors/moreAbout.ts';
import type { ActionHandlers } from '../errors/offerActions.ts';
import { reportFailure } from '../errors/reportFailure.ts';
import { askAlone, askChoice, askText } from '../input/prompts.ts';
import { openInBrowser } from '../openInBrowser.ts';
import { withSignal } from '../progress/cancellation.ts';
import { describePull, describePulled, describePulledImages, type PulledImage } from '../progress/pullText.ts';
import { resolvePull, type PullArguments } from './pullArguments.ts';
import type { PullJob } from './pullJob.ts';
import type { PullRunner } from './pullRunner.ts';

export interface PullControllerDependencies extends AskSignInDependencies {
  readonly runner: Pick<PullRunner, 'run'>;
  readonly store: ConnectionStore;
  /** Called after each pull that has changed something in the engine. */
  readonly onPulled: () => void;
  /** Shows an image in the Images view. */
  readonly reveal: (reference: string) => Promise<void>;
}

/** Pulls what a person or a command asks for, and shows the result. */
export class PullController {
  readonly #dependencies: PullControllerDependencies;

  constructor(dependencies: PullControllerDependencies) {
    this.#dependencies = dependencies;
  }

  /** Pulls as the arguments say, as `docker pull` does: without questions. Shows a failure and rejects. */
  async pullArguments(args: PullArguments): Promise<PullResult> {
    try {
      const job = resolvePull(args, this.#dependencies.store);
      return await this.#pull(job, () => Promise.resolve(true));
    } catch (failure) {
      const error = toTeaChestError(failure, 'pull');
      const retry = (): Promise<unknown> => this.pullArguments(args).catch(() => undefined);
      void reportFailure(error, this.#actionsBefore(args, retry), l10n.t`Pull of ${args.reference} failed`);
      throw error;
    }
  }

  /** Asks which image. Shows a failure and resolves with undefined. */
  async ask(): Promise<PullResult | undefined> {
    const { store } = this.#dependencies;
    if (store.list().length === 0 && !(await signInToGoOn(this.#dependencies, {}))) return undefined;
    const typed = await askAlone(l10n.t('Pull Image'), (position) =>
      askText(position, {
        prompt: l10n.t('The image to pull: registry/owner/name:tag, or name@sha256:…'),
        judge: (text) => judge(text, store),
      }),
    );
    return typed === undefined ? undefined : await this.pull(resolvePull({ reference: typed.trim() }, store));
  }

  /** Pulls one image. Asks where something must be decided, shows a failure, and resolves with undefined. */
  async pull(job: PullJob): Promise<PullResult | undefined> {
    try {
      return await this.#pull(job, confirmMove);
    } catch (error) {
      if (toTeaChestError(error).code === 'platformNeeded') return await this.#choosePlatform(job, error);
      const { repository } = job.reference;
      const retry = (): Promise<unknown> => this.pull(this.#refresh(job));
      void reportFailure(error, this.#actions(job, error, retry), l10n.t`Pull of ${repository} failed`);
      return undefined;
    }
  }

  /** Pulls several images, one after the other, and shows one result. */
  async pullAll(jobs: readonly PullJob[]): Promise<void> {
    const [only, ...others] = jobs;
    if (only === undefined) return;
    if (others.length === 0) {
      await this.pull(only);
      return;
    }
    const done: PulledImage[] = [];
    await withNotification(l10n.t`Pulling ${jobs.length} images`, (report, token) =>
      withSignal(token, async (signal) => {
        for (const [at, job] of jobs.entries()) {
          const reference = referenceText(job.reference);
          const onProgress = (text: string): void => {
            report([countOf(at + 1, jobs.length), job.reference.repository, text].join(' · '), 0);
          };
          done.push({ reference, outcome: await this.#outcome(job, signal, onProgress) });
        }
      }),
    );
    await this.#showSummary(jobs, done);
  }

  async #outcome(
    job: PullJob,
    signal: AbortSignal,
    onProgress: (text: string) => void,
  ): Promise<PulledImage['outcome']> {
    const { runner, onPulled } = this.#dependencies;
    try {
      const result = await runner.run(job, {
        signal,
        mayMoveTag: confirmMove,
        onProgress: (snapshot) => {
          onProgress(describePull(snapshot));
        },
      });
      onPulled();
      return result;
    } catch (error) {
      return toTeaChestError(error, 'pull');
    }
  }

  async #showSummary(jobs: readonly PullJob[], done: readonly PulledImage[]): Promise<void> {
    const failed = jobs.filter((_, at) => done[at]?.outcome instanceof Error);
    if (done.every(({ outcome }) => isCancelled(outcome))) return;
    const first = done.flatMap(({ outcome }) => (outcome instanceof Error ? [] : [outcome]))[0];
    const reveal = { title: l10n.t('Show in Images'), run: () => this.#dependencies.reveal(first?.reference ?? '') };
    const retry = {
      title: l10n.t({ message: 'Pull Failed Again', comment: 'Button: pull the images that failed again' }),
      run: () => this.pullAll(failed.map((job) => this.#refresh(job))),
    };
    const text = describePulledImages(done, (error) => errorMessage(error).message);
    const buttons = [...(failed.length > 0 ? [retry] : []), ...(first === undefined ? [] : [reveal])];
    const more = moreAbout(done.flatMap(({ outcome }) => (outcome instanceof Error ? [outcome.code] : [])));
    const chosen =
      failed.length === 0
        ? await showInformation(text, buttons)
        : await (failed.length === jobs.length ? showError : showWarning)(text, buttons, more);
    await chosen?.run();
  }

  async #pull(job: PullJob, mayMoveTag: (move: TagMove) => Promise<boolean>): Promise<PullResult> {
    const { runner, onPulled } = this.#dependencies;
    const { repository, tag, digest = '' } = job.reference;
    const name = tag === undefined ? `${repository}@${shortDigest(digest)}` : `${repository}:${tag}`;
    const result = await withNotification(l10n.t`Pulling ${name}`, (report, token) =>
      withSignal(token, (signal) => {
        let reported = 0;
        return runner.run(job, {
          ...{ signal, mayMoveTag },
          onProgress: (snapshot) => {
            const percent = Math.floor((snapshot.fraction ?? 0) * 100);
            report(describePull(snapshot), Math.max(0, percent - reported));
            reported = Math.max(reported, percent);
          },
        });
      }),
    );
    onPulled();
    void this.#showResult(result);
    return result;
  }

  async #showResult(result: PullResult): Promise<void> {
    const show = { title: l10n.t('Show in Images') };
    const copy = { title: l10n.t('Copy Reference') };
    const choice = await showInformation(describePulled(result), [show, copy]);
    if (choice === show) await this.#dependencies.reveal(result.reference);
    else if (choice === copy) await copyReferences([result.reference]);
  }

  /** The error names the platforms that there are. */
  async #choosePlatform(job: PullJob, error: unknown): Promise<PullResult | undefined> {
    const { platforms, platform: wanted } = toTeaChestError(error).facts;
    const names = String(platforms).split(', ');
    const chosen = await askAlone(l10n.t('Pull Image'), (position) =>
      askChoice(position, {
        placeholder: l10n.t`${job.reference.repository} is not there for ${String(wanted)}. Which platform should be pulled?`,
        choices: names.map((name) => ({ label: name, icon: 'package', value: name })),
      }),
    );
    return chosen === undefined ? undefined : await this.pull({ ...this.#refresh(job), platform: chosen });
  }

  /** The job with its connection as it is now: signing in again may have changed it. */
  #refresh(job: PullJob): PullJob {
    return { ...job, connection: this.#dependencies.store.find(job.connection.origin) ?? job.connection };
  }

  #actions(job: PullJob, error: unknown, retry: () => Promise<unknown>): ActionHandlers {
    const { connection } = job;
    const reconnectAndRetry = (remedy: Remedy) => async (): Promise<void> => {
      if (await reconnect(this.#dependencies, connection, remedy)) await retry();
    };
    const page = pageAt(connection, tokenSettingsUrl(connection.webRoot));
    return {
      retry,
      choosePlatform: () => this.#choosePlatform(job, error),
      signIn: reconnectAndRetry('signIn'),
      trustCertificate: reconnectAndRetry('trustCertificate'),
      chooseClientCertificate: reconnectAndRetry('chooseClientCertificate'),
      ...(connection.kind !== 'generic' && { createToken: () => openInBrowser(page) }),
    };
  }

  /** For a command whose arguments may name no registry that is signed in to. */
  #actionsBefore(args: PullArguments, retry: () => Promise<unknown>): ActionHandlers {
    const { store } = this.#dependencies;
    try {
      return this.#actions(resolvePull(args, store), undefined, retry);
    } catch (error) {
      const { host } = toTeaChestError(error).facts;
      if (typeof host !== 'string') return {};
      const signIn = async (): Promise<void> => {
        if (await signInToGoOn(this.#dependencies, { url: `https://${host}` })) await retry();
      };
      return { signIn };
    }
  }
}

function countOf(number: number, count: number): string {
  return l10n.t({ message: '{0} of {1}', args: [number, count], comment: 'The first of three images: 1 of 3' });
}

/** Both images are named, because the local one may be a build that is nowhere else. */
async function confirmMove({ reference, current, digest }: TagMove): Promise<boolean> {
  const others = current.references.filter((name) => name !== reference);
  const left =
    others.length === 0
      ? l10n.t('That image stays in the engine without a name.')
      : l10n.t`That image stays in the engine as ${others.join(', ')}.`;
  return await askModal(
    l10n.t`Move the tag ${reference} to the image of the registry?`,
    [
      joinSentences(l10n.t`In the container engine it stands for ${shortDigest(current.id)} now.`, left),
      l10n.t`Afterwards it stands for ${shortDigest(digest)}, which the registry has under this tag.`,
    ],
    l10n.t({ message: 'Move', comment: 'Button: move the tag to another image' }),
  );
}

function judge(text: string, store: ConnectionStore): { readonly problem?: string } {
  try {
    resolvePull({ reference: text.trim() }, store);
    return {};
  } catch (error) {
    return { problem: toTeaChestError(error).message };
  }
}
