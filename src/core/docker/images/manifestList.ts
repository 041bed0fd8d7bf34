import * as v from 'valibot';
import { TeaChestError } from '../../base/errors.ts';
import { lenient, listOf, readValue } from '../../base/json.ts';
import { digestSchema, type Digest } from '../../oci/digest.ts';
import type { EngineManifest, ImageDetails } from '../../ports/imageSource.ts';
import { toPlatform } from './imageRecords.ts';
import { podmanPrefix, type EngineGet } from './listEngineImages.ts';

/** The answer of podman's `GET /libpod/manifests/{name}/json`. */
const manifestList = v.object({
  mediaType: lenient(v.string()),
  manifests: listOf(
    v.looseObject({
      digest: lenient(digestSchema),
      platform: v.looseObject({ os: v.string(), architecture: v.string(), variant: lenient(v.string()) }),
    }),
  ),
});

type ManifestList = Readonly<v.InferOutput<typeof manifestList>>;

/** Podman's manifest list of that name; undefined if the name is not that of a list. */
export async function getManifestList(get: EngineGet, name: string): Promise<ManifestList | undefined> {
  const path = `/libpod/manifests/${name.split('/').map(encodeURIComponent).join('/').replaceAll('%3A', ':')}/json`;
  const list = await get(path, { prefix: podmanPrefix }).catch((error: unknown) => {
    if (error instanceof TeaChestError && error.code === 'engineFailed') return undefined;
    throw error;
  });
  return readValue(manifestList, list);
}

/**
 * Docker's API shows of podman's manifest list only the image of one platform. This gives the list's manifests, and by
 * which ID the engine has the image of each. Empty if `name` is no list.
 */
export async function describeManifestList(
  name: string,
  get: EngineGet,
  inspect: (name: string) => Promise<Pick<ImageDetails, 'id'>>,
): Promise<Pick<ImageDetails, 'manifestType' | 'manifests'>> {
  const list = await getManifestList(get, name);
  if (list === undefined) return {};
  const repository = name.replace(/@.*$/, '').replace(/:[^/:]*$/, '');
  const toManifest = async (item: ManifestList['manifests'][number], digest: Digest): Promise<EngineManifest> => {
    // Podman looks for the image of a digest in its lists too.
    const found = await inspect(`${repository}@${digest}`).catch((error: unknown) => {
      if (error instanceof TeaChestError && error.code === 'imageNotFound') return undefined;
      throw error;
    });
    return {
      ...{ digest, isAvailable: found !== undefined, imageId: found?.id },
      ...{ platform: toPlatform({ ...item.platform, variant: item.platform.variant ?? '' }), listItem: item },
    };
  };
  const manifests = list.manifests.flatMap((item) =>
    item.digest === undefined ? [] : [toManifest(item, item.digest)],
  );
  return { manifestType: list.mediaType, manifests: await Promise.all(manifests) };
}
