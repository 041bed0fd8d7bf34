import { isIndex } from '../oci/mediaTypes.ts';
import { describePlatform } from '../oci/platform.ts';
import type { ImageDetails } from '../ports/imageSource.ts';

/**
 * The notice for a multi-platform image that is published with a manifest of ours: it has one platform only, as an export
 * does. Undefined for other images, and for engines before Docker 28, which do not give the image's media type.
 */
export function platformNotice({ manifestType, platform, manifests = [] }: ImageDetails): string | undefined {
  if (!isIndex(manifestType)) return undefined;
  const pushed = describePlatform(platform) ?? 'one platform';
  const others = manifests
    .filter(({ isAvailable }) => isAvailable)
    .map((manifest) => manifest.platform && describePlatform(manifest.platform))
    .filter((other) => other !== undefined && other !== pushed);
  const left = others.length === 0 ? '' : ` Not pushed, although the engine has it: ${others.join(', ')}.`;
  return `This is a multi-platform image. An export pushes only ${pushed}, without its attestations.${left}`;
}
