import { toTeaChestError, type TeaChestError } from '../../core/base/errors.ts';
import type { ImagesSnapshot } from '../../core/push/imagesProgress.ts';
import type { PushResult } from '../../core/push/pushEvents.ts';
import { formatTarget, type Destination } from '../targets/target.ts';
import { requireDistinctTargets } from './distinctTargets.ts';
import { linkUnattended, type AutomaticLinks } from './linkAfterPush.ts';
import type { PushArguments } from './pushArguments.ts';
import type { PushJob } from './pushJob.ts';
import type { PushRunner } from './pushRunner.ts';
import type { TargetSources } from './pushSources.ts';
import { resolvePush } from './resolvePush.ts';
import { targetNeeded } from './targetNeeded.ts';

export interface UnattendedDependencies extends TargetSources {
  readonly runner: Pick<PushRunner, 'runAll'>;
  readonly linkOffers: AutomaticLinks;
  /** Called after a push of one or several images with what was published. */
  readonly onPushed: (pushed: readonly Destination[]) => void;
}

export interface UnattendedOptions {
  readonly signal: AbortSignal;
  readonly onProgress?: (snapshot: ImagesSnapshot) => void;
  /** Called before the push with the target of each image that has one. */
  readonly onResolved?: (jobs: readonly PushJob[]) => void;
  /** Called with a notice of a result, as soon as it is known. */
  readonly onNotice?: (notice: string) => void;
}

/** What became of one image, by the name it was given. */
export type UnattendedOutcome = { readonly image: string; readonly target: string | undefined } & (
  { readonly result: PushResult } | { readonly error: TeaChestError }
);

interface Resolved {
  readonly image: string;
  readonly job?: PushJob;
  readonly error?: TeaChestError;
}

/**
 * Pushes images as their arguments say, without any question, notification or message: for a caller that reports by other
 * means. If packages are always linked, those that could not be are named in the notices. Never rejects; images with the same target all fail.
 */
export async function pushUnattended(
  dependencies: UnattendedDependencies,
  all: readonly PushArguments[],
  options: UnattendedOptions,
): Promise<readonly UnattendedOutcome[]> {
  const resolved = resolveAll(dependencies, all);
  const jobs = resolved.flatMap(({ job }) => job ?? []);
  options.onResolved?.(jobs);
  const outcomes = jobs.length === 0 ? [] : await dependencies.runner.runAll(jobs, options);
  const byJob = new Map(jobs.map((job, at) => [job, outcomes[at]]));
  const pushed = jobs.filter((job) => byJob.get(job)?.kind === 'pushed');
  if (pushed.length > 0) dependencies.onPushed(pushed);
  const unlinked = await linkUnattended(dependencies.linkOffers, pushed);
  return resolved.map(({ image, job, error }): UnattendedOutcome => {
    const target = job && formatTarget(job.target);
    const outcome = job && byJob.get(job);
    if (outcome?.kind !== 'pushed') return { image, target, error: error ?? outcome?.error ?? targetNeeded(image) };
    const { result } = outcome;
    const notice = job && unlinked.get(job);
    return { image, target, result: notice === undefined ? result : withNotice(result, notice) };
  });
}

function withNotice(result: PushResult, notice: string): PushResult {
  return { ...result, notices: [...result.notices, notice] };
}

function resolveAll(sources: TargetSources, all: readonly PushArguments[]): readonly Resolved[] {
  const resolved = all.map((args): Resolved => {
    const { image } = args;
    try {
      const job = resolvePush(args, sources);
      return job === undefined ? { image, error: targetNeeded(image) } : { image, job: { ...job, isUnattended: true } };
    } catch (error) {
      return { image, error: toTeaChestError(error, 'resolve') };
    }
  });
  try {
    requireDistinctTargets(resolved.flatMap(({ job }) => job ?? []));
    return resolved;
  } catch (failure) {
    const error = toTeaChestError(failure);
    return resolved.map(({ image }) => ({ image, error }));
  }
}
