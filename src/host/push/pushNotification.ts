import type { PushResult } from '../../core/push/events.ts';
import type { PushSnapshot } from '../../core/push/pushProgress.ts';
import { withNotification } from '../display/messages.ts';
import { withSignal } from '../progress/cancellation.ts';
import { describePush } from '../progress/pushText.ts';
import type { PushJob, PushRunner } from './pushRunner.ts';

/** Runs a push under a notification that shows how far it is and can cancel it. */
export async function pushWithNotification(runner: PushRunner, job: PushJob): Promise<PushResult> {
  const { repository, tag } = job.target;
  return await withNotification(`Pushing ${repository}:${tag}`, async (report, token) => {
    let shown = 0;
    const onProgress = (snapshot: PushSnapshot): void => {
      const percent = Math.floor((snapshot.fraction ?? 0) * 100);
      report(describePush(snapshot), Math.max(0, percent - shown));
      shown = Math.max(shown, percent);
    };
    return await withSignal(token, (signal) => runner.run(job, { signal, onProgress }));
  });
}
