import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { copyReferences } from '../display/clipboard.ts';
import { showError, showInformation, showWarning } from '../display/messages.ts';
import type { ActionKind } from '../errors/adviceTables.ts';
import { actionTitle, errorMessage } from '../errors/errorMessages.ts';
import type { ActionHandlers } from '../errors/offerActions.ts';
import type { LinkButton } from './linkAfterPush.ts';
import { moreAbout } from '../errors/moreAbout.ts';
import { reportFailure } from '../errors/reportFailure.ts';
import { describeSummary, type FinishedImage } from '../progress/imagesText.ts';

interface Button {
  readonly title: string;
  readonly run: () => unknown;
}

/** What helps against the reason of a failure, before the images are pushed again. */
const remedies: readonly ActionKind[] = ['signIn', 'trustCertificate', 'chooseClientCertificate', 'changeTarget'];

/**
 * Shows what a push of several images did, and offers to push the failed ones again. Resolves when the person chose, or
 * closed the message. Shows nothing if all are cancelled.
 */
export async function showSummary(
  images: readonly FinishedImage[],
  durationMs: number,
  handlers: ActionHandlers,
  link?: LinkButton,
): Promise<void> {
  const pushed = images.flatMap((image) => (image.kind === 'pushed' ? [image.result.reference] : []));
  const errors = images.flatMap((image) => (image.kind === 'failed' ? [image.error] : []));
  const failures = errors.filter(({ code }) => code !== 'cancelled');
  if (pushed.length === 0 && failures.length === 0) return;
  const text = describeSummary(images, durationMs, (error) => errorMessage(error).message);
  const buttons = [
    ...remedyFor(failures, handlers),
    ...(handlers.retry === undefined ? [] : [{ title: retryTitle(errors.length), run: handlers.retry }]),
    ...(failures.length === 0 ? [{ title: l10n.t('Copy References'), run: () => copyReferences(pushed) }] : []),
    handlers.showDetails === undefined
      ? { title: l10n.t('Show Log'), run: () => vscode.commands.executeCommand('teaChest.showLog') }
      : { title: l10n.t('Show Details'), run: handlers.showDetails },
    ...(link === undefined ? [] : [link]),
  ];
  const more = moreAbout(failures.map(({ code }) => code));
  const chosen =
    more === undefined
      ? await showInformation(text, buttons)
      : await (pushed.length === 0 ? showError : showWarning)(text, buttons, more);
  if (chosen !== link) link?.decline();
  try {
    await chosen?.run();
  } catch (error) {
    await reportFailure(error, handlers);
  }
}

function retryTitle(count: number): string {
  return count === 1
    ? l10n.t({ message: 'Push Failed Again', comment: 'Button: push the image that failed again' })
    : l10n.t({
        message: 'Push {0} Failed Again',
        args: [count],
        comment: 'Button: push the images that failed again. {0}: how many',
      });
}

/** A button, if all failed for the same reason and something helps against it. */
function remedyFor(
  failures: readonly Extract<FinishedImage, { kind: 'failed' }>['error'][],
  handlers: ActionHandlers,
): readonly Button[] {
  const [first] = failures;
  if (first === undefined || failures.some(({ code }) => code !== first.code)) return [];
  const helps = (one: ActionKind): boolean =>
    remedies.includes(one) || (one === 'choosePlatform' && failures.length === 1);
  const kind = errorMessage(first).actions.find((one) => helps(one) && handlers[one] !== undefined);
  const run = kind && handlers[kind];
  return kind === undefined || run === undefined ? [] : [{ title: actionTitle(kind, first.code), run }];
}
