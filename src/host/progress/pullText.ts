import * as l10n from '@vscode/l10n';
import { joinSentences } from '../../core/base/joinSentences.ts';
import type { TeaChestError } from '../../core/base/errors.ts';
import { shortDigest } from '../../core/oci/digest.ts';
import type { PulledLayer, PullResult } from '../../core/pull/pullEvents.ts';
import type { PullSnapshot } from '../../core/pull/pullProgress.ts';
import { formatBytes, formatBytesOf, formatDuration } from './format.ts';
import { countLayers } from './imagesText.ts';
import { describeDuration } from './pushText.ts';

/** One line under the notification's title: `184 MB of 420 MB · 3 of 7 layers · 61.2 MB/s · 12 s left`. */
export function describePull(snapshot: PullSnapshot): string {
  const { stage, receivedBytes, totalBytes, layers, etaSeconds, isUnpacking } = snapshot;
  if (stage === 'resolve') return l10n.t('looking at the image');
  if (stage === 'check') return l10n.t('checking what the engine has');
  if (isUnpacking) return [formatBytes(receivedBytes), l10n.t('the engine is unpacking the layers')].join(' · ');
  if (receivedBytes === 0) return l10n.t('the engine is asking for the image');
  const received = totalBytes === undefined ? formatBytes(receivedBytes) : formatBytesOf(receivedBytes, totalBytes);
  const here = layers.filter(({ state }) => state !== 'waiting' && state !== 'downloading').length;
  const left = etaSeconds === undefined ? undefined : l10n.t`${formatDuration(etaSeconds)} left`;
  const count = layers.length === 1 ? countLayers(1) : l10n.t`${here} of ${layers.length} layers`;
  return [received, count, rateOf(snapshot), left].filter((part) => part !== undefined).join(' · ');
}

/** The status bar's short form: `43% · 61 MB/s · 12 s`. */
export function describePullBriefly(snapshot: PullSnapshot): string {
  const { stage, fraction, etaSeconds, isUnpacking } = snapshot;
  const percent = fraction === undefined ? l10n.t('pulling') : `${Math.floor(fraction * 100)}%`;
  const brief = isUnpacking ? l10n.t('unpacking') : stage === 'transfer' ? percent : l10n.t('inspecting');
  const left = etaSeconds === undefined ? undefined : formatDuration(etaSeconds);
  return [brief, rateOf(snapshot), left].filter((part) => part !== undefined).join(' · ');
}

const layerTexts: Readonly<Record<PulledLayer['state'], string>> = {
  waiting: l10n.t('waiting'),
  downloading: l10n.t('downloading'),
  downloaded: l10n.t('downloaded'),
  unpacking: l10n.t('unpacking'),
  done: l10n.t('done'),
  exists: l10n.t('there already'),
};

/** A line for each layer: `1a2b3c4d5e6f: 12 MB of 40 MB, downloading`. */
export function pulledLayerLines({ layers }: PullSnapshot): readonly string[] {
  return layers.map(({ digest, state, receivedBytes, size }, at) => {
    const name = digest === undefined ? l10n.t`Layer ${at + 1}` : shortDigest(digest);
    const received = size === undefined ? formatBytes(receivedBytes) : formatBytesOf(receivedBytes, size);
    return `${name}: ${[...(state === 'exists' ? [] : [received]), layerTexts[state]].join(', ')}`;
  });
}

/** What a finished pull did. The log has the whole digest. */
export function describePulled({ reference, digest, downloadedBytes, durationMs, way }: PullResult): string {
  const name = reference.includes('@') ? reference.replace(/@sha256:[0-9a-f]+$/, '') : reference;
  const short = `sha256:${shortDigest(digest)}`;
  if (way === 'none') return l10n.t`${name} is in the container engine already: nothing was downloaded. ${short}`;
  const bytes = downloadedBytes === 0 ? l10n.t('its layers were there already') : formatBytes(downloadedBytes);
  return l10n.t`Pulled ${name} in ${describeDuration(durationMs / 1000)}: ${bytes}. ${short}`;
}

/** One image of a finished pull of several. */
export interface PulledImage {
  readonly reference: string;
  readonly outcome: PullResult | TeaChestError;
}

/** What a pull of several images did. `reasonOf`: why one failed. */
export function describePulledImages(
  images: readonly PulledImage[],
  reasonOf: (error: TeaChestError) => string,
): string {
  const pulled = images.filter(({ outcome }) => !(outcome instanceof Error));
  const failures = images.flatMap(({ reference, outcome }) =>
    outcome instanceof Error
      ? [`${reference}: ${outcome.code === 'cancelled' ? l10n.t('cancelled.') : reasonOf(outcome)}`]
      : [],
  );
  const count = l10n.t`Pulled ${pulled.length} of ${images.length} images.`;
  const others = failures.length > 3 ? l10n.t('The log has the other failures.') : undefined;
  return joinSentences(count, ...failures.slice(0, 3), others);
}

function rateOf({ bytesPerSecond }: PullSnapshot): string | undefined {
  return bytesPerSecond === undefined || bytesPerSecond < 1 ? undefined : `${formatBytes(bytesPerSecond)}/s`;
}
