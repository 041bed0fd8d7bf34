import * as vscode from 'vscode';
import { inertText } from './inertText.ts';

/** Milliseconds that work runs before its progress is shown. */
const progressDelay = 500;

type Report = (message: string, increment: number) => void;

/**
 * A progress notification with a cancel button, for work that takes a while: the message at the end says enough of what has
 * ended at once. VS Code shows each progress for 800 ms at least, and no more than three new notifications within 800 ms: the
 * message at the end was the one that was not shown (VS Code: notificationsToasts.ts, SPAM_PROTECTION).
 */
export async function withNotification<T>(
  title: string,
  work: (report: Report, token: vscode.CancellationToken) => Promise<T>,
): Promise<T> {
  const source = new vscode.CancellationTokenSource();
  const reports = new LateReports();
  const done = work(reports.report, source.token);
  try {
    if (await endsWithin(done, progressDelay)) return await done;
    const options = { location: vscode.ProgressLocation.Notification, title: inertText(title), cancellable: true };
    return await vscode.window.withProgress(options, async (progress, token) => {
      const listener = token.onCancellationRequested(() => {
        source.cancel();
      });
      reports.showBy((message, increment) => {
        progress.report({ message: inertText(message), increment });
      });
      try {
        return await done;
      } finally {
        listener.dispose();
      }
    });
  } finally {
    source.dispose();
  }
}

/** Whether it ends, well or not, within this time. */
async function endsWithin(done: Promise<unknown>, milliseconds: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => {
      resolve(false);
    }, milliseconds);
  });
  const ended = done.then(
    () => true,
    () => true,
  );
  try {
    return await Promise.race([ended, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Keeps what was reported before there is a progress to show it. */
class LateReports {
  #message: string | undefined;
  #increment = 0;
  #show: Report | undefined;

  readonly report: Report = (message, increment) => {
    if (this.#show !== undefined) {
      this.#show(message, increment);
      return;
    }
    this.#message = message;
    this.#increment += increment;
  };

  showBy(show: Report): void {
    this.#show = show;
    if (this.#message !== undefined) show(this.#message, this.#increment);
  }
}
