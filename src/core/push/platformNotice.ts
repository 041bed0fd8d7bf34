import { isIndex } from '../oci/mediaTypes.ts';
import { describePlatform } from '../oci/platform.ts';
import type { ImageDetails } from '../ports/imageSource.ts';

/**
 * What a person must know who pushes a multi-platform image with a manifest of ours: an export is of one platform. As a
 * sentence; undefined for other images, and where the engine does not say what the image is (before Docker 28).
 */
export function platformNotice({ manifestType, platform, manifests = [] }: ImageDetails): string | undefined {
  if (!isIndex(manifestType)) return undefined;
  const pushed = describePlatform(platform) ?? 'one platform';
  const others = manifests
    .filter(({ isAvailable }) => isAvailable)
    .map((manifest) => manifest.platform && describePlatform(manifest.platform))
    .filter((other) => other !== undefined && other !== pushed);
  const left = others.length === 0 ? '' : ` Not pushed, though the engine has it: ${others.join(', ')}.`;
  return `The image is a multi-platform one, of which an export brings only ${pushed}, without its attestations.${left}`;
}
