import * as l10n from '@vscode/l10n';
import type { TeaChestError } from '../../core/base/errors.ts';
import { shortDigest } from '../../core/oci/digest.ts';
import type { ImageLayer, ImageLayers } from '../../core/push/plan/imageLayers.ts';
import type { Page, PageBar } from '../../webview/pushPage/protocol.ts';
import { errorMessage } from '../errors/errorMessages.ts';
import { formatBytes } from '../progress/format.ts';
import { countLayers } from '../progress/imagesText.ts';
import { briefInstruction } from '../progress/layerText.ts';
import { showErrorButton, showLogButton } from './errorButtons.ts';
import { pageLabels } from './pageLabels.ts';

export type LayersState =
  | { readonly kind: 'asking' }
  | { readonly kind: 'read'; readonly image: ImageLayers }
  | { readonly kind: 'failed'; readonly error: TeaChestError };

/** The page of an image: which layers make it large. */
export function layersPage(name: string, state: LayersState): Page {
  const status = statusOf(state);
  const isFailed = state.kind === 'failed';
  return {
    mode: 'layers',
    kicker: l10n.t('Layers of an image'),
    title: name,
    status,
    facts: [],
    actions: [
      { id: 'preview', label: l10n.t('Preview Push…'), isPrimary: !isFailed },
      { id: 'planAgain', label: l10n.t('Read Again'), isPrimary: isFailed },
      ...(isFailed ? [showErrorButton, showLogButton] : []),
    ],
    notices: state.kind === 'failed' ? [{ tone: 'error', text: errorMessage(state.error).message }] : [],
    images: state.kind === 'read' ? [toImage(state.image)] : [],
    announcement: l10n.t`Layers of ${name}: ${status.text}.`,
    labels: pageLabels.layers,
  };
}

function statusOf(state: LayersState): Page['status'] {
  if (state.kind === 'asking') return { tone: 'running', text: l10n.t('Asking the engine') };
  if (state.kind === 'failed') return { tone: 'error', text: l10n.t('The layers could not be read') };
  const { imageBytes, layers } = state.image;
  const [largest] = [...layers].sort((one, other) => (other.bytes ?? 0) - (one.bytes ?? 0));
  const total = totalOf(layers);
  const size = formatBytes(imageBytes);
  if (largest?.bytes === undefined || total === 0) return { tone: 'neutral', text: size };
  const at = layers.indexOf(largest) + 1;
  return {
    tone: 'neutral',
    text: l10n.t`${size}; the largest layer is number ${at}, with ${share(largest.bytes, total)}`,
  };
}

function toImage({ platform, layers }: ImageLayers): Page['images'][number] {
  const total = totalOf(layers);
  const count = countLayers(layers.length);
  const isKnown = layers.some(({ bytes }) => bytes !== undefined);
  const text = l10n.t(
    'The image’s history does not say which step made which layer, so the sizes of the layers are not known.',
  );
  return {
    key: 'layers',
    caption: [count, platform, l10n.t('sizes of the files, uncompressed')]
      .filter((fact) => fact !== undefined)
      .join(' · '),
    bars: layers.map((layer, at) => toBar(layer, at, total)),
    ...(layers.length === 0 && { emptyText: l10n.t('The image has no layers.') }),
    notices: isKnown || layers.length === 0 ? [] : [{ tone: 'neutral', text }],
    ...{ facts: [], actions: [] },
  };
}

function toBar({ diffId, instruction, bytes }: ImageLayer, at: number, total: number): PageBar {
  return {
    key: diffId,
    number: String(at + 1),
    name: instruction === undefined ? l10n.t`Layer ${shortDigest(diffId)}` : briefInstruction(instruction),
    isInstruction: instruction !== undefined,
    look: 'size',
    sizeText: bytes === undefined ? '–' : formatBytes(bytes),
    sendText: bytes === undefined || total === 0 ? '–' : share(bytes, total),
    weight: bytes ?? 0,
    filled: 0,
  };
}

function share(bytes: number, total: number): string {
  const percent = (bytes / total) * 100;
  return percent > 0 && percent < 1 ? l10n.t('less than 1%') : `${Math.round(percent)}%`;
}

function totalOf(layers: readonly ImageLayer[]): number {
  return layers.reduce((sum, { bytes = 0 }) => sum + bytes, 0);
}
