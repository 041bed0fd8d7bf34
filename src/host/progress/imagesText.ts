import * as l10n from '@vscode/l10n';
import { joinSentences } from '../../core/base/joinSentences.ts';
import type { TeaChestError } from '../../core/base/errors.ts';
import { joinFirst } from '../../core/base/joinFirst.ts';
import type { ImageOutcome } from '../../core/push/imagesEvents.ts';
import type { ImageProgress, ImagesSnapshot } from '../../core/push/imagesProgress.ts';
import { describeBriefly, describeBytes, describeDuration, describePush, describeRate } from './pushText.ts';
import { formatDuration } from './format.ts';

/** Reasons of failures that a notification quotes; the log has all of them. */
const quotedReasons = 3;
/** Images that a summary names; it counts the others. */
const namedImages = 8;

/** The status bar: `3 of 7 · 43% · 61 MB/s · 12 s`. Of several runs the first one, and how many more there are. */
export function describeRuns(runs: readonly ImagesSnapshot[]): string {
  const [first] = runs;
  if (first === undefined) return '';
  const [only, ...others] = first.images;
  const brief =
    only !== undefined && others.length === 0
      ? [describeBriefly(only.snapshot)]
      : [countEnded(first.ended, first.images.length), describeBriefly(first)];
  const more = runs.length > 1 ? [l10n.t`+${runs.length - 1} more`] : [];
  return [...brief, ...more].join(' · ');
}

/** `3 of 7`: how many images of a push have ended. */
function countEnded(ended: number, images: number): string {
  return l10n.t({
    message: '{0} of {1}',
    args: [ended, images],
    comment: 'Images of a push that have ended: “3 of 7”',
  });
}

/** The line under the title of a notification: `3 of 7 images · 43% · 61.2 MB/s · 12 s left`. */
export function describeImages(snapshot: ImagesSnapshot): string {
  const { ended, images, fraction, isAwaitingAnswer, sentBytes, etaSeconds } = snapshot;
  const count = l10n.t`${ended} of ${images.length} images`;
  if (fraction === undefined || sentBytes === 0) return `${count} · ${describePush(snapshot)}`;
  const waiting = isAwaitingAnswer ? l10n.t('waiting for the registry') : undefined;
  const left = etaSeconds === undefined ? waiting : l10n.t`${formatDuration(etaSeconds)} left`;
  const parts = [count, `${Math.floor(fraction * 100)}%`, describeRate(snapshot), left];
  return parts.filter((part) => part !== undefined).join(' · ');
}

/** While a push waits for others; `position` among those that wait, from 1 on. */
export function describePosition(position: number): string {
  return position === 1
    ? l10n.t('queued, begins when a running push has ended')
    : l10n.t`queued, number ${position} of those that wait`;
}

/** A line for each image. */
export function imageLines({ images }: ImagesSnapshot): readonly string[] {
  return images.map((image) => `${image.snapshot.reference ?? pushNoun()}: ${describeImage(image)}`);
}

/** Of a push that has no name yet. */
export function pushNoun(): string {
  return l10n.t({ message: 'Push', comment: 'Noun: the push of an image' });
}

function describeImage({ snapshot, outcome }: ImageProgress): string {
  if (outcome === undefined) return isWaiting(snapshot) ? l10n.t('waiting') : describePush(snapshot);
  if ('error' in outcome) {
    const { code, message } = outcome.error;
    return code === 'cancelled' ? l10n.t('cancelled') : l10n.t`failed: ${message}`;
  }
  return outcome.result.isUnchanged === true
    ? l10n.t('is there already')
    : l10n.t`pushed, ${describeBytes(outcome.result)}`;
}

/** Its layers are sent with those of another image, or later. */
function isWaiting({ stage, layers, enginePreparing }: ImageProgress['snapshot']): boolean {
  if (stage === undefined) return true;
  const isMoving = layers.some(({ state }) => state === 'reading' || state === 'uploading' || state === 'uploaded');
  return stage === 'export' && !enginePreparing && !isMoving;
}

/** One of the images of a finished push. */
export type FinishedImage = ImageOutcome & { readonly reference: string };

/** What a push of several images did: what was pushed, what was there already, and what failed. `reasonOf`: why. */
export function describeSummary(
  images: readonly FinishedImage[],
  durationMs: number,
  reasonOf: (error: TeaChestError) => string,
): string {
  const results = images.flatMap((image) => (image.kind === 'pushed' ? [image.result] : []));
  const pushed = results.filter(({ isUnchanged }) => isUnchanged !== true);
  const unchanged = results.filter(({ isUnchanged }) => isUnchanged === true);
  const failed = images.flatMap((image) => (image.kind === 'failed' ? [image] : []));
  const bytes = describeBytes({
    uploadedBytes: sum(results, ({ uploadedBytes }) => uploadedBytes),
    mountedBytes: sum(results, ({ mountedBytes }) => mountedBytes),
    skippedBytes: sum(results, ({ skippedBytes }) => skippedBytes),
  });
  const count = countPushed(pushed.length, unchanged.length, images.length);
  const took = describeDuration(durationMs / 1000);
  const sentences = [
    bytes === ''
      ? l10n.t({
          message: 'Pushed {0} in {1}.',
          args: [count, took],
          comment: '{0}: “3 images”, “3 of 7 images”',
        })
      : l10n.t({
          message: 'Pushed {0} in {1}: {2}.',
          args: [count, took, bytes],
          comment: '{0}: “3 images”, “3 of 7 images”',
        }),
    pushed.length === 0
      ? ''
      : l10n.t({
          message: '{0}.',
          args: [listNames(pushed)],
          comment: 'The names of images, as a sentence of its own',
        }),
    unchanged.length === 0 ? '' : l10n.t`There already, unchanged: ${listNames(unchanged)}.`,
    ...describeFailures(failed, reasonOf),
    ...new Set(results.flatMap(({ notices }) => notices)),
  ];
  return joinSentences(...sentences);
}

/** Images that failed for the same reason share a sentence. */
function describeFailures(
  failed: readonly { readonly reference: string; readonly error: TeaChestError }[],
  reasonOf: (error: TeaChestError) => string,
): string[] {
  const cancelled = failed.filter(({ error }) => error.code === 'cancelled');
  const byReason = new Map<string, { readonly reference: string }[]>();
  for (const image of failed) {
    if (image.error.code === 'cancelled') continue;
    const message = reasonOf(image.error);
    byReason.set(message, [...(byReason.get(message) ?? []), image]);
  }
  const reasons = [...byReason].map(([message, images]) => l10n.t`Not pushed: ${listNames(images)}: ${message}`);
  const more = sum([...byReason.values()].slice(quotedReasons), ({ length }) => length);
  return [
    ...reasons.slice(0, quotedReasons),
    ...(more > 0 ? [moreFailed(more)] : []),
    ...(cancelled.length > 0 ? [l10n.t`Cancelled: ${listNames(cancelled)}.`] : []),
  ];
}

function moreFailed(images: number): string {
  return images === 1
    ? l10n.t('1 more image failed for another reason, which the log has.')
    : l10n.t`${images} more images failed for other reasons, which the log has.`;
}

/** `1 image`, `3 images`. */
export function countImages(count: number): string {
  return count === 1 ? l10n.t('1 image') : l10n.t`${count} images`;
}

/** `3 images`, `3 of 7 images`, `3 of 7 images (2 unchanged, 2 not pushed)`. */
function countPushed(pushed: number, unchanged: number, all: number): string {
  if (pushed === all) return countImages(all);
  const count = all === 1 ? l10n.t`${pushed} of 1 image` : l10n.t`${pushed} of ${all} images`;
  const others = all - pushed - unchanged;
  if (unchanged === 0) return count;
  return others === 0
    ? l10n.t`${count} (${unchanged} unchanged)`
    : l10n.t`${count} (${unchanged} unchanged, ${others} not pushed)`;
}

/** `1 layer`, `3 layers`. */
export function countLayers(count: number): string {
  return count === 1 ? l10n.t('1 layer') : l10n.t`${count} layers`;
}

/** `app:1 to git.example.com/dev/app:1` */
export function imageToTarget(image: string, target: string): string {
  return l10n.t({ message: '{0} to {1}', args: [image, target], comment: 'An image, and the target of its push' });
}

/** Without the registry, which is mostly the same for all. */
function listNames(images: readonly { readonly reference: string }[]): string {
  const names = images.map(({ reference }) => reference.slice(reference.indexOf('/') + 1));
  return joinFirst(names, namedImages);
}

function sum<T>(values: readonly T[], of: (value: T) => number): number {
  return values.reduce((total, value) => total + of(value), 0);
}
