import * as l10n from '@vscode/l10n';
import { quoted } from '../../base/quoted.ts';
import { TeaChestError } from '../../base/errors.ts';
import { joinFirst } from '../../base/joinFirst.ts';
import { shortDigest, type Digest } from '../../oci/digest.ts';
import type { Descriptor } from '../../oci/manifest.ts';
import { isForeignLayer } from '../../oci/mediaTypes.ts';
import type { ImageDetails } from '../../ports/imageSource.ts';
import { manifestName } from '../chooseManifests.ts';
import type { AttemptContext } from '../pushContext.ts';
import type { ManifestGraph } from './storedManifests.ts';

export function unreadableManifest(image: ImageDetails): TeaChestError {
  const sentence = l10n.t`The engine’s archive of ${nameOf(image)} has no manifest ${shortDigest(image.id)} that can be read: it is missing, too large, or names digests that are not sha256.`;
  return new TeaChestError('archiveInvalid', sentence, { stage: 'verify', facts: { image: image.id } });
}

/** Neither the engine nor the registry has them. */
export function missingBlobs(
  image: ImageDetails,
  manifests: readonly Digest[],
  blobs: readonly Descriptor[],
): TeaChestError {
  const parts = [
    ...manifests.map(manifestName),
    ...blobs.map(({ digest, size }) =>
      l10n.t({
        message: '{0} ({1} bytes)',
        args: [shortDigest(digest), size],
        comment: 'A part of an image, in a list of parts.',
      }),
    ),
  ];
  return new TeaChestError(
    'engineFailed',
    l10n.t`The container engine has only a part of ${nameOf(image)}, and the registry lacks the rest too: ${joinFirst(parts, 8)}. Pull the image again, or its base image, or build it anew.`,
    { stage: 'export', facts: { image: nameOf(image), missing: [...manifests, ...blobs.map(({ digest }) => digest)] } },
  );
}

/**
 * A layer that engines neither push nor export, because it may not be distributed (image-spec, layer.md
 * §Non-Distributable Layers). Gitea rejects a manifest without its blob (docs/gitea.md); other registries may take it.
 */
export function unsendableLayer(
  { blobs }: Pick<ManifestGraph, 'blobs'>,
  { image, target }: Pick<AttemptContext, 'image' | 'target'>,
): { readonly digest: Digest; readonly error: TeaChestError } | undefined {
  const layer = [...blobs.values()].find(({ mediaType }) => isForeignLayer(mediaType));
  if (layer === undefined || target.kind === 'generic') return undefined;
  const sentence = l10n.t`${nameOf(image)} has the layer ${shortDigest(layer.digest)} of the type ${layer.mediaType}, which may not be distributed: container engines do not give it out, and Gitea takes no image whose layers it does not have.`;
  const facts = { image: nameOf(image), digest: layer.digest, mediaType: layer.mediaType };
  return { digest: layer.digest, error: new TeaChestError('imageUnsupported', sentence, { stage: 'verify', facts }) };
}

function nameOf({ references, id }: ImageDetails): string {
  return quoted(references[0] ?? shortDigest(id));
}
