import { isIndex } from '../oci/mediaTypes.ts';
import { describePlatform } from '../oci/platform.ts';
import type { ImageDetails } from '../ports/imageSource.ts';

/**
 * The notice for an index that is published with a manifest of ours: what goes out is one platform, as in an export, also
 * where the index has no other one but attestations. Undefined for other images, and for engines before Docker 28, which do not give the image's media type.
 */
export function platformNotice({ manifestType, platform, manifests = [] }: ImageDetails): string | undefined {
  if (!isIndex(manifestType)) return undefined;
  const pushed = describePlatform(platform) ?? 'one platform';
  const others = manifests
    .filter(({ isAvailable }) => isAvailable)
    .map((manifest) => manifest.platform && describePlatform(manifest.platform))
    .filter((other) => other !== undefined && other !== pushed);
  const left = others.length === 0 ? '' : ` Not pushed, although the engine has it: ${others.join(', ')}.`;
  return `The image is an index of platforms or attestations. An export pushes only ${pushed} of it.${left}`;
}
