import * as l10n from '@vscode/l10n';
import { TeaChestError } from '../base/errors.ts';
import type { ImageDetails } from '../ports/imageSource.ts';
import type { ResolvedImage } from './resolveImage.ts';

/**
 * True if the engine's image is the one that the registry has. Containerd's store calls an image by the digest of its index
 * or manifest, other stores by that of its config (moby, image/spec). Content that containerd's store lists as missing
 * makes it another image.
 */
export function isPulled(found: ImageDetails, image: ResolvedImage): boolean {
  const { id, storesBlobs, manifests } = found;
  if (storesBlobs !== true) return image.manifests.some(({ config }) => config.digest === id);
  if (id !== image.top.digest) return false;
  const wanted = new Set(image.manifests.map(({ stored }) => stored.digest));
  return manifests === undefined || manifests.some(({ digest, isAvailable }) => isAvailable && wanted.has(digest));
}

/** The image in the engine. @throws TeaChestError `imageMismatch` */
export function requirePulled(found: ImageDetails, image: ResolvedImage, name: string): ImageDetails {
  if (isPulled(found, image)) return found;
  const sentence = l10n.t`The container engine has ${found.id} under ${name}, which is not the image that the registry has there (${image.top.digest}).`;
  throw new TeaChestError('imageMismatch', sentence, { facts: { reference: name, id: found.id } });
}
