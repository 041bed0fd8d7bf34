import * as l10n from '@vscode/l10n';
import { joinSentences } from '../../core/base/joinSentences.ts';
import { escapeInvisible, plainText, shortenText } from '../../core/base/plainText.ts';
import { padToWidth, textWidth } from '../../core/base/textWidth.ts';
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
    ...sideLines(pair, images),
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
      return joinSentences(l10n.t('No layer is shared.'), settingsSentence(areSettingsSame));
    case 'someLayers':
      return joinSentences(sharedSentence(sharedFromBase, rows.length), settingsSentence(areSettingsSame));
  }
}

function settingsSentence(areSame: boolean): string {
  return areSame ? l10n.t('The settings are the same.') : l10n.t('The settings differ.');
}

function sharedSentence(sharedFromBase: number, count: number): string {
  if (sharedFromBase === 0) return l10n.t('Some layers are shared, but not the first.');
  return sharedFromBase === 1
    ? l10n.t`The first of ${count} layers is the same.`
    : l10n.t`The first ${sharedFromBase} of ${count} layers are the same.`;
}

/** What a push of the right image would send at most to the registry of the left one, which may have more than that tag needs. */
function sendLines({ relation, onlyRight }: ImageComparison, { left, right }: ComparedPair): readonly string[] {
  if (left.kind !== 'registry' || right.kind !== 'engine' || relation === 'sameImage') return [];
  if (onlyRight.length === 0)
    return [l10n.t('A push would send the config and the manifest alone: the registry has all layers.')];
  const sizes = onlyRight.map(({ size }) => size);
  const known = sizes.filter((size) => size !== undefined);
  const bytes = formatBytes(known.reduce((sum, size) => sum + size, 0));
  return [sendLine(onlyRight.length, known.length < sizes.length ? undefined : bytes)];
}

function sendLine(count: number, bytes: string | undefined): string {
  if (bytes === undefined) {
    return count === 1
      ? l10n.t('A push would send at most 1 layer.')
      : l10n.t`A push would send at most ${count} layers.`;
  }
  return count === 1
    ? l10n.t`A push would send at most 1 layer with ${bytes} of files, compressed.`
    : l10n.t`A push would send at most ${count} layers with ${bytes} of files, compressed.`;
}

function sideLines({ left, right }: ComparedPair, images: ComparedImages): readonly string[] {
  const [leftTitle, rightTitle] = [l10n.t('Left:'), l10n.t('Right:')];
  const width = Math.max(textWidth(leftTitle), textWidth(rightTitle));
  return [
    sideLine(padToWidth(leftTitle, width), left, images.left),
    sideLine(padToWidth(rightTitle, width), right, images.right),
  ];
}

function sideLine(
  title: string,
  side: ComparedSide,
  { createdAt, platform, manifest, config }: ImageDescription,
): string {
  const name = side.kind === 'engine' ? l10n.t`${side.label} in the container engine` : side.label;
  const facts = [
    name,
    platform ?? l10n.t('no platform'),
    createdAt === undefined ? l10n.t('no build date') : l10n.t`built ${plainText(createdAt, 40)}`,
    manifest === undefined ? describeConfig(config) : l10n.t`manifest ${manifest}`,
  ];
  return `${title} ${plainText(facts.join(' · '), longestValue)}`;
}

function describeConfig(config: string | undefined): string {
  return config === undefined ? l10n.t('config unknown') : l10n.t`config ${config}`;
}

function layerTable({ rows }: ImageComparison, { left, right }: ComparedPair): readonly string[] {
  if (rows.length === 0) return [l10n.t('Neither image has a layer.')];
  const titles = [
    l10n.t({ message: 'LAYER', comment: 'Title of a column: the number of a layer' }),
    leftTitle(left),
    rightTitle(right),
    l10n.t({ message: 'SAME', comment: 'Title of a column: whether both images have the layer, yes or no' }),
    l10n.t({ message: 'MADE BY', comment: 'Title of a column: the instruction that made a layer' }),
  ];
  const cells = rows.map((row, at) => [
    String(at + 1),
    sizeCell(row.left),
    sizeCell(row.right),
    row.isShared ? l10n.t('yes') : l10n.t('no'),
    instructionOf(row),
  ]);
  const widths = titles.map((title, column) =>
    Math.max(textWidth(title), ...cells.map((row) => textWidth(row[column] ?? ''))),
  );
  return [titles, ...cells].map((row) =>
    row
      .map((cell, column) => (column < 4 ? padToWidth(cell, widths[column] ?? 0) : cell))
      .join('  ')
      .trimEnd(),
  );
}

function leftTitle({ kind }: ComparedSide): string {
  return kind === 'engine'
    ? l10n.t({ message: 'LEFT (files)', comment: 'Title of a column: sizes of the files in the layers' })
    : l10n.t({ message: 'LEFT (stored)', comment: 'Title of a column: sizes of the layers as they are stored' });
}

function rightTitle({ kind }: ComparedSide): string {
  return kind === 'engine'
    ? l10n.t({ message: 'RIGHT (files)', comment: 'Title of a column: sizes of the files in the layers' })
    : l10n.t({ message: 'RIGHT (stored)', comment: 'Title of a column: sizes of the layers as they are stored' });
}

function sizeCell(layer: DescribedLayer | undefined): string {
  if (layer === undefined) return '–';
  const size = layer.size === undefined ? '?' : formatBytes(layer.size);
  return layer.blob === undefined ? size : `${size} ${compressionIn(layer.blob.mediaType)}`.trimEnd();
}

function compressionIn(mediaType: string): string {
  if (isUncompressedLayer(mediaType)) return l10n.t({ message: 'uncompressed', comment: 'Of a layer, after its size' });
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
  const all = [[settingNames.platform, platform ?? ''] as const, ...settingsOf(settings)];
  const lines = all.map(([name, value]) => `${padToWidth(name, settingWidth)} ${visible(value)}`.trimEnd());
  return [l10n.t({ message: 'SETTINGS', comment: 'Title of a section: the settings of an image' }), ...lines];
}

const settingNames = {
  platform: l10n.t({ message: 'platform', comment: 'A setting of an image' }),
  user: l10n.t({ message: 'user', comment: 'A setting of an image: USER of a Dockerfile' }),
  workingDir: l10n.t({ message: 'working dir', comment: 'A setting of an image: WORKDIR of a Dockerfile' }),
  entrypoint: l10n.t({ message: 'entrypoint', comment: 'A setting of an image: ENTRYPOINT of a Dockerfile' }),
  cmd: l10n.t({ message: 'command', comment: 'A setting of an image: CMD of a Dockerfile' }),
  variable: l10n.t({ message: 'variable', comment: 'A setting of an image: ENV of a Dockerfile' }),
  port: l10n.t({ message: 'port', comment: 'A setting of an image: EXPOSE of a Dockerfile' }),
  volume: l10n.t({ message: 'volume', comment: 'A setting of an image: VOLUME of a Dockerfile' }),
  label: l10n.t({ message: 'label', comment: 'A setting of an image: LABEL of a Dockerfile' }),
  stopSignal: l10n.t({ message: 'stop signal', comment: 'A setting of an image: STOPSIGNAL of a Dockerfile' }),
  healthcheck: l10n.t({ message: 'health check', comment: 'A setting of an image: HEALTHCHECK of a Dockerfile' }),
  shell: l10n.t({ message: 'shell', comment: 'A setting of an image: SHELL of a Dockerfile' }),
  onBuild: l10n.t({ message: 'on build', comment: 'A setting of an image: ONBUILD of a Dockerfile' }),
};

/** The same for all images, or the texts of equal settings would differ. */
const settingWidth = Math.max(13, ...Object.values(settingNames).map(textWidth));

function settingsOf(settings: ContainerSettings): readonly (readonly [name: string, value: string])[] {
  const { user, workingDir, entrypoint, cmd, env, ports, volumes, labels, stopSignal } = settings;
  const list = (values: readonly string[]): string => (values.length === 0 ? '' : JSON.stringify(values));
  const optional = (name: string, value: string): readonly (readonly [string, string])[] =>
    value === '' ? [] : [[name, value]];
  return [
    [settingNames.user, user],
    [settingNames.workingDir, workingDir],
    [settingNames.entrypoint, list(entrypoint)],
    [settingNames.cmd, list(cmd)],
    ...env.map((value) => [settingNames.variable, value] as const),
    ...ports.map((value) => [settingNames.port, value] as const),
    ...volumes.map((value) => [settingNames.volume, value] as const),
    ...labels.map(([name, value]) => [settingNames.label, `${name}=${value}`] as const),
    ...optional(settingNames.stopSignal, stopSignal),
    ...optional(settingNames.healthcheck, settings.healthcheck),
    ...optional(settingNames.shell, list(settings.shell)),
    ...optional(settingNames.onBuild, list(settings.onBuild)),
  ];
}

/** By diffID: the same files are the same line, however they are compressed. */
function layerLines({ layers }: ImageDescription): readonly string[] {
  const lines = layers.map(
    (layer) => layer.diffId ?? layer.blob?.digest ?? l10n.t({ message: 'unknown', comment: 'A layer' }),
  );
  return [l10n.t({ message: 'LAYERS', comment: 'Title of a section: the layers of an image' }), ...lines];
}
