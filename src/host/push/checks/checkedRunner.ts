import * as l10n from '@vscode/l10n';
import { TeaChestError, toTeaChestError } from '../../../core/base/errors.ts';
import type { ImageOutcome } from '../../../core/push/imagesEvents.ts';
import type { PushResult } from '../../../core/push/pushEvents.ts';
import { audienceNotice, unconfirmedSoon, type PublicOwners } from '../../targets/publicOwners.ts';
import { briefImage, formatTarget } from '../../targets/target.ts';
import type { PushJob } from '../pushJob.ts';
import type { PushRunner, RunOptions } from '../pushRunner.ts';
import { pushConcerns, toRefusal, type CheckSources, type Concern } from './pushConcerns.ts';

interface CheckedRunnerDependencies extends CheckSources {
  readonly runner: Pick<PushRunner, 'runAll' | 'whenFree'>;
  readonly ask: (message: string, detail: readonly string[], yes: string) => Promise<boolean>;
  readonly publicOwners: Pick<PublicOwners, 'unconfirmed'>;
}

interface Checked {
  readonly job: PushJob;
  readonly concerns: readonly Concern[];
  readonly error?: TeaChestError;
}

/**
 * Runs pushes after the checks that the settings ask for. Where nobody is asked, the result says who can pull from an owner
 * that no person has confirmed yet.
 */
export class CheckedRunner implements Pick<PushRunner, 'run' | 'runAll' | 'whenFree'> {
  readonly #dependencies: CheckedRunnerDependencies;

  constructor(dependencies: CheckedRunnerDependencies) {
    this.#dependencies = dependencies;
  }

  async whenFree(reference: string, signal: AbortSignal): Promise<void> {
    await this.#dependencies.runner.whenFree(reference, signal);
  }

  async run(job: PushJob, options: RunOptions): Promise<PushResult> {
    const [outcome] = await this.runAll([job], options);
    if (outcome?.kind === 'pushed') return outcome.result;
    throw outcome?.error ?? new Error('the push has no outcome');
  }

  /** An image that a check refuses does not stop the others. If the person declines, nothing is pushed. */
  async runAll(jobs: readonly PushJob[], options: RunOptions): Promise<readonly ImageOutcome[]> {
    const audiences = jobs.map((job) => this.#audience(job, options));
    const checked = await Promise.all(jobs.map((job) => this.#check(job, options.signal)));
    if (!(await this.#isAgreed(checked))) {
      const error = new TeaChestError('cancelled', l10n.t('Cancelled.'), { stage: 'resolve' });
      return jobs.map(() => ({ kind: 'failed', error }));
    }
    const allowed = checked.filter(({ error }) => error === undefined);
    for (const notice of allowed.flatMap(({ concerns }) => warningsOf(concerns))) options.onNotice?.(notice);
    const outcomes =
      allowed.length === 0
        ? []
        : await this.#dependencies.runner.runAll(
            allowed.map(({ job }) => job),
            options,
          );
    const byCheck = new Map(allowed.map((one, at) => [one, outcomes[at]]));
    const notices = await Promise.all(audiences);
    return checked.map((one, at): ImageOutcome => {
      const outcome = byCheck.get(one);
      if (outcome?.kind === 'pushed') {
        return {
          ...outcome,
          result: withNotices(outcome.result, [...(notices[at] ?? []), ...warningsOf(one.concerns)]),
        };
      }
      return outcome ?? { kind: 'failed', error: one.error ?? toTeaChestError(new Error('the push has no outcome')) };
    });
  }

  /** At most one notice. It is asked for while the push goes on, and may come late only for a push of less than 2 s. */
  async #audience(job: PushJob, { onNotice }: RunOptions): Promise<readonly string[]> {
    if (job.isUnattended !== true) return [];
    const audience = await unconfirmedSoon(this.#dependencies.publicOwners, job);
    if (audience === undefined) return [];
    const notice = audienceNotice(job, audience);
    onNotice?.(notice);
    return [notice];
  }

  async #check(job: PushJob, signal: AbortSignal): Promise<Checked> {
    try {
      const concerns = await pushConcerns(job, this.#dependencies, signal);
      const refusing = concerns.find(
        ({ level }) => level === 'refuse' || (level === 'ask' && job.isUnattended === true),
      );
      return { job, concerns, ...(refusing !== undefined && { error: toRefusal(refusing, job) }) };
    } catch (error) {
      return { job, concerns: [], error: toTeaChestError(error, 'resolve') };
    }
  }

  async #isAgreed(checked: readonly Checked[]): Promise<boolean> {
    const asking = checked.flatMap(({ job, concerns, error }) =>
      error === undefined && concerns.some(({ level }) => level === 'ask') ? [{ job, concerns }] : [],
    );
    const [first, ...others] = asking;
    if (first === undefined) return true;
    const { image, target } = first.job;
    const question =
      others.length === 0
        ? l10n.t`Push ${briefImage(image)} to ${formatTarget(target)} all the same?`
        : l10n.t`Push ${asking.length} images all the same?`;
    const detail = asking.flatMap(({ concerns }) => concerns.map(({ message }) => message));
    return await this.#dependencies.ask(question, detail, l10n.t('Push Anyway'));
  }
}

function warningsOf(concerns: readonly Concern[]): readonly string[] {
  return concerns.filter(({ level }) => level === 'warn').map(({ message }) => message);
}

function withNotices(result: PushResult, notices: readonly string[]): PushResult {
  return notices.length === 0 ? result : { ...result, notices: [...result.notices, ...notices] };
}
