import type { ImageDetails } from '../ports/imageSource.ts';
import { isListOfImages } from './pushList.ts';

/**
 * Which image it is, for comparison with a later one of the same name. Podman gives a list of images the ID of one of them,
 * so a list is named by its manifests.
 */
export function imageIdentity(image: ImageDetails): string {
  if (!isListOfImages(image)) return image.id;
  return (image.manifests ?? []).map(({ digest }) => digest).join(' ');
}
