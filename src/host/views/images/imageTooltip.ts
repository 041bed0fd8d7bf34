import * as l10n from '@vscode/l10n';
import { formatCount } from '../../../core/base/formatNumber.ts';
import type { EngineImage } from '../../../core/docker/types.ts';
import type { ImageDetails } from '../../../core/ports/imageSource.ts';
import { describePlatform, type Platform } from '../../../core/oci/platform.ts';
import { markdownValue, type MarkdownLine } from '../../display/markdownText.ts';
import { formatBytes, formatDate } from '../../progress/format.ts';
import { countContainers, describeArtifact, describePlatforms } from './imageFacts.ts';

/** The tooltip of an image. `details` is undefined if the engine no longer has it. */
export function imageTooltip(
  title: string,
  image: EngineImage,
  details: Pick<ImageDetails, 'diffIds' | 'platform' | 'createdAt'> | undefined,
): readonly MarkdownLine[] {
  const names = [...image.references, ...image.digestReferences];
  const also = names
    .filter((name) => name !== title)
    .flatMap((name, index) => [index === 0 ? `${l10n.t('Also:')} ` : ', ', markdownValue(name)]);
  const created = formatDate(details === undefined ? image.createdAt : (details.createdAt ?? ''));
  const layers = image.isArtifact ? undefined : details?.diffIds.length;
  return [
    ['**', markdownValue(title), '**'],
    ...(image.obstacle === undefined ? [] : [[`${l10n.t('Cannot be pushed:')} `, markdownValue(image.obstacle)]]),
    ['ID: ', markdownValue(image.id)],
    ...(created === '' ? [] : [[`${l10n.t('Created:')} `, markdownValue(created)]]),
    ...(image.taggedAt === undefined ? [] : [[`${l10n.t('Tagged:')} `, markdownValue(formatDate(image.taggedAt))]]),
    [l10n.t`Size: ${formatBytes(image.size)} (${formatCount(image.size)} bytes)`],
    ...(image.isArtifact
      ? [[`${l10n.t('Kind:')} `, markdownValue(describeArtifact(image))]]
      : platformLines(image, details)),
    ...(layers === undefined ? [] : [[l10n.t`Layers: ${layers}`]]),
    ...containerLines(image),
    ...(also.length === 0 ? [] : [also]),
  ];
}

function platformLines(
  image: EngineImage,
  details: { readonly platform: Platform } | undefined,
): readonly MarkdownLine[] {
  const single = details && describePlatform(details.platform);
  const all = describePlatforms(image.platforms ?? []);
  const platforms = all === '' ? (single ?? '') : all;
  if (platforms !== '') return [[`${l10n.t('Platform:')} `, markdownValue(platforms)]];
  return details === undefined ? [] : [[l10n.t('Platform: unknown')]];
}

function containerLines(image: EngineImage): readonly MarkdownLine[] {
  const counts = countContainers(image);
  return counts === undefined ? [] : [[l10n.t`In use by: ${counts}`]];
}
