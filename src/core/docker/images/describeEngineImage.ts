import * as l10n from '@vscode/l10n';
import * as v from 'valibot';
import { TeaChestError } from '../../base/errors.ts';
import { readValue } from '../../base/json.ts';
import type { Digest } from '../../oci/digest.ts';
import { containerSettings, noSettings, type ImageDescription } from '../../oci/imageDescription.ts';
import { describePlatform, findByPlatform } from '../../oci/platform.ts';
import { stepsOfLayers } from '../../oci/stepsOfLayers.ts';
import type { ImageDetails } from '../../ports/imageSource.ts';
import type { EngineVersion } from '../types.ts';
import { imagePath } from '../client/imageRequests.ts';
import { readHistory } from './imageHistory.ts';
import { toImageDetails } from './imageRecords.ts';
import type { EngineGet } from './listEngineImages.ts';

/** Since this minor version of the API 1, `inspect` can be asked for one platform of an index. */
const platformsSince = 49;

const inspected = v.object({
  Config: v.fallback(v.pipe(v.nullish(v.unknown(), {}), containerSettings), noSettings),
});

/**
 * Settings and layers of an image of the engine, by inspect and history: nothing is exported. `platform`: which image of an
 * index; absent for the one that the engine describes by itself. Rejects with `imageNotFound`.
 */
export async function describeEngineImage(
  get: EngineGet,
  { api }: EngineVersion,
  image: ImageDetails,
  platform: string | undefined,
): Promise<ImageDescription> {
  const path = `/images/${imagePath(image.id)}`;
  const query = platformQuery(image, api, platform);
  const [answer, history] = await Promise.all([get(`${path}/json?`, { query }), get(`${path}/history?`, { query })]);
  const { diffIds, platform: found, createdAt } = toImageDetails(answer);
  const steps = stepsOfLayers(readHistory(history), diffIds.length);
  const named = describePlatform(found);
  return {
    ...identityOf(image, named),
    platform: named,
    createdAt,
    settings: readValue(inspected, answer)?.Config ?? noSettings,
    layers: diffIds.map((diffId, at) => ({
      diffId,
      blob: undefined,
      size: steps?.[at]?.size,
      madeBy: steps?.[at]?.createdBy,
    })),
  };
}

function platformQuery(
  { platform, id }: ImageDetails,
  api: string,
  wanted: string | undefined,
): Readonly<Record<string, string>> {
  if (wanted === undefined || wanted === describePlatform(platform)) return {};
  if (Number(api.split('.')[1] ?? 0) < platformsSince) {
    const shown = describePlatform(platform);
    const why =
      shown === undefined
        ? l10n.t`This engine describes only one platform of the image ${id}, not ${wanted}. Docker 28.1 and newer describe each platform.`
        : l10n.t`This engine describes only ${shown} of the image ${id}, not ${wanted}. Docker 28.1 and newer describe each platform.`;
    throw new TeaChestError('imageUnsupported', why, { stage: 'inspect' });
  }
  const [os = '', architecture = '', variant] = wanted.split('/');
  return { platform: JSON.stringify({ os, architecture, ...(variant !== undefined && { variant }) }) };
}

/** Containerd's store names an image by its manifest or index, other stores by its config. */
function identityOf(
  { id, storesBlobs, manifests }: ImageDetails,
  platform: string | undefined,
): { readonly manifest: Digest | undefined; readonly config: Digest | undefined } {
  if (storesBlobs !== true) return { manifest: undefined, config: manifests === undefined ? id : undefined };
  const listed = (manifests ?? []).flatMap(({ platform: of, digest, attests }) =>
    of === undefined || attests !== undefined ? [] : [{ platform: of, digest }],
  );
  const [only, ...others] = platform === undefined ? [] : findByPlatform(platform, listed, (one) => one.platform);
  return { manifest: others.length === 0 ? (only?.digest ?? id) : undefined, config: undefined };
}
