import type { PushResult } from '../../core/push/pushEvents.ts';
import type { PushSnapshot } from '../../core/push/pushProgress.ts';
import { pageAt } from '../connections/connection.ts';
import { copyPullCommand, copyReferences } from '../display/clipboard.ts';
import { showInformation, withNotification } from '../display/messages.ts';
import { openInBrowser } from '../openInBrowser.ts';
import { withSignal } from '../progress/cancellation.ts';
import { describePush, describeResult } from '../progress/pushText.ts';
import { packagePage } from '../targets/packagePage.ts';
import type { Destination } from '../targets/target.ts';
import type { PushJob, PushRunner } from './pushRunner.ts';

/** Runs a push under a notification that shows its progress and can cancel it. */
export async function pushWithNotification(runner: Pick<PushRunner, 'run'>, job: PushJob): Promise<PushResult> {
  const { repository, tag } = job.target;
  return await withNotification(`Pushing ${repository}:${tag}`, async (report, token) => {
    let reported = 0;
    const onProgress = (snapshot: PushSnapshot): void => {
      const percent = Math.floor((snapshot.fraction ?? 0) * 100);
      report(describePush(snapshot), Math.max(0, percent - reported));
      reported = Math.max(reported, percent);
    };
    return await withSignal(token, (signal) => runner.run(job, { signal, onProgress }));
  });
}

/** Shows what a push did, with the next steps as buttons. */
export async function showResult(result: PushResult, { connection, target }: Destination): Promise<void> {
  const page = packagePage(connection, target);
  const copy = { title: 'Copy Reference' };
  const pull = { title: 'Copy Pull Command' };
  const open = { title: connection.kind === 'forgejo' ? 'Open in Forgejo' : 'Open in Gitea' };
  const choice = await showInformation(describeResult(result), page === undefined ? [copy, pull] : [copy, pull, open]);
  if (choice === copy) await copyReferences([result.reference]);
  else if (choice === pull) await copyPullCommand(result.reference);
  else if (choice === open && page !== undefined) await openInBrowser(pageAt(connection, page));
}
