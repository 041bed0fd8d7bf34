import * as l10n from '@vscode/l10n';
import * as v from 'valibot';
import { TeaChestError } from '../../base/errors.ts';
import { lenient, listOf, readValue } from '../../base/json.ts';
import { isDigest, type Digest } from '../../oci/digest.ts';
import { isIndex, mediaTypes } from '../../oci/mediaTypes.ts';
import type { EngineManifest, ImageDetails } from '../../ports/imageSource.ts';
import { engineDigest, obstacleOf, toPlatform } from './imageRecords.ts';
import { podmanPrefix, type EngineGet } from './listEngineImages.ts';

const text = v.fallback(v.string(), '');

/** Every item is kept, however odd: an index must not lose one without a word. */
const listItem = v.looseObject({
  digest: text,
  platform: lenient(v.looseObject({ os: text, architecture: text, variant: lenient(v.string()) })),
});

/** The answer of podman's `GET /libpod/manifests/{name}/json`. */
const manifestList = v.object({
  mediaType: lenient(v.string()),
  manifests: v.array(v.fallback(listItem, { digest: '' })),
});

/** The answer of podman's `GET /libpod/images/json`, as far as it is of use here. */
const listedDigests = listOf(
  v.object({ Id: engineDigest, Digest: lenient(v.string()), RepoDigests: listOf(v.string()) }),
);

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
  let asked: ReturnType<typeof idsByDigest> | undefined;
  const listed = (): ReturnType<typeof idsByDigest> => (asked ??= idsByDigest(get));
  const toManifest = async (item: ManifestList['manifests'][number]): Promise<EngineManifest> => {
    const { digest, platform } = item;
    if (!isDigest(digest)) throw odd(name, digest);
    const imageId = (await idOfDigest(`${repository}@${digest}`, inspect)) ?? (await listed()).get(digest);
    return {
      ...{ digest, isAvailable: imageId !== undefined, imageId },
      ...{ platform: platform && toPlatform({ ...platform, variant: platform.variant ?? '' }), listItem: item },
    };
  };
  // An OCI index need not name its type.
  const manifestType = isIndex(list.mediaType) ? list.mediaType : mediaTypes.ociIndex;
  return { manifestType, manifests: await Promise.all(list.manifests.map(toManifest)) };
}

/** Podman 4 looks for the image of a digest in its lists too, and finds it by each digest that it was listed under. */
async function idOfDigest(
  name: string,
  inspect: (name: string) => Promise<Pick<ImageDetails, 'id'>>,
): Promise<Digest | undefined> {
  try {
    return (await inspect(name)).id;
  } catch (error) {
    if (error instanceof TeaChestError && error.code === 'imageNotFound') return undefined;
    throw error;
  }
}

/** Podman 5 finds an image by a digest only under the image's own name. So its list of images is searched. */
async function idsByDigest(get: EngineGet): Promise<ReadonlyMap<Digest, Digest>> {
  const images = readValue(listedDigests, await getListedDigests(get)) ?? [];
  return new Map(
    images.flatMap(({ Id, Digest: own, RepoDigests }) => {
      const named = RepoDigests.map((reference) => reference.slice(reference.lastIndexOf('@') + 1));
      return [own, ...named].filter((one) => one !== undefined && isDigest(one)).map((digest) => [digest, Id] as const);
    }),
  );
}

/** Undefined if the engine refuses, as a proxy in front of it may. */
async function getListedDigests(get: EngineGet): Promise<unknown> {
  try {
    return await get('/libpod/images/json?', { prefix: podmanPrefix, query: { all: true } });
  } catch (error) {
    if (error instanceof TeaChestError && error.code === 'engineFailed') return undefined;
    throw error;
  }
}

function odd(name: string, digest: string): TeaChestError {
  const sentence = l10n.t`The list ${name} cannot be pushed, because one of its items cannot: ${obstacleOf(digest)}. Remove it from the list (podman manifest remove), or make the list anew.`;
  return new TeaChestError('imageUnsupported', sentence, { stage: 'inspect', facts: { image: name, digest } });
}
