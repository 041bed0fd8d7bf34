import type { SyncReason, SyncState } from '../../core/sync/compareSyncState.ts';
import type { SyncReport } from '../../core/sync/readSyncState.ts';
import { markdownValue, type MarkdownLine } from '../display/markdownText.ts';
import { errorMessage } from '../errors/errorMessages.ts';
import { formatAge } from '../progress/format.ts';
import { formatTarget } from '../targets/target.ts';
import type { SyncEntry } from './syncStates.ts';

/** The state in a row of the Images view. */
export const stateNames: Readonly<Record<SyncState, string>> = {
  upToDate: 'up to date',
  newerHere: 'newer here',
  newerThere: 'newer there',
  different: 'different',
  notPushed: 'not pushed',
};

const titles: Readonly<Record<SyncState, string>> = {
  upToDate: 'Up to date',
  newerHere: 'Newer here',
  newerThere: 'Newer there',
  different: 'Different',
  notPushed: 'Not pushed',
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
  sameImage: 'The registry has this image.',
  noTag: 'The registry has no such tag.',
  removedThere: 'You have pushed it, and the registry does not have the tag any more.',
  changedHere: 'It has changed here since your last push, and the registry still has that push.',
  changedThere: 'The registry’s tag has changed since your last push, and the image here has not.',
  changedOnBothSides: 'Since your last push, both the image here and the registry’s tag have changed.',
  earlierBuildHere:
    'The name stands for another image here than at your last push, but for one that was built earlier.',
  earlierBuildThere:
    'The registry’s tag has changed since your last push, but to an image that was built earlier than the one here.',
  builtLaterHere: 'The image here was built later than the registry’s.',
  builtLaterThere: 'The registry’s image was built later than the one here.',
  unknownOrder: 'The registry has another image, and nothing says which of them is newer.',
};

function reportIn(entry: SyncEntry | undefined): SyncReport | undefined {
  return entry === undefined || 'failure' in entry.outcome ? undefined : entry.outcome;
}

/** `newer here`; `state unknown`; empty if nothing was read. */
export function describeState(entry: SyncEntry | undefined): string {
  if (entry === undefined) return '';
  return 'failure' in entry.outcome ? 'state unknown' : stateNames[entry.outcome.state];
}

/** Undefined where the row's own icon says more. */
export function stateIcon(entry: SyncEntry | undefined): string | undefined {
  const report = reportIn(entry);
  return report && stateIcons[report.state];
}

/** For the tooltip of an image, which has the image's own ID and date already. `now` in milliseconds since the epoch. */
export function stateLines({ outcome, target, lastPush, readAt }: SyncEntry, now: number): readonly MarkdownLine[] {
  const name = markdownValue(formatTarget(target));
  const checked: MarkdownLine = [`Checked ${formatAge(new Date(readAt).toISOString(), now)}`];
  if ('failure' in outcome) {
    return [['**State unknown** in ', name], [markdownValue(errorMessage(outcome.failure).message)], checked];
  }
  const { state, reason, there } = outcome;
  return [
    [`**${titles[state]}** in `, name],
    [reasons[reason]],
    ...(there === undefined ? [] : [['In the registry: ', markdownValue(there.digest)]]),
    ...(there?.createdAt === undefined ? [] : [['Built: ', markdownValue(readableDate(there.createdAt))]]),
    ...(lastPush === undefined
      ? []
      : [['Your last push: ', markdownValue(readableDate(new Date(lastPush.at).toISOString()))]]),
    checked,
  ];
}

/** `2026-11-26 07:52:20 UTC` */
function readableDate(iso: string): string {
  return iso.replace('T', ' ').replace(/(?:\.\d+)?Z$/, ' UTC');
}
