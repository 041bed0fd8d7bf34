import type { EngineImage } from '../../../core/docker/types.ts';
import type { ImageDetails } from '../../../core/push/contracts.ts';
import { formatPlatform } from '../../../core/oci/platform.ts';
import { formatBytes } from '../../progress/format.ts';

/** The tooltip of an image as Markdown; `details` is undefined where the engine no longer has it. */
export function imageTooltip(
  title: string,
  image: EngineImage,
  details: Pick<ImageDetails, 'diffIds' | 'platform' | 'createdAt'> | undefined,
): string {
  const platform = details?.platform ?? image.platform;
  const others = image.references.filter((reference) => reference !== title);
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['ID', code(image.id)],
    ['Created', (details?.createdAt ?? image.createdAt).replace('T', ' ').replace(/(?:\.\d+)?Z$/, ' UTC')],
    ['Size', `${formatBytes(image.size)} (${image.size.toLocaleString('en')} bytes)`],
    ['Platform', platform && formatPlatform(platform)],
    ['Layers', details && String(details.diffIds.length)],
    ['Used by', image.containers !== undefined && image.containers > 0 ? containers(image.containers) : undefined],
    ['Also', others.length === 0 ? undefined : others.map(code).join(', ')],
  ];
  const shown = rows.filter(([, value]) => value !== undefined && value !== '');
  return [`**${code(title)}**`, ...shown.map(([name, value]) => `${name}: ${value ?? ''}`)].join('  \n');
}

function containers(count: number): string {
  return count === 1 ? '1 container' : `${count} containers`;
}

function code(text: string): string {
  return `\`${text.replaceAll('`', '')}\``;
}
