import * as l10n from '@vscode/l10n';
import { joinSentences } from '../../../core/base/joinSentences.ts';
import type { ImageRecord, PushRecord, RecordState } from '../../../core/push/record/pushRecord.ts';
import { isOver, toError } from '../../../core/push/record/recordPush.ts';
import { markdownValue, type MarkdownLine } from '../../display/markdownText.ts';
import { markdownTooltip } from '../../display/markdownTooltip.ts';
import type { TreeRow } from '../../display/treeItem.ts';
import { errorMessage } from '../../errors/errorMessages.ts';
import { closingText, elsewhereText } from '../../progress/closingText.ts';
import { formatAge, formatDate } from '../../progress/format.ts';
import { countImages, imageToTarget } from '../../progress/imagesText.ts';
import { isWritten, layerName, layerSize, layerState } from '../../progress/layerText.ts';
import {
  describeBriefly,
  describeBytes,
  describeDuration,
  describeNumbers,
  describePush,
  describeWait,
} from '../../progress/pushText.ts';
import type { ImageNode, LayerNode, NoteNode, PushNode, RunNode } from './pushNodes.ts';

/** What a row depends on beside its record. */
export interface RowContext {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** True if this window runs the push, so that it can be cancelled here. */
  readonly isHere: boolean;
  /** True if the registry shows a page for each image. */
  readonly hasPage: (image: ImageRecord) => boolean;
}

export function pushRow(node: PushNode, context: RowContext): TreeRow {
  switch (node.type) {
    case 'run':
      return runRow(node, context);
    case 'image':
      return imageRow(node, context);
    case 'layer':
      return layerRow(node);
    case 'note':
      return noteRow(node, context);
  }
}

const icons: Readonly<Record<RecordState, string>> = {
  queued: 'watch',
  running: 'sync~spin',
  pushed: 'pass',
  failed: 'error',
  cancelled: 'circle-slash',
  interrupted: 'debug-disconnect',
};

const colors: Readonly<Partial<Record<RecordState, string>>> = {
  pushed: 'charts.green',
  failed: 'testing.iconFailed',
  interrupted: 'list.warningForeground',
};

function runRow({ id, record }: RunNode, context: RowContext): TreeRow {
  const { images, progress, state } = record;
  const name = runName(record);
  const about = describeRun(record, context);
  const elsewhere = context.isHere || isOver(state) ? '' : l10n.t('in another window');
  // While it runs, the rate and the time left come first: a name is often longer than a side bar is wide.
  const [label, rest] =
    state === 'running' ? [describeNumbers(progress), joined([name, describeWait(progress) ?? ''])] : [name, about];
  const all = images.map(({ image, target }) => imageToTarget(image, target)).join(', ');
  const count = state === 'running' && images.length > 1 ? name : '';
  return {
    ...{ id, label, icon: icons[state], color: colors[state], expandable: true },
    description: joined([rest, elsewhere]),
    contextValue: contextValueOf('push', record, images, context),
    accessibleName: l10n.t`Push of ${all}: ${joined([count, about, elsewhere])}`,
    tooltip: markdownTooltip(runLines(record, context)),
  };
}

function runName({ images, state }: PushRecord): string {
  const [only, ...others] = images;
  if (only !== undefined && others.length === 0) return shortTarget(only);
  if (state !== 'running') return countImages(images.length);
  return l10n.t`${images.filter((image) => isOver(image.state)).length} of ${images.length} images`;
}

/** Progress, rate and time left while it runs; the position while it waits; then what became of it, and when. */
function describeRun(record: PushRecord, { now }: RowContext): string {
  const { state, images, progress, position } = record;
  if (state === 'queued')
    return position === undefined || position === 1 ? l10n.t('queued, next') : l10n.t`queued, number ${position}`;
  if (state === 'running') return describeBriefly(progress);
  const pushed = images.filter((image) => image.state === 'pushed');
  const count =
    images.length > 1 && pushed.length < images.length ? [l10n.t`${pushed.length} of ${images.length} pushed`] : [];
  const age = formatAge(new Date(record.endedAt ?? record.queuedAt).toISOString(), now);
  return joined([describeOutcome(state, images), ...count, age]);
}

function describeOutcome(state: RecordState, images: readonly ImageRecord[]): string {
  if (state !== 'pushed') return stateWords[state];
  const results = images.flatMap(({ result }) => result ?? []);
  if (results.length > 0 && results.every(({ isUnchanged }) => isUnchanged === true)) return l10n.t('unchanged');
  const sum = (of: (result: (typeof results)[number]) => number): number =>
    results.reduce((total, result) => total + of(result), 0);
  const bytes = describeBytes({
    uploadedBytes: sum(({ uploadedBytes }) => uploadedBytes),
    mountedBytes: sum(({ mountedBytes }) => mountedBytes),
    skippedBytes: sum(({ skippedBytes }) => skippedBytes),
  });
  return bytes === '' ? l10n.t('pushed') : l10n.t`pushed, ${bytes}`;
}

const stateWords: Readonly<Record<RecordState, string>> = {
  queued: l10n.t('queued'),
  running: l10n.t('running'),
  pushed: l10n.t('pushed'),
  failed: l10n.t('failed'),
  cancelled: l10n.t('cancelled'),
  interrupted: l10n.t('interrupted'),
};

/** Before the time at which a push ended. */
const endTitles = {
  pushed: l10n.t('Pushed'),
  failed: l10n.t('Failed'),
  cancelled: l10n.t('Cancelled'),
  interrupted: l10n.t('Interrupted'),
} as const;

function runLines(record: PushRecord, { isHere }: RowContext): readonly MarkdownLine[] {
  const { state, images, startedAt, endedAt, queuedAt } = record;
  const [only, ...others] = images;
  const lines: MarkdownLine[] =
    only !== undefined && others.length === 0
      ? [...imageLines(only)]
      : images.map(({ target }) => [markdownValue(target)]);
  const start = startedAt ?? queuedAt;
  if (isOver(state)) {
    const took = endedAt === undefined ? '' : ` (${describeDuration((endedAt - start) / 1000)})`;
    return [...lines, [`${endTitles[state]}: `, markdownValue(formatDate(endedAt ?? start)), took]];
  }
  if (state === 'running') lines.push([describePush(record.progress)]);
  if (!isHere) return [...lines, [elsewhereText()]];
  return [...lines, [closingText(state)]];
}

function imageLines({ image, target, platform, result, error }: ImageRecord): readonly MarkdownLine[] {
  return [
    ['**', markdownValue(target), '**'],
    [
      l10n.t`Image: ${markdownValue(image).value}`,
      ...(platform === undefined || platform === '' ? [] : [' ', markdownValue(platform)]),
    ],
    ...(result === undefined ? [] : [[l10n.t`Digest: ${markdownValue(result.digest).value}`]]),
    ...(error === undefined || error.code === 'cancelled'
      ? []
      : [[markdownValue(errorMessage(toError(error)).message)]]),
  ];
}

function imageRow({ id, record, image }: ImageNode, context: RowContext): TreeRow {
  const { state } = image;
  const description = state === 'running' ? runningImage(image) : describeOutcome(state, [image]);
  return {
    ...{ id, label: shortTarget(image), description, icon: icons[state], color: colors[state], expandable: true },
    contextValue: contextValueOf('image', record, [image], context),
    accessibleName: l10n.t`Push of ${imageToTarget(image.image, image.target)}: ${description}`,
    tooltip: markdownTooltip(imageLines(image)),
  };
}

/** How many of its layers the registry has: the bytes of layers that images share are counted for the whole run. */
function runningImage({ layers }: ImageRecord): string {
  if (layers.length === 0) return l10n.t('waiting');
  const done = layers.filter(({ state }) => state !== 'waiting' && state !== 'reading' && state !== 'uploading').length;
  if (layers.length === 1) return l10n.t`${done} of 1 layer done`;
  return l10n.t`${done} of ${layers.length} layers done`;
}

/** The state comes first: an instruction is often longer than a side bar is wide. */
function layerRow({ id, image, layer }: LayerNode): TreeRow {
  const words = layerState(layer, image);
  const size = layerSize(layer) ?? '';
  // `sending 12 of 80 MB` has it already.
  const state = joined([words, words.includes(size) ? '' : size]);
  const name = layerName(layer);
  return {
    ...{ id, contextValue: 'layer', label: state, description: name, expandable: false },
    icon: layerIcon(layer, image.state),
    accessibleName: `${name}: ${state}`,
    tooltip: markdownTooltip([
      [markdownValue(name)],
      ...(layer.diffId === undefined
        ? []
        : [[l10n.t`Digest of the uncompressed layer (diffID): ${markdownValue(layer.diffId).value}`]]),
      [state],
    ]),
  };
}

function layerIcon(layer: LayerNode['layer'], image: RecordState): string {
  const { state } = layer;
  if (state === 'exists' || state === 'mounted') return 'check-all';
  if (state === 'uploaded' || state === 'superseded' || image === 'pushed') return 'check';
  if (isOver(image)) return 'circle-slash';
  if (state === 'waiting') return 'circle-outline';
  if (state === 'reading') return layer.isCompressed === true ? 'file-zip' : 'export';
  return isWritten(layer) ? 'cloud' : 'cloud-upload';
}

function noteRow(node: NoteNode, context: RowContext): TreeRow {
  const { id, record, image } = node;
  const { text, icon } = noteOf(image);
  const isFailure = image.state === 'failed';
  return {
    ...{ id, label: text, description: '', icon, expandable: false, accessibleName: text, tooltip: text },
    contextValue: contextValueOf('note', record, [image], context),
    ...(isFailure && {
      command: { command: 'teaChest.pushes.showError', title: l10n.t('Show Error'), arguments: [node] },
    }),
  };
}

function noteOf(image: ImageRecord): { readonly text: string; readonly icon: string } {
  const { state, error, result } = image;
  if (state === 'failed' && error !== undefined) return { text: errorMessage(toError(error)).message, icon: 'error' };
  if (state === 'interrupted') {
    const how =
      error?.facts.isWindowClosed === true
        ? l10n.t('Its window closed during the push.')
        : l10n.t('VS Code ended during the push.');
    const next = l10n.t('Push it again: layers that arrived are not sent again.');
    return { text: joinSentences(how, next), icon: 'info' };
  }
  if (result?.isUnchanged === true)
    return { text: l10n.t('The tag was this image already: nothing was sent.'), icon: 'info' };
  if (state === 'queued') return { text: l10n.t('It begins when a running push has ended.'), icon: 'info' };
  return {
    text: isOver(state) ? l10n.t('It ended before its layers were known.') : l10n.t('Its layers are not known yet.'),
    icon: 'info',
  };
}

/**
 * The `when` clauses of package.json use it: the type of the row, the state, and then what can be done with it. `here`: this
 * window runs it. `digest`: it was published. `web`: it has a page.
 */
function contextValueOf(
  type: string,
  record: PushRecord,
  images: readonly ImageRecord[],
  { isHere, hasPage }: RowContext,
): string {
  const [only, ...others] = images;
  const state = others.length === 0 ? (only?.state ?? record.state) : record.state;
  const published = images.filter((image) => image.result !== undefined);
  const isOne = others.length === 0;
  return [
    ...[type, state],
    ...(isHere && !isOver(record.state) ? ['here'] : []),
    ...(isOver(record.state) ? ['over'] : []),
    ...(published.length > 0 ? ['digest'] : []),
    ...(isOne && published.length > 0 ? ['shown'] : []),
    ...(isOne && published.some(hasPage) ? ['web'] : []),
  ].join('.');
}

/** Without the registry: `dev/app:1.2`. */
function shortTarget({ target }: ImageRecord): string {
  return target.slice(target.indexOf('/') + 1);
}

function joined(parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(' · ');
}
