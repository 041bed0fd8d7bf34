import * as l10n from '@vscode/l10n';
import { shortDigest } from '../../core/oci/digest.ts';
import type { ImageRecord, LayerRecord } from '../../core/push/record/pushRecord.ts';
import { isOver } from '../../core/push/record/recordPush.ts';
import { formatBytes, formatBytesOf } from './format.ts';

/** The classic builder names what a layer was copied from by its hash, `COPY dir:…`: its beginning is enough. */
export function briefInstruction(instruction: string): string {
  return instruction.replaceAll(/\b([0-9a-f]{12})[0-9a-f]{52}\b/g, '$1');
}

/** The instruction that made the layer; its diffID where that is not known. */
export function layerName({ instruction, diffId }: LayerRecord): string {
  if (instruction !== undefined) return briefInstruction(instruction);
  return diffId === undefined ? l10n.t('Layer that the engine is sending') : l10n.t`Layer ${shortDigest(diffId)}`;
}

/** `80 MB` as it is stored; `200 MB uncompressed` before that is known. Undefined while neither is. */
export function layerSize({ storedTotal, readTotal }: LayerRecord): string | undefined {
  if (storedTotal !== undefined) return formatBytes(storedTotal);
  return readTotal === undefined ? undefined : l10n.t`${formatBytes(readTotal)} uncompressed`;
}

/**
 * What happens to a layer, in words: `there already`, `mounted`, `waiting`, `compressing 40%`, `reading 40%`,
 * `sending 12 of 80 MB`, `sent, waiting for the registry`, `done`.
 * After a push that did not succeed, how far the layer came.
 */
export function layerState(layer: LayerRecord, image: Pick<ImageRecord, 'state'>): string {
  switch (layer.state) {
    case 'exists':
      return l10n.t('there already');
    case 'mounted':
      return l10n.t('mounted');
    case 'uploaded':
    case 'superseded':
      return l10n.t('done');
    case 'waiting':
    case 'reading':
    case 'uploading':
      // The manifest was accepted, so the registry has every layer.
      if (image.state === 'pushed') return l10n.t('done');
      return isOver(image.state) ? stoppedState(layer) : movingState(layer);
  }
}

/** All its bytes are written to the connection: the kernel may still hold some, and the registry has not confirmed them. */
export function isWritten({ state, sentBytes, storedTotal }: LayerRecord): boolean {
  return state === 'uploading' && storedTotal !== undefined && sentBytes >= storedTotal;
}

function movingState(layer: LayerRecord): string {
  const { state, readBytes, readTotal, sentBytes, isCompressed } = layer;
  if (state === 'waiting') return l10n.t('waiting');
  if (isWritten(layer)) return l10n.t('sent, waiting for the registry');
  if (state === 'uploading') return l10n.t`sending ${sentOfTotal(layer)}`;
  const read = readTotal === undefined || readTotal === 0 ? formatBytes(readBytes) : percent(readBytes / readTotal);
  const sent = sentBytes > 0 ? formatBytes(sentBytes) : undefined;
  if (isCompressed !== true)
    return sent === undefined ? l10n.t`reading ${read}` : l10n.t`reading ${read}, ${sent} sent`;
  return sent === undefined ? l10n.t`compressing ${read}` : l10n.t`compressing ${read}, ${sent} sent`;
}

function stoppedState(layer: LayerRecord): string {
  return layer.sentBytes > 0 ? l10n.t`stopped after ${sentOfTotal(layer)}` : l10n.t('not sent');
}

/** `12 of 80 MB`: the unit once, if both have the same. */
function sentOfTotal({ sentBytes, storedTotal }: LayerRecord): string {
  const sent = formatBytes(sentBytes);
  if (storedTotal === undefined) return sent;
  const total = formatBytes(storedTotal);
  const [amount, unit] = sent.split(' ');
  if (!total.endsWith(` ${unit ?? ''}`)) return formatBytesOf(sentBytes, storedTotal);
  return l10n.t({
    message: '{0} of {1}',
    args: [amount ?? '', total],
    comment: 'Sizes in the same unit: “12 of 80 MB”',
  });
}

function percent(fraction: number): string {
  return `${Math.floor(Math.min(1, fraction) * 100)}%`;
}
