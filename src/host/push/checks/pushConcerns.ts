import * as l10n from '@vscode/l10n';
import { joinSentences } from '../../../core/base/joinSentences.ts';
import { TeaChestError, type ErrorCode } from '../../../core/base/errors.ts';
import type { Logger } from '../../../core/base/logger.ts';
import type { ImageDetails } from '../../../core/ports/imageSource.ts';
import type { SyncReport } from '../../../core/sync/readSyncState.ts';
import type { GitRepository } from '../../connections/gitExtension.ts';
import { briefImage, formatTarget } from '../../targets/target.ts';
import type { PushJob } from '../pushJob.ts';
import type { CheckLevel, CheckSettings } from './checkSettings.ts';
import { describeDirtyTree } from './dirtyWorkingTree.ts';

/** Why an image had better not be pushed like that. */
export interface Concern {
  readonly level: Exclude<CheckLevel, 'off'>;
  readonly code: Extract<ErrorCode, 'workingTreeDirty' | 'tagExists' | 'latestTag'>;
  /** A whole sentence, with the image or its target. */
  readonly message: string;
}

export interface CheckSources {
  readonly settings: () => CheckSettings;
  /** Rejects if the engine has no such image. */
  readonly inspect: (image: string) => Promise<ImageDetails>;
  /** How the image compares with its tag in the registry, as the Images view shows it. */
  readonly compare: (job: PushJob, signal: AbortSignal) => Promise<SyncReport>;
  readonly repositories: () => readonly GitRepository[];
  readonly logger: Logger;
}

type Check = (job: PushJob, sources: CheckSources, signal: AbortSignal) => Promise<Omit<Concern, 'level'> | undefined>;

const checks: Readonly<Record<keyof CheckSettings, Check>> = {
  dirtyWorkingTree: async ({ image }, { inspect, repositories }) => {
    const why = await describeDirtyTree(await inspect(image), repositories());
    return why === undefined ? undefined : { code: 'workingTreeDirty', message: `${briefImage(image)}: ${why}` };
  },
  existingTag: async (job, { inspect, compare }, signal) => {
    const { image, target } = job;
    const [{ manifests = [] }, { here, there, state }] = await Promise.all([inspect(image), compare(job, signal)]);
    if (there === undefined || state === 'upToDate') return undefined;
    // The tag stands for one platform of this image.
    if (manifests.some(({ digest }) => digest === there.digest)) return undefined;
    const message = l10n.t`${formatTarget(target)} stands for another image: ${there.digest} is there, and the ID of ${briefImage(image)} is ${here.imageId}.`;
    return { code: 'tagExists', message };
  },
  latestTag: ({ target }) =>
    Promise.resolve(
      target.tag === 'latest'
        ? { code: 'latestTag', message: l10n.t`The tag of ${formatTarget(target)} does not say which version it is.` }
        : undefined,
    ),
};

/** What the settings want to be said before a push. A check that cannot be made stops nothing but where it decides. */
export async function pushConcerns(
  job: PushJob,
  sources: CheckSources,
  signal: AbortSignal,
): Promise<readonly Concern[]> {
  const concerns: Concern[] = [];
  for (const [name, level] of Object.entries(sources.settings()) as [keyof CheckSettings, CheckLevel][]) {
    if (level === 'off') continue;
    try {
      const concern = await checks[name](job, sources, signal);
      if (concern !== undefined) concerns.push({ ...concern, level });
    } catch (error) {
      if (level !== 'warn') throw error;
      sources.logger.warn(`The check ${name} of ${job.image} could not be made: ${String(error)}`);
    }
  }
  return concerns;
}

export function toRefusal({ code, message }: Concern, { image, target }: PushJob): TeaChestError {
  const facts = { image, reference: formatTarget(target) };
  return new TeaChestError(code, joinSentences(l10n.t('Not pushed.'), message), { stage: 'resolve', facts });
}
