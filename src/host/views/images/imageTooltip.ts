import type { EngineImage } from '../../../core/docker/types.ts';
import type { ImageDetails } from '../../../core/ports/imageSource.ts';
import { describePlatform } from '../../../core/oci/platform.ts';
import { markdownValue, type MarkdownLine } from '../../display/markdownText.ts';
import { formatBytes } from '../../progress/format.ts';

/** The tooltip of an image. `details` is undefined if the engine no longer has it. */
export function imageTooltip(
  title: string,
  image: EngineImage,
  details: Pick<ImageDetails, 'diffIds' | 'platform' | 'createdAt'> | undefined,
): readonly MarkdownLine[] {
  const platform = details?.platform ?? image.platform;
  const others = image.references.filter((reference) => reference !== title);
  const created = (details?.createdAt ?? image.createdAt).replace('T', ' ').replace(/(?:\.\d+)?Z$/, ' UTC');
  const runsOn = platform && describePlatform(platform);
  const users = image.containers ?? 0;
  const also = others.flatMap((one, index) => [index === 0 ? 'Also: ' : ', ', markdownValue(one)]);
  return [
    ['**', markdownValue(title), '**'],
    ['ID: ', markdownValue(image.id)],
    ...(created === '' ? [] : [['Created: ', markdownValue(created)]]),
    [`Size: ${formatBytes(image.size)} (${image.size.toLocaleString('en')} bytes)`],
    ...(runsOn === undefined ? [] : [['Platform: ', markdownValue(runsOn)]]),
    ...(details === undefined ? [] : [[`Layers: ${details.diffIds.length}`]]),
    ...(users === 0 ? [] : [[`Used by: ${users === 1 ? '1 container' : `${users} containers`}`]]),
    ...(also.length === 0 ? [] : [also]),
  ];
}
