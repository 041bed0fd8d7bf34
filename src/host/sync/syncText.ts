import * as l10n from '@vscode/l10n';
import type { SyncReason, SyncState } from '../../core/sync/compareSyncState.ts';
import type { SyncReport } from '../../core/sync/readSyncState.ts';
import { markdownValue, type MarkdownLine } from '../display/markdownText.ts';
import { errorMessage } from '../errors/errorMessages.ts';
import { formatAge, formatDate } from '../progress/format.ts';
import { formatTarget } from '../targets/target.ts';
import type { SyncEntry } from './syncStates.ts';

/** The state in a row of the Images view. */
export const stateNames: Readonly<Record<SyncState, string>> = {
  upToDate: l10n.t('up to date'),
  newerHere: l10n.t('newer here'),
  newerThere: l10n.t('newer there'),
  different: l10n.t({ message: 'different', comment: 'The image and the registry’s tag are not the same' }),
  notPushed: l10n.t('not pushed'),
};

/** Markdown. `name`: of the tag in the registry. */
const headlines: Readonly<Record<SyncState, (name: string) => string>> = {
  upToDate: (name) => l10n.t`**Up to date** in ${name}`,
  newerHere: (name) => l10n.t`**Newer here** in ${name}`,
  newerThere: (name) => l10n.t`**Newer there** in ${name}`,
  different: (name) => l10n.t`**Different** in ${name}`,
  notPushed: (name) => l10n.t`**Not pushed** in ${name}`,
};

/** Codicons. */
export const stateIcons: Readonly<Record<SyncState, string>> = {
  upToDate: 'pass',
  newerHere: 'arrow-circle-up',
  newerThere: 'arrow-circle-down',
  different: 'diff',
  notPushed: 'cloud-upload',
};

/** What a state follows from. */
const reasons: Readonly<Record<SyncReason, string>> = {
  sameImage: l10n.t('The registry has this image.'),
  noTag: l10n.t('The registry has no such tag.'),
  removedThere: l10n.t('You have pushed it, and the registry does not have the tag any more.'),
  changedHere: l10n.t('It has changed here since your last push, and the registry still has that push.'),
  changedThere: l10n.t('The registry’s tag has changed since your last push, and the image here has not.'),
  changedOnBothSides: l10n.t('Since your last push, both the image here and the registry’s tag have changed.'),
  earlierBuildHere: l10n.t(
    'The name stands for another image here than at your last push, but for one that was built earlier.',
  ),
  earlierBuildThere: l10n.t(
    'The registry’s tag has changed since your last push, but to an image that was built earlier than the one here.',
  ),
  builtLaterHere: l10n.t('The image here was built later than the registry’s.'),
  builtLaterThere: l10n.t('The registry’s image was built later than the one here.'),
  unknownOrder: l10n.t('The registry has another image, and nothing says which of them is newer.'),
};

function reportIn(entry: SyncEntry | undefined): SyncReport | undefined {
  return entry === undefined || 'failure' in entry.outcome ? undefined : entry.outcome;
}

/** `newer here`; `state unknown`; empty if nothing was read. */
export function describeState(entry: SyncEntry | undefined): string {
  if (entry === undefined) return '';
  return 'failure' in entry.outcome ? l10n.t('state unknown') : stateNames[entry.outcome.state];
}

/** Undefined where the row's own icon says more. */
export function stateIcon(entry: SyncEntry | undefined): string | undefined {
  const report = reportIn(entry);
  return report && stateIcons[report.state];
}

/** For the tooltip of an image, which has the image's own ID and date already. `now` in milliseconds since the epoch. */
export function stateLines({ outcome, target, lastPush, readAt }: SyncEntry, now: number): readonly MarkdownLine[] {
  const { value: name } = markdownValue(formatTarget(target));
  const checked: MarkdownLine = [
    l10n.t({
      message: 'Checked {0}',
      args: [formatAge(new Date(readAt).toISOString(), now)],
      comment: '{0}: “just now” or “5 min ago”',
    }),
  ];
  if ('failure' in outcome) {
    return [[l10n.t`**State unknown** in ${name}`], [markdownValue(errorMessage(outcome.failure).message)], checked];
  }
  const { state, reason, there } = outcome;
  return [
    [headlines[state](name)],
    [reasons[reason]],
    ...(there === undefined ? [] : [[l10n.t`In the registry: ${markdownValue(there.digest).value}`]]),
    ...(there?.createdAt === undefined ? [] : [[l10n.t`Built: ${dateValue(there.createdAt)}`]]),
    ...(lastPush === undefined ? [] : [[l10n.t`Your last push: ${dateValue(lastPush.at)}`]]),
    checked,
  ];
}

/** Markdown. */
function dateValue(at: number | string): string {
  return markdownValue(formatDate(at)).value;
}
