import type { RegistryContents } from '../../../core/gitea/browse/registryContents.ts';
import type { Digest } from '../../../core/oci/digest.ts';
import { readManifest } from '../../../core/oci/manifest.ts';
import type { ImageDetails } from '../../../core/ports/imageSource.ts';
import type { Target } from '../../targets/target.ts';

/**
 * The digest for which the tag stands if that is another image than this one; undefined if there is no such tag, or it is
 * this image. One HEAD, and where that does not tell, one GET: the manifest names its config, whose digest is the ID of an
 * image in Docker's classic store and in podman.
 */
export async function otherImageAtTag(
  contents: RegistryContents,
  { repository: name, tag }: Target,
  image: Pick<ImageDetails, 'id' | 'manifests'>,
  signal: AbortSignal,
): Promise<Digest | undefined> {
  const repository = await contents.open(name, { signal });
  const there = await repository.headManifest(tag, { signal });
  if (there === undefined) return undefined;
  const ours = new Set<string | undefined>([image.id, ...(image.manifests ?? []).map(({ digest }) => digest)]);
  if (there.digest !== undefined && ours.has(there.digest)) return undefined;
  const stored = await repository.readManifest(tag, { signal });
  if (stored === undefined) return undefined;
  const manifest = readManifest(stored.bytes);
  return manifest?.kind === 'image' && ours.has(manifest.config.digest) ? undefined : stored.digest;
}
