import * as l10n from '@vscode/l10n';
import { formatNumber } from '../../core/base/formatNumber.ts';
import { joinSentences } from '../../core/base/joinSentences.ts';
import type { Stage } from '../../core/base/errors.ts';
import { shortDigest } from '../../core/oci/digest.ts';
import type { RecordProgress } from '../../core/push/record/pushRecord.ts';
import type { PushResult } from '../../core/push/pushEvents.ts';
import { formatBytes, formatBytesOf, formatDuration } from './format.ts';

const stageTexts: Readonly<Partial<Record<Stage, string>>> = {
  inspect: l10n.t('looking at the image'),
  resolve: l10n.t('looking at the target'),
  plan: l10n.t('asking the registry what it has'),
  manifest: l10n.t('writing the manifest'),
  check: l10n.t('checking what the registry stored'),
};

/** One line under the notification's title: `184 MB of 420 MB · 61.2 MB/s · 12 s left`. */
export function describePush(snapshot: RecordProgress): string {
  const { stage, enginePreparing, isAwaitingAnswer, sentBytes, totalBytes, etaSeconds } = snapshot;
  if (enginePreparing) return l10n.t('the engine is preparing the image');
  const text = stage === undefined ? l10n.t('starting') : stageTexts[stage];
  if (text !== undefined) return text;
  if (totalBytes === 0) return l10n.t('every layer is there already');
  if (sentBytes === 0) return l10n.t('reading the image');
  const sent = totalBytes === undefined ? formatBytes(sentBytes) : formatBytesOf(sentBytes, totalBytes);
  if (isAwaitingAnswer === true) return [sent, l10n.t('waiting for the registry')].join(' · ');
  const left = etaSeconds === undefined ? l10n.t('estimating') : l10n.t`${formatDuration(etaSeconds)} left`;
  return [sent, describeRate(snapshot), left].filter((part) => part !== undefined).join(' · ');
}

const stageTitles: Readonly<Partial<Record<Stage, string>>> = {
  inspect: l10n.t('Looking at the image'),
  resolve: l10n.t('Looking at the target'),
  plan: l10n.t('Asking the registry what it has'),
  manifest: l10n.t('Writing the manifest'),
  check: l10n.t('Checking what the registry stored'),
};

/** The same where nothing stands before it: begins as a sentence does. */
export function describePushAlone(snapshot: RecordProgress): string {
  const { stage, enginePreparing, sentBytes, totalBytes } = snapshot;
  if (enginePreparing) return l10n.t('The engine is preparing the image');
  const text = stage === undefined ? l10n.t('Starting') : stageTitles[stage];
  if (text !== undefined) return text;
  if (totalBytes === 0) return l10n.t('Every layer is there already');
  // What else there is begins with a number.
  return sentBytes === 0 ? l10n.t('Reading the image') : describePush(snapshot);
}

/** Undefined for a rate that is unknown or zero. */
export function describeRate({ bytesPerSecond }: RecordProgress): string | undefined {
  return bytesPerSecond === undefined || bytesPerSecond < 1 ? undefined : `${formatBytes(bytesPerSecond)}/s`;
}

const briefTexts: Readonly<Partial<Record<Stage, string>>> = {
  inspect: l10n.t('inspecting'),
  resolve: l10n.t('inspecting'),
  plan: l10n.t('planning'),
  manifest: l10n.t('publishing'),
  check: l10n.t('checking'),
};

/** The status bar's short form: `43% · 61 MB/s · 12 s`, `99% · waiting for the registry`. */
export function describeBriefly(snapshot: RecordProgress): string {
  return [describeNumbers(snapshot), describeWait(snapshot)].filter((part) => part !== undefined).join(' · ');
}

/** The same without what is waited for, which is longer than all numbers. */
export function describeNumbers(snapshot: RecordProgress): string {
  const { fraction, etaSeconds } = snapshot;
  const parts = [
    briefStage(snapshot) ?? (fraction === undefined ? l10n.t('pushing') : `${Math.floor(fraction * 100)}%`),
    describeRate(snapshot),
    etaSeconds === undefined ? undefined : formatDuration(etaSeconds),
  ];
  return parts.filter((part) => part !== undefined).join(' · ');
}

export function describeWait(snapshot: RecordProgress): string | undefined {
  const isWaiting = snapshot.isAwaitingAnswer === true && briefStage(snapshot) === undefined;
  return isWaiting ? l10n.t('waiting for the registry') : undefined;
}

/** Undefined while layers are sent. */
function briefStage({ enginePreparing, sentBytes, stage }: RecordProgress): string | undefined {
  const reading = enginePreparing || sentBytes === 0 ? l10n.t('reading') : undefined;
  return (stage === undefined ? undefined : briefTexts[stage]) ?? reading;
}

/** What a finished push did, in counted bytes. The log has the whole digest; 64 digits are too long for a notification. */
export function describeResult(result: PushResult): string {
  const { reference, engineDigest, durationMs, notices } = result;
  const digest = `sha256:${shortDigest(result.digest)}`;
  const pushed = l10n.t`Pushed ${reference} in ${describeDuration(durationMs / 1000)}: ${describeBytes(result)}.`;
  const digests =
    engineDigest === undefined
      ? digest
      : l10n.t`${digest} (compressed here; the engine’s own is ${`sha256:${shortDigest(engineDigest)}`})`;
  if (notices.length === 0) return joinSentences(pushed, digests);
  const sentence = l10n.t({ message: '{0}.', args: [digests], comment: 'A digest, as a sentence of its own' });
  return joinSentences(pushed, sentence, ...notices);
}

/** `420 MB sent, 80 kB already there`. */
export function describeBytes(bytes: Pick<PushResult, 'uploadedBytes' | 'mountedBytes' | 'skippedBytes'>): string {
  const { uploadedBytes, mountedBytes, skippedBytes } = bytes;
  return [
    uploadedBytes > 0 ? l10n.t`${formatBytes(uploadedBytes)} sent` : undefined,
    mountedBytes > 0 ? l10n.t`${formatBytes(mountedBytes)} mounted` : undefined,
    skippedBytes > 0 ? l10n.t`${formatBytes(skippedBytes)} already there` : undefined,
  ]
    .filter((part) => part !== undefined)
    .join(', ');
}

export function describeDuration(seconds: number): string {
  if (seconds < 0.1) return l10n.t('less than 0.1 s');
  return seconds < 9.95 ? l10n.t`${formatNumber(seconds, 1)} s` : formatDuration(seconds);
}
