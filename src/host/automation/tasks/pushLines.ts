import * as l10n from '@vscode/l10n';
import type { Stage } from '../../../core/base/errors.ts';
import { plainText } from '../../../core/base/plainText.ts';
import { shortDigest } from '../../../core/oci/digest.ts';
import type { ImageProgress, ImagesSnapshot } from '../../../core/push/imagesProgress.ts';
import type { LayerStatus } from '../../../core/push/pushEvents.ts';
import { errorMessage } from '../../errors/errorMessages.ts';
import { formatBytes } from '../../progress/format.ts';
import { describeImages } from '../../progress/imagesText.ts';
import { describeBytes, describeDuration, describePush } from '../../progress/pushText.ts';
import type { UnattendedOutcome } from '../../push/pushUnattended.ts';

const stageTexts: Readonly<Partial<Record<Stage, string>>> = {
  inspect: l10n.t('Looking at the image'),
  resolve: l10n.t('Looking at the target'),
  plan: l10n.t('Asking the registry what it has'),
  export: l10n.t('Sending what is missing'),
  manifest: l10n.t('Writing the manifest'),
  check: l10n.t('Checking what the registry stored'),
};

/** These are steps of one transfer, and change many times. */
const transferStages: ReadonlySet<Stage | undefined> = new Set<Stage>(['export', 'verify', 'spool', 'upload']);

/** During these, layers are found that the registry has. */
const stagesBeforeLayers: ReadonlySet<Stage | undefined> = new Set<Stage>(['inspect', 'resolve', 'plan']);

const layerTexts: Readonly<Partial<Record<LayerStatus['state'], string>>> = {
  exists: l10n.t({ message: 'already there', comment: 'Of a layer' }),
  mounted: l10n.t({ message: 'mounted from another repository of the registry', comment: 'Of a layer' }),
  uploaded: l10n.t({ message: 'sent', comment: 'Of a layer' }),
};

/** What has happened since the snapshot before: a line for each stage that began and each layer that is done. */
export function progressLines(before: ImagesSnapshot | undefined, now: ImagesSnapshot): readonly string[] {
  return now.images.flatMap(({ snapshot }, at) => {
    const last = before?.images[at]?.snapshot;
    const prefix = now.images.length === 1 ? '' : `${shortName(snapshot.reference ?? '')}: `;
    const [stages, layers] = [stageLines(last, snapshot), layerLines(last, snapshot)];
    // Layers that are done were done before the next step began.
    const lines = stagesBeforeLayers.has(snapshot.stage) ? [...stages, ...layers] : [...layers, ...stages];
    return lines.map((line) => plainText(prefix + line));
  });
}

type Snapshot = ImageProgress['snapshot'];

function stageLines(before: Snapshot | undefined, now: Snapshot): readonly string[] {
  const stage = stepOf(now.stage);
  const text = stage && stageTexts[stage];
  return text === undefined || stage === stepOf(before?.stage) ? [] : [text];
}

function stepOf(stage: Stage | undefined): Stage | undefined {
  return transferStages.has(stage) ? 'export' : stage;
}

function layerLines(before: Snapshot | undefined, now: Snapshot): readonly string[] {
  return now.layers.flatMap((layer, at) => {
    const text = layerTexts[layer.state];
    if (text === undefined || layer.state === before?.layers[at]?.state) return [];
    const id = layer.diffId === undefined ? '' : ` ${shortDigest(layer.diffId)}`;
    const size = layer.storedTotal === undefined ? '' : `, ${formatBytes(layer.storedTotal)}`;
    return [`${l10n.t`Layer ${at + 1} of ${now.layers.length}`}${id}${size}: ${text}`];
  });
}

/** The one line that changes while bytes move. */
export function movingLine(snapshot: ImagesSnapshot): string {
  const [only, ...others] = snapshot.images;
  return plainText(only !== undefined && others.length === 0 ? describePush(only.snapshot) : describeImages(snapshot));
}

/**
 * What became of each image: what was pushed with its digest, or why not and what to do next. `written`: notices that are
 * in the terminal already.
 */
export function resultLines(
  outcomes: readonly UnattendedOutcome[],
  written: ReadonlySet<string> = new Set(),
): readonly string[] {
  const pushed = outcomes.filter((outcome) => 'result' in outcome);
  const total = outcomes.length > 1 ? [l10n.t`Pushed ${pushed.length} of ${outcomes.length} images.`] : [];
  return [...outcomes.flatMap((outcome) => outcomeLines(outcome, written)), ...total];
}

function outcomeLines(outcome: UnattendedOutcome, written: ReadonlySet<string>): readonly string[] {
  if ('error' in outcome) return [failureLine(outcome.target ?? outcome.image, outcome)];
  const { reference, digest, durationMs, notices, isUnchanged } = outcome.result;
  const bytes = describeBytes(outcome.result);
  const what = isUnchanged === true ? l10n.t`Unchanged: ${reference}` : l10n.t`Pushed ${reference}`;
  return [
    plainText(what),
    `  ${plainText(digest)}`,
    `  ${[bytes, describeDuration(durationMs / 1000)].filter((part) => part !== '').join(', ')}`,
    ...notices.filter((notice) => !written.has(notice)).map((notice) => `  ${plainText(notice)}`),
  ];
}

function failureLine(name: string, { error }: Extract<UnattendedOutcome, { readonly error: unknown }>): string {
  if (error.code === 'cancelled') return plainText(l10n.t`Cancelled: ${name}`);
  return `${plainText(l10n.t`Not pushed: ${name}`)}: ${plainText(errorMessage(error).message)} (${error.code})`;
}

/** Without the registry, which is mostly the same for all. */
function shortName(reference: string): string {
  return reference.slice(reference.indexOf('/') + 1);
}
