import * as l10n from '@vscode/l10n';
import type { ImageRecord, LayerRecord, PushRecord } from '../../core/push/record/pushRecord.ts';
import { findBottleneck, type Bottleneck } from '../../core/push/record/bottleneck.ts';
import { isOver, toError } from '../../core/push/record/recordPush.ts';
import type { BarLook, Page, PageBar, PageFact, PageImage, PageNotice, Tone } from '../../webview/pushPage/protocol.ts';
import { errorMessage } from '../errors/errorMessages.ts';
import { closingText, elsewhereText } from '../progress/closingText.ts';
import { formatBytes, formatBytesOf, formatDuration } from '../progress/format.ts';
import { countImages, countLayers, imageToTarget, pushNoun } from '../progress/imagesText.ts';
import { layerName, layerSize, layerState } from '../progress/layerText.ts';
import { describeStrategy } from '../progress/planText.ts';
import { describeBytes, describeDuration, describePushAlone } from '../progress/pushText.ts';
import { showErrorButton, showLogButton } from './errorButtons.ts';
import { pageLabels, subtitleTo, transferLabel } from './pageLabels.ts';
import { rateChart } from './rateChart.ts';

export interface RecordContext {
  /** This window runs it. */
  readonly isHere: boolean;
  /** The page shows all images of the push: one of several cannot be cancelled by itself. */
  readonly isWhole: boolean;
  /** The image has a page on its registry. */
  readonly hasPage: boolean;
}

/** The page of a push: running, waiting or over. */
export function recordPage(record: PushRecord, context: RecordContext): Page {
  const [only, ...others] = record.images;
  const isOne = only !== undefined && others.length === 0;
  const status = describeState(record);
  return {
    mode: 'push',
    kicker: pushNoun(),
    title: isOne ? only.image : countImages(record.images.length),
    ...(isOne && { subtitle: subtitleTo(only.target) }),
    status,
    ...progressOf(record),
    facts: factsOf(record),
    actions: actionsOf(record, context),
    notices: [...(isOne ? errorsOf(only) : []), ...noticesOf(record), ...closingNotice(record, context)],
    images: record.images.map((image, at) => toImage(image, String(at), isOne)),
    chart: rateChart(record.samples),
    announcement: announcementOf(record, status.text),
    labels: pageLabels.push,
  };
}

const tones: Readonly<Record<PushRecord['state'], Tone>> = {
  queued: 'neutral',
  running: 'running',
  pushed: 'good',
  failed: 'error',
  cancelled: 'warning',
  interrupted: 'warning',
};

function describeState(record: PushRecord): Page['status'] {
  return { tone: tones[record.state], text: stateText(record) };
}

function stateText({ state, position, images, progress }: PushRecord): string {
  switch (state) {
    case 'queued':
      return position === undefined
        ? l10n.t('Waiting for other pushes')
        : l10n.t`Waiting for other pushes: number ${position} in the queue`;
    case 'running':
      return describePushAlone(progress);
    case 'pushed':
      return images.every(({ result }) => result?.isUnchanged === true)
        ? l10n.t('There already, unchanged')
        : l10n.t('Pushed');
    case 'failed':
      return [l10n.t('Failed'), ...countPushed(images)].join(' · ');
    case 'cancelled':
      return [l10n.t('Cancelled'), ...countPushed(images)].join(' · ');
    case 'interrupted':
      return l10n.t('Interrupted: its window closed, or its process ended');
  }
}

/** Of several images, how many were pushed: the others did not get as far. */
function countPushed(images: readonly ImageRecord[]): readonly string[] {
  const pushed = images.filter(({ state }) => state === 'pushed').length;
  return images.length > 1 ? [l10n.t`${pushed} of ${images.length} pushed`] : [];
}

function progressOf({ state, progress }: PushRecord): Pick<Page, 'progress'> {
  if (state === 'queued') return {};
  const { fraction } = progress;
  if (fraction === undefined && state !== 'running') return {};
  const text =
    fraction === undefined
      ? l10n.t({ message: 'not known yet', comment: 'Of the progress of a push' })
      : `${Math.floor(fraction * 100)}%`;
  return { progress: { label: l10n.t('Progress of the push'), text, fraction } };
}

function factsOf(record: PushRecord): PageFact[] {
  const { state, startedAt, endedAt, progress, images } = record;
  const results = images.flatMap(({ result }) => result ?? []);
  const sum = (of: (result: (typeof results)[number]) => number): number =>
    results.reduce((total, result) => total + of(result), 0);
  const bytes = {
    uploadedBytes: sum(({ uploadedBytes }) => uploadedBytes),
    mountedBytes: sum(({ mountedBytes }) => mountedBytes),
    skippedBytes: sum(({ skippedBytes }) => skippedBytes),
  };
  const { sentBytes, totalBytes, bytesPerSecond, etaSeconds } = progress;
  const sent = totalBytes === undefined ? formatBytes(sentBytes) : formatBytesOf(sentBytes, totalBytes);
  const strategies = [...new Set(results.map(({ strategy }) => describeStrategy(strategy)))];
  const all: (readonly [string, string | undefined])[] = [
    [l10n.t('Sent'), state === 'queued' || isOver(state) ? undefined : sent],
    [
      l10n.t('Rate'),
      bytesPerSecond === undefined || bytesPerSecond < 1 ? undefined : `${formatBytes(bytesPerSecond)}/s`,
    ],
    [l10n.t('Time left'), etaSeconds === undefined ? undefined : formatDuration(etaSeconds)],
    [l10n.t('Bytes'), results.length === 0 ? undefined : describeBytes(bytes) || l10n.t('nothing to send')],
    [
      l10n.t({ message: 'Took', comment: 'Label: how long a push took' }),
      startedAt === undefined || endedAt === undefined ? undefined : describeDuration((endedAt - startedAt) / 1000),
    ],
    [transferLabel, strategies.length === 0 ? undefined : strategies.join('; ')],
    [l10n.t('Bounded by'), boundText(record)],
    [l10n.t('Digest'), images.length === 1 ? results[0]?.digest : undefined],
  ];
  return all.flatMap(([label, value]) => (value === undefined ? [] : [{ label, value }]));
}

/** What the push waited for, by what was counted and measured. */
const boundTexts: Readonly<Record<Bottleneck, string>> = {
  engine: l10n.t('the engine: its next bytes were waited for'),
  compression: l10n.t('compression: the engine’s bytes waited for it'),
  source: l10n.t('the engine or compression: sending waited for the next bytes'),
  reading: l10n.t('reading the image out of the engine: sending waited for the next bytes'),
  network: l10n.t('the network: bytes waited to be sent, and the receiving side had room for them'),
  receiver: l10n.t('the registry, or a proxy before it: it takes the bytes slowly'),
  answers: l10n.t('the registry, or a proxy before it: its answers were waited for'),
  link: l10n.t('the network or the registry: bytes waited to be sent, or for an answer'),
};

/** Nothing where the counts do not say it. */
function boundText({ state, progress, samples }: PushRecord): string | undefined {
  if (state === 'running' && progress.enginePreparing) return l10n.t('the engine, which has not given a byte yet');
  const bottleneck = findBottleneck(samples.list);
  return bottleneck && boundTexts[bottleneck];
}

function actionsOf({ state, images }: PushRecord, { isHere, isWhole, hasPage }: RecordContext): Page['actions'] {
  if (!isOver(state))
    return isHere && isWhole ? [{ id: 'cancel', label: l10n.t('Cancel Push'), isPrimary: false }] : [];
  const hasDigest = images.some(({ result }) => result !== undefined);
  const isFailed = state === 'failed';
  return [
    ...(hasDigest ? [{ id: 'copyDigest', label: l10n.t('Copy Digest'), isPrimary: state === 'pushed' } as const] : []),
    ...(hasDigest && hasPage
      ? [{ id: 'openInBrowser', label: l10n.t('Open in Browser'), isPrimary: false } as const]
      : []),
    { id: 'retry', label: l10n.t('Push Again'), isPrimary: state !== 'pushed' },
    ...(isFailed && images.length === 1 ? [showErrorButton] : []),
    ...(isFailed ? [showLogButton] : []),
  ];
}

/** What a person should know before the window is closed. */
function closingNotice({ state }: PushRecord, { isHere }: RecordContext): PageNotice[] {
  if (isOver(state)) return [];
  return [{ tone: 'neutral', text: isHere ? closingText(state) : elsewhereText() }];
}

function noticesOf({ images }: PushRecord): PageNotice[] {
  const notices = new Set(images.flatMap(({ result }) => result?.notices ?? []));
  return [...notices].map((text) => ({ tone: 'neutral', text }));
}

/** Why an image was not pushed, and what to do next. */
function errorsOf({ error }: ImageRecord): PageNotice[] {
  if (error === undefined || error.code === 'cancelled') return [];
  return [{ tone: 'error', text: errorMessage(toError(error)).message }];
}

function announcementOf({ state, images, progress }: PushRecord, text: string): string {
  const what = images.length === 1 ? (images[0]?.image ?? '') : countImages(images.length);
  if (state !== 'running') return l10n.t`Push of ${what}: ${text}.`;
  const { fraction, etaSeconds, isAwaitingAnswer } = progress;
  const percent = fraction === undefined ? undefined : `${Math.floor(fraction * 100)}%`;
  const waiting = isAwaitingAnswer === true ? l10n.t('waiting for the registry') : undefined;
  const left = etaSeconds === undefined ? waiting : l10n.t`${formatDuration(etaSeconds)} left`;
  const known = [percent, left].filter((part) => part !== undefined);
  return l10n.t`Push of ${what}: ${known.length === 0 ? text : known.join(', ')}.`;
}

function toImage(image: ImageRecord, key: string, isOne: boolean): PageImage {
  const { layers, platform, imageBytes } = image;
  const errors = isOne ? [] : errorsOf(image);
  const count = countLayers(layers.length);
  const facts = [
    count,
    platform,
    imageBytes === undefined ? undefined : l10n.t`${formatBytes(imageBytes)} in the engine`,
  ];
  return {
    key,
    ...(!isOne && { heading: imageToTarget(image.image, image.target) }),
    caption: facts.filter((fact) => fact !== undefined).join(' · '),
    bars: layers.map((layer, at) => toBar(layer, image, at)),
    ...(layers.length === 0 && { emptyText: l10n.t('Its layers are not known yet.') }),
    notices: errors,
    facts: [],
    actions: errors.length === 0 ? [] : [showErrorButton],
  };
}

function toBar(layer: LayerRecord, image: ImageRecord, at: number): PageBar {
  const { diffId, instruction, readTotal, storedTotal, stepBytes } = layer;
  return {
    key: diffId ?? `blob ${at}`,
    number: String(at + 1),
    name: layerName(layer),
    isInstruction: instruction !== undefined,
    look: lookOf(layer, image.state),
    sizeText: layerSize(layer) ?? '–',
    stateText: layerState(layer, image),
    weight: readTotal ?? stepBytes ?? storedTotal ?? 0,
    filled: filledPart(layer),
  };
}

function lookOf({ state }: LayerRecord, imageState: ImageRecord['state']): BarLook {
  if (state === 'exists') return 'there';
  if (state === 'mounted') return 'mounted';
  if (state === 'uploaded' || state === 'superseded' || imageState === 'pushed') return 'done';
  if (isOver(imageState)) return 'stopped';
  if (state === 'uploading') return 'sending';
  return state;
}

/** The part of a layer that the registry was sent. */
function filledPart({ state, sentBytes, storedBytes, storedTotal, readBytes, readTotal }: LayerRecord): number {
  if (state === 'exists' || state === 'mounted') return 0;
  if (state === 'uploaded' || state === 'superseded') return 1;
  if (storedTotal !== undefined) return storedTotal === 0 ? 1 : Math.min(1, sentBytes / storedTotal);
  // While it is compressed: of what is read, the part that is sent.
  if (readTotal === undefined || readTotal === 0 || storedBytes === 0) return 0;
  return Math.min(1, (readBytes / readTotal) * (sentBytes / storedBytes));
}

/** The page of a push whose record was removed. */
export function goneRecordPage(): Page {
  const text = l10n.t('This push is not in the list any more');
  return {
    ...{ mode: 'push', kicker: pushNoun(), title: text, status: { tone: 'neutral', text: l10n.t('Nothing to show') } },
    ...{ facts: [], notices: [], images: [], announcement: text, labels: pageLabels.push },
    actions: [{ id: 'showPushes', label: l10n.t('Show Pushes'), isPrimary: true }],
  };
}
