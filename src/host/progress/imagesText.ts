import * as l10n from '@vscode/l10n';
import type { TeaChestError } from '../../core/base/errors.ts';
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
      ? describeBriefly(only.snapshot)
      : l10n.t`${first.ended} of ${first.images.length} · ${describeBriefly(first)}`;
  return runs.length > 1 ? l10n.t`${brief} · +${runs.length - 1} more` : brief;
}

/** The line under the title of a notification: `3 of 7 images · 43% · 61.2 MB/s · 12 s left`. */
export function describeImages(snapshot: ImagesSnapshot): string {
  const { ended, images, fraction, sentBytes, etaSeconds } = snapshot;
  const count = l10n.t`${ended} of ${images.length} images`;
  if (fraction === undefined || sentBytes === 0) return `${count} · ${describePush(snapshot)}`;
  const left = etaSeconds === undefined ? undefined : l10n.t`${formatDuration(etaSeconds)} left`;
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
  return images.map((image) => `${image.snapshot.reference ?? 'Push'}: ${describeImage(image)}`);
}

function describeImage({ snapshot, outcome }: ImageProgress): string {
  if (outcome === undefined) return isWaiting(snapshot) ? 'waiting' : describePush(snapshot);
  if ('error' in outcome) return outcome.error.code === 'cancelled' ? 'cancelled' : `failed: ${outcome.error.message}`;
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
  const count = pushed.length === images.length ? '' : l10n.t`${pushed.length} of `;
  const bytes = describeBytes({
    uploadedBytes: sum(results, ({ uploadedBytes }) => uploadedBytes),
    mountedBytes: sum(results, ({ mountedBytes }) => mountedBytes),
    skippedBytes: sum(results, ({ skippedBytes }) => skippedBytes),
  });
  const sentences = [
    l10n.t`Pushed ${count}${countImages(images.length)} in ${describeDuration(durationMs / 1000)}${bytes === '' ? '' : `: ${bytes}`}.`,
    pushed.length === 0 ? '' : `${listNames(pushed)}.`,
    unchanged.length === 0 ? '' : l10n.t`There already, unchanged: ${listNames(unchanged)}.`,
    ...describeFailures(failed, reasonOf),
    ...new Set(results.flatMap(({ notices }) => notices)),
  ];
  return sentences.filter((sentence) => sentence !== '').join(' ');
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
  const more = reasons.length - quotedReasons;
  return [
    ...reasons.slice(0, quotedReasons),
    ...(more > 0 ? [l10n.t`${more} more failed for other reasons, which the log has.`] : []),
    ...(cancelled.length > 0 ? [`Cancelled: ${listNames(cancelled)}.`] : []),
  ];
}

/** `1 image`, `3 images`. */
export function countImages(count: number): string {
  return count === 1 ? '1 image' : l10n.t`${count} images`;
}

/** Without the registry, which is mostly the same for all. */
function listNames(images: readonly { readonly reference: string }[]): string {
  const names = images.slice(0, namedImages).map(({ reference }) => reference.slice(reference.indexOf('/') + 1));
  const more = images.length - names.length;
  return more > 0 ? l10n.t`${names.join(', ')} and ${more} more` : names.join(', ');
}

function sum<T>(values: readonly T[], of: (value: T) => number): number {
  return values.reduce((total, value) => total + of(value), 0);
}
