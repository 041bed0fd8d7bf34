import type { PushResult } from '../../core/push/events.ts';
import { withNotification } from '../display/messages.ts';
import type { PushJob, PushRunner } from './pushRunner.ts';
import { withSignal } from '../progress/cancellation.ts';
import type { PushStatusBar } from './pushStatusBar.ts';
import { describePush } from '../progress/pushText.ts';

/** Often enough to look alive, seldom enough to cost nothing. */
const redrawMs = 200;

/** Runs a push under a notification that tells what it does and can cancel it. */
export async function pushWithNotification(
  runner: PushRunner,
  statusBar: PushStatusBar,
  job: PushJob,
): Promise<PushResult> {
  const { repository, tag } = job.target;
  return await withNotification(`Pushing ${repository}:${tag}`, async (report, token) => {
    let shown = 0;
    const redraw = (): void => {
      const snapshot = runner.snapshot(job.target);
      if (snapshot === undefined) return;
      const percent = Math.floor((snapshot.fraction ?? 0) * 100);
      report(describePush(snapshot), Math.max(0, percent - shown));
      shown = Math.max(shown, percent);
      statusBar.update();
    };
    const timer = setInterval(redraw, redrawMs);
    try {
      return await withSignal(token, (signal) => runner.run(job, { signal }));
    } finally {
      clearInterval(timer);
      statusBar.update();
    }
  });
}
