import { toTeaChestError, type TeaChestError } from '../../core/base/errors.ts';
import { withWarningOfOthers } from '../targets/suggestedName.ts';
import { normalizeImage } from '../targets/target.ts';
import { askJobs, attendedJob, type AskJobDependencies } from './askJob.ts';
import { optionsOf } from './jobArguments.ts';
import { localReferences } from './localReferences.ts';
import type { PushArguments } from './pushArguments.ts';
import type { PushJob } from './pushJob.ts';
import type { TargetSources } from './pushSources.ts';
import { resolvePush } from './resolvePush.ts';
import { targetNeeded } from './targetNeeded.ts';

/** An image with its job, or with the reason why it has none. */
export interface ResolvedImage {
  readonly args: PushArguments;
  readonly job?: PushJob | undefined;
  readonly error?: TeaChestError;
}

/** Who asks for a push. */
export interface Attendance {
  /** A person does, and can be asked. Otherwise arguments with a target come from a command, which asks nobody. */
  readonly isAttended?: boolean;
}

/** The job of each image, or why it has none. Asks for the targets that are missing, once. */
export async function resolveJobs(
  dependencies: AskJobDependencies,
  all: readonly PushArguments[],
  attendance: Attendance,
): Promise<readonly ResolvedImage[]> {
  const resolved: ResolvedImage[] = [];
  for (const args of all) {
    try {
      resolved.push({ args, job: resolveJob(dependencies, args, attendance) });
    } catch (refusal) {
      const references = await localReferences(dependencies.images);
      resolved.push({ args, error: toTeaChestError(withWarningOfOthers(refusal, args.image, references)) });
    }
  }
  const open = resolved.filter(({ job, error }) => job === undefined && error === undefined);
  if (open.length === 0) return resolved;
  const images = open.map(({ args }) => args.image);
  // The caller waits for the result of the push: no plan is offered in its place.
  const { jobs: answered } = await askJobs(dependencies, images, 'push');
  return resolved.map((one) => {
    if (!open.includes(one)) return one;
    const { args } = one;
    const job = answered.find(({ image }) => image === normalizeImage(args.image));
    return job === undefined
      ? { args, error: targetNeeded(args.image) }
      : { args, job: { ...job, ...optionsOf(args) } };
  });
}

/**
 * Undefined where only a person can say where the image should go.
 * @throws TeaChestError as `resolvePush`
 */
export function resolveJob(
  sources: TargetSources & Pick<AskJobDependencies, 'store'>,
  args: PushArguments,
  { isAttended = false }: Attendance,
): PushJob | undefined {
  const job = resolvePush(args, sources);
  if (job === undefined || isAttended) return job && attendedJob(job, sources);
  return args.target === undefined ? job : { ...job, isUnattended: true };
}
