import * as l10n from '@vscode/l10n';
import { escapeInvisible, plainText, shortenText } from '../../core/base/plainText.ts';
import type { ComparedLayer, ImageComparison } from '../../core/compare/compareImages.ts';
import type { ContainerSettings, DescribedLayer, ImageDescription } from '../../core/oci/imageDescription.ts';
import { toInstruction } from '../../core/oci/toInstruction.ts';
import { isUncompressedLayer, ociLayerType } from '../../core/oci/mediaTypes.ts';
import { formatBytes } from '../progress/format.ts';
import type { ComparedPair, ComparedSide, SidePosition } from './comparedSide.ts';

/** A value of an image may be very long. */
const longestValue = 10_000;
const longestInstruction = 500;

export interface ComparedImages {
  readonly left: ImageDescription;
  readonly right: ImageDescription;
}

/**
 * The text of one side: a head that both sides have, which says what is equal, and then settings and layers in a form in
 * which a difference of the texts is a difference of the images.
 */
export function comparisonText(
  position: SidePosition,
  pair: ComparedPair,
  images: ComparedImages,
  comparison: ImageComparison,
): string {
  const head = [
    ...relationLines(comparison, pair),
    '',
    sideLine('Left: ', pair.left, images.left),
    sideLine('Right:', pair.right, images.right),
    '',
    ...layerTable(comparison, pair),
  ];
  const body = [...settingLines(images[position]), '', ...layerLines(images[position])];
  return `${[...head, '', '─'.repeat(72), '', ...body].join('\n')}\n`;
}

const escapes: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** A value from outside, as one line in which every difference can be seen. */
function visible(value: string): string {
  const line = value.replace(/[^\S ]|\u0085/g, (space) => escapes[space] ?? unicodeEscape(space));
  return shortenText(escapeInvisible(line), longestValue);
}

function relationLines(comparison: ImageComparison, pair: ComparedPair): readonly string[] {
  return [relationLine(comparison), ...sendLines(comparison, pair)];
}

function relationLine({ relation, areSettingsSame, sharedFromBase, rows }: ImageComparison): string {
  const settings = areSettingsSame ? l10n.t('The settings are the same.') : l10n.t('The settings differ.');
  switch (relation) {
    case 'sameImage':
      return l10n.t('The same image.');
    case 'sameContent':
      return l10n.t(
        'The same layers and the same settings. The images differ only in what else their configs or manifests say.',
      );
    case 'sameLayers':
      return l10n.t('The same layers. The settings differ.');
    case 'noLayers':
      return l10n.t`No layer is shared. ${settings}`;
    case 'someLayers':
      if (sharedFromBase === 0) return l10n.t`Some layers are shared, but not the first. ${settings}`;
      return sharedFromBase === 1
        ? l10n.t`The first of ${rows.length} layers is the same. ${settings}`
        : l10n.t`The first ${sharedFromBase} of ${rows.length} layers are the same. ${settings}`;
  }
}

/** What a push of the right image would send at most to the registry of the left one, which may have more than that tag needs. */
function sendLines({ relation, onlyRight }: ImageComparison, { left, right }: ComparedPair): readonly string[] {
  if (left.kind !== 'registry' || right.kind !== 'engine' || relation === 'sameImage') return [];
  if (onlyRight.length === 0)
    return [l10n.t('A push would send the config and the manifest alone: the registry has all layers.')];
  const sizes = onlyRight.map(({ size }) => size);
  const known = sizes.filter((size) => size !== undefined);
  const bytes = formatBytes(known.reduce((sum, size) => sum + size, 0));
  const layers = onlyRight.length === 1 ? '1 layer' : l10n.t`${onlyRight.length} layers`;
  return known.length < sizes.length
    ? [l10n.t`A push would send at most ${layers}.`]
    : [l10n.t`A push would send at most ${layers} with ${bytes} of files, compressed.`];
}

function sideLine(
  title: string,
  side: ComparedSide,
  { createdAt, platform, manifest, config }: ImageDescription,
): string {
  const place = side.kind === 'engine' ? l10n.t`${side.label} in the container engine` : side.label;
  const facts = [
    place,
    platform ?? l10n.t('no platform'),
    createdAt === undefined ? l10n.t('no build date') : l10n.t`built ${plainText(createdAt, 40)}`,
    manifest === undefined ? l10n.t`config ${config ?? 'unknown'}` : l10n.t`manifest ${manifest}`,
  ];
  return `${title} ${plainText(facts.join(' · '), longestValue)}`;
}

function layerTable({ rows }: ImageComparison, { left, right }: ComparedPair): readonly string[] {
  if (rows.length === 0) return [l10n.t('Neither image has a layer.')];
  const titles = ['LAYER', sizeTitle('LEFT', left), sizeTitle('RIGHT', right), 'SAME', l10n.t('MADE BY')];
  const cells = rows.map((row, at) => [
    String(at + 1),
    sizeCell(row.left),
    sizeCell(row.right),
    row.isShared ? 'yes' : 'no',
    instructionOf(row),
  ]);
  const widths = titles.map((title, column) =>
    Math.max(title.length, ...cells.map((row) => (row[column] ?? '').length)),
  );
  return [titles, ...cells].map((row) =>
    row
      .map((cell, column) => (column < 4 ? cell.padEnd(widths[column] ?? 0) : cell))
      .join('  ')
      .trimEnd(),
  );
}

function sizeTitle(title: string, { kind }: ComparedSide): string {
  return kind === 'engine' ? `${title} (files)` : `${title} (stored)`;
}

function sizeCell(layer: DescribedLayer | undefined): string {
  if (layer === undefined) return '–';
  const size = layer.size === undefined ? '?' : formatBytes(layer.size);
  return layer.blob === undefined ? size : `${size} ${compressionIn(layer.blob.mediaType)}`.trimEnd();
}

function compressionIn(mediaType: string): string {
  if (isUncompressedLayer(mediaType)) return 'uncompressed';
  return /\+(gzip|zstd)$/.exec(ociLayerType(mediaType))?.[1] ?? '';
}

function instructionOf({ left, right, isShared }: ComparedLayer): string {
  const [ours, theirs] = [madeBy(right), madeBy(left)];
  if (isShared || ours === theirs) return ours === '' ? theirs : ours;
  return [theirs, ours].filter((one) => one !== '').join('  →  ');
}

function madeBy(layer: DescribedLayer | undefined): string {
  // Without the values of build arguments, which may be secrets.
  return plainText(toInstruction(layer?.madeBy ?? ''), longestInstruction);
}

function settingLines({ settings, platform }: ImageDescription): readonly string[] {
  const lines = settingsOf(settings).map(([name, value]) => `${name.padEnd(13)} ${visible(value)}`.trimEnd());
  return ['SETTINGS', `${'platform'.padEnd(13)} ${visible(platform ?? '')}`.trimEnd(), ...lines];
}

function settingsOf(settings: ContainerSettings): readonly (readonly [name: string, value: string])[] {
  const { user, workingDir, entrypoint, cmd, env, ports, volumes, labels, stopSignal } = settings;
  const list = (values: readonly string[]): string => (values.length === 0 ? '' : JSON.stringify(values));
  const optional = (name: string, value: string): readonly (readonly [string, string])[] =>
    value === '' ? [] : [[name, value]];
  return [
    ['user', user],
    [l10n.t('working dir'), workingDir],
    ['entrypoint', list(entrypoint)],
    ['command', list(cmd)],
    ...env.map((value) => ['variable', value] as const),
    ...ports.map((value) => ['port', value] as const),
    ...volumes.map((value) => ['volume', value] as const),
    ...labels.map(([name, value]) => ['label', `${name}=${value}`] as const),
    ...optional(l10n.t('stop signal'), stopSignal),
    ...optional(l10n.t('health check'), settings.healthcheck),
    ...optional('shell', list(settings.shell)),
    ...optional(l10n.t('on build'), list(settings.onBuild)),
  ];
}

/** By diffID: the same files are the same line, however they are compressed. */
function layerLines({ layers }: ImageDescription): readonly string[] {
  const lines = layers.map((layer) => layer.diffId ?? layer.blob?.digest ?? 'unknown');
  return ['LAYERS', ...lines];
}
