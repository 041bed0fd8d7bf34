import * as l10n from '@vscode/l10n';
import type { ImageOutcome } from '../../core/push/imagesEvents.ts';
import type { PushResult } from '../../core/push/pushEvents.ts';
import type { ImagesSnapshot } from '../../core/push/imagesProgress.ts';
import { withNotification } from '../display/withNotification.ts';
import { withSignal } from '../progress/cancellation.ts';
import { describeImages, describePosition } from '../progress/imagesText.ts';
import { describePush } from '../progress/pushText.ts';
import type { PushJob } from './pushJob.ts';
import type { PushRunner, RunOptions } from './pushRunner.ts';

/** Runs a push under a notification that shows its progress and can cancel it. */
export async function pushWithNotification(
  runner: Pick<PushRunner, 'run'>,
  job: PushJob,
  { onRecord }: Pick<RunOptions, 'onRecord'>,
): Promise<PushResult> {
  const { repository, tag } = job.target;
  return await withNotification(l10n.t`Pushing ${repository}:${tag}`, (report, token) =>
    withSignal(token, (signal) => runner.run(job, { signal, onRecord, ...reporter(report, describeOnly) })),
  );
}

/** The same for several images. */
export async function pushAllWithNotification(
  runner: Pick<PushRunner, 'runAll'>,
  jobs: readonly PushJob[],
  { onRecord }: Pick<RunOptions, 'onRecord'>,
): Promise<readonly ImageOutcome[]> {
  const title = jobs.length === 1 ? l10n.t('Pushing 1 image') : l10n.t`Pushing ${jobs.length} images`;
  return await withNotification(title, (report, token) =>
    withSignal(token, (signal) => runner.runAll(jobs, { signal, onRecord, ...reporter(report, describeImages) })),
  );
}

function describeOnly({ images: [only] }: ImagesSnapshot): string {
  return only === undefined ? '' : describePush(only.snapshot);
}

/** A progress bar only moves forward. */
function reporter(
  report: (message: string, increment: number) => void,
  describe: (snapshot: ImagesSnapshot) => string,
): Pick<RunOptions, 'onProgress' | 'onQueued'> {
  let reported = 0;
  return {
    onProgress: (snapshot) => {
      const percent = Math.floor((snapshot.fraction ?? 0) * 100);
      report(describe(snapshot), Math.max(0, percent - reported));
      reported = Math.max(reported, percent);
    },
    onQueued: (position) => {
      report(describePosition(position), 0);
    },
  };
}
