import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { sleep } from '../../../core/base/cancel.ts';
import { toTeaChestError, type TeaChestError } from '../../../core/base/errors.ts';
import type { Logger } from '../../../core/base/logger.ts';
import type { EngineLink } from '../../engine/engine.ts';
import { reportFailure } from '../../errors/reportFailure.ts';
import { errorMessage } from '../../errors/errorMessages.ts';
import type { PushArguments } from '../../push/pushArguments.ts';
import type { PushRunner } from '../../push/pushRunner.ts';
import { pushUnattended, type UnattendedDependencies } from '../../push/pushUnattended.ts';
import { resolvePush } from '../../push/resolvePush.ts';
import { targetNeeded } from '../../push/targetNeeded.ts';
import { targetUnderPrefix } from '../../push/targetsUnder.ts';
import { formatTarget } from '../../targets/target.ts';
import type { BuildConsent } from './buildConsent.ts';
import { BuildWatch, type BuildWatchDependencies } from './buildWatch.ts';
import { PushOnBuildStatus, type PushOnBuildState } from './pushOnBuildStatus.ts';
import { ruleFor, type PushRule } from './pushRule.ts';

export interface PushOnBuildDependencies extends UnattendedDependencies, Pick<BuildWatchDependencies, 'pulledNames'> {
  readonly link: EngineLink;
  readonly runner: UnattendedDependencies['runner'] & Pick<PushRunner, 'whenFree'>;
  readonly consent: Pick<BuildConsent, 'allows'>;
  /** The setting; empty in a window whose folder is not trusted. */
  readonly rules: () => readonly PushRule[];
  readonly logger: Logger;
  readonly wait?: typeof sleep;
}

/**
 * Pushes what is built, where the setting `teaChest.pushOnBuild` names it and the person has agreed. It cannot run in a
 * circle: a push gives an image only temporary names, which are not looked at, and what is pulled is not a build.
 */
export class PushOnBuild implements vscode.Disposable {
  readonly #dependencies: PushOnBuildDependencies;
  readonly #wait: typeof sleep;
  readonly #status = new PushOnBuildStatus();
  readonly #life = new AbortController();
  #watch: BuildWatch | undefined;
  #isFollowing = false;
  #state: PushOnBuildState = { kind: 'waiting' };
  /** Images that are being pushed, and whether they were built again meanwhile: only the last build is pushed then. */
  readonly #running = new Map<string, { isBuiltAgain: boolean }>();

  constructor(dependencies: PushOnBuildDependencies) {
    this.#dependencies = dependencies;
    this.#wait = dependencies.wait ?? sleep;
    this.update();
  }

  /** Call when the setting or the trust in the folder has changed. */
  update(): void {
    const rules = this.#dependencies.rules();
    if (rules.length === 0) {
      this.#watch?.dispose();
      this.#watch = undefined;
      this.#status.hide();
      return;
    }
    this.#watch ??= this.#begin();
    this.#show(this.#state);
  }

  /** Call when another engine was chosen: what it has already is not new. */
  restart(): void {
    this.#watch?.dispose();
    this.#watch = undefined;
    this.update();
  }

  dispose(): void {
    this.#watch?.dispose();
    this.#life.abort();
    this.#status.dispose();
  }

  #begin(): BuildWatch {
    const { link, logger, pulledNames } = this.#dependencies;
    const onBuilt = (references: readonly string[]): void => {
      for (const reference of references) void this.#built(reference);
    };
    const onFollowing = (isFollowing: boolean): void => {
      this.#isFollowing = isFollowing;
      this.#show(this.#state);
    };
    this.#isFollowing = false;
    return new BuildWatch({ link, logger, pulledNames, wait: this.#wait, onBuilt, onFollowing });
  }

  /** Never rejects. */
  async #built(reference: string): Promise<void> {
    if (ruleFor(this.#dependencies.rules(), reference) === undefined) return;
    const running = this.#running.get(reference);
    if (running !== undefined) {
      running.isBuiltAgain = true;
      return;
    }
    const build = { isBuiltAgain: true };
    this.#running.set(reference, build);
    try {
      while (build.isBuiltAgain) {
        build.isBuiltAgain = false;
        await this.#pushBuild(reference, build);
      }
    } finally {
      this.#running.delete(reference);
    }
  }

  async #pushBuild(reference: string, build: { isBuiltAgain: boolean }): Promise<void> {
    // The setting may have changed while an earlier build was pushed.
    const rule = ruleFor(this.#dependencies.rules(), reference);
    if (rule === undefined || this.#life.signal.aborted) return;
    try {
      const args = argumentsOf(rule, reference);
      const job = resolvePush(args, this.#dependencies);
      if (job === undefined) throw targetNeeded(reference);
      const target = formatTarget(job.target);
      const watch = this.#watch;
      if (!(await this.#dependencies.consent.allows(rule, reference, job))) return;
      // Another engine was chosen while the person was asked: the name may stand for another image there.
      if (this.#watch !== watch) return;
      // Builds while the person was asked: the last one is pushed now.
      build.isBuiltAgain = false;
      this.#dependencies.logger.info(`${reference} was built, and is pushed to ${target} (teaChest.pushOnBuild).`);
      this.#show({ kind: 'pushing', image: reference });
      // To exactly the target that the person agreed to.
      const pushed = await this.#push(args, target, () => this.#watch === watch);
      this.#show(pushed === undefined ? { kind: 'waiting' } : { kind: 'pushed', reference: pushed });
    } catch (failure) {
      this.#failed(reference, toTeaChestError(failure, 'resolve'));
    }
  }

  /**
   * Gives the reference that was pushed. While another push goes to the same tag, it waits for that. Undefined if the build
   * is not wanted any more by then.
   */
  async #push(args: PushArguments, target: string, isWanted: () => boolean): Promise<string | undefined> {
    const { signal } = this.#life;
    for (;;) {
      await this.#dependencies.runner.whenFree(target, signal);
      if (!isWanted()) return undefined;
      const [outcome] = await pushUnattended(this.#dependencies, [{ ...args, target }], { signal });
      if (outcome === undefined) throw new Error('the push has no outcome');
      if ('result' in outcome) {
        for (const notice of outcome.result.notices) this.#dependencies.logger.warn(notice);
        return outcome.result.reference;
      }
      // Another push may have begun while the checks before this one were made.
      if (outcome.error.code !== 'busy') throw outcome.error;
    }
  }

  #failed(reference: string, error: TeaChestError): void {
    if (error.code === 'cancelled') {
      this.#show({ kind: 'waiting' });
      return;
    }
    this.#dependencies.logger.error(`${reference} was built and not pushed (${error.code}): ${error.message}`);
    this.#show({ kind: 'failed', image: reference, reason: errorMessage(error).message });
    const retry = (): Promise<void> => this.#built(reference);
    const changeTarget = (): Thenable<unknown> => vscode.commands.executeCommand('teaChest.pushImage');
    void reportFailure(error, { retry, changeTarget }, failureTitle(reference));
  }

  #show(state: PushOnBuildState): void {
    this.#state = state;
    const rules = this.#dependencies.rules();
    if (rules.length === 0 || this.#life.signal.aborted) return;
    this.#status.show(rules, this.#isFollowing ? state : { kind: 'disconnected' });
  }
}

function failureTitle(reference: string): string {
  return l10n.t({
    message: 'Push of {0} after its build failed',
    args: [reference],
    comment: 'The push failed, and not the build',
  });
}

/** @throws TeaChestError `referenceInvalid` */
function argumentsOf({ target }: PushRule, image: string): PushArguments {
  const wanted = target === undefined ? undefined : targetUnderPrefix(image, target);
  return { image, ...(wanted !== undefined && { target: wanted }) };
}
