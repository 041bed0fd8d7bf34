import * as l10n from '@vscode/l10n';
import { TeaChestError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { ContainerCount, EngineImage, EngineVersion } from '../types.ts';
import { countContainers, mergeListed, toListedImage, type ListedImage } from './listedImages.ts';

/** A GET of the engine. `prefix` instead of the version that is spoken with it. */
export type EngineGet = (
  path: string,
  options?: { readonly query?: Readonly<Record<string, unknown>>; readonly prefix?: string },
) => Promise<unknown>;

/** Podman's own API has a version of its own. Podman 4 and 5 serve this one. */
export const podmanPrefix = '/v4.0.0';

/** Since this minor version of the API 1, the list says which manifests an image has. */
const manifestsSince = 47;

/**
 * Tagged and dangling images, not intermediate ones, with the containers that use them: two requests. An unusable record
 * is left out and logged, and hides no other.
 */
export async function listEngineImages(
  get: EngineGet,
  version: EngineVersion,
  logger: Pick<Logger, 'warn'>,
): Promise<readonly Omit<EngineImage, 'taggedAt'>[]> {
  const [records, containers] = await Promise.all([getRecords(get, version), getContainers(get, logger)]);
  const images: ListedImage[] = [];
  for (const record of records) {
    const image = toListedImage(record);
    if ('unusable' in image) logger.warn(`An image is left out of the list: ${image.unusable}.`);
    else images.push(image);
  }
  return mergeListed(images).map((image) => ({ ...image, usedBy: usersOf(image, containers) }));
}

function usersOf(
  { id }: ListedImage,
  containers: ReadonlyMap<string, ContainerCount> | undefined,
): ContainerCount | undefined {
  return containers && (containers.get(id) ?? { running: 0, stopped: 0 });
}

async function getRecords(get: EngineGet, { product, api }: EngineVersion): Promise<readonly unknown[]> {
  const minor = Number(/^1\.(\d+)$/.exec(api)?.[1] ?? 0);
  const query = minor < manifestsSince ? {} : { manifests: true };
  const records =
    (product === 'Podman' ? await getFromPodman(get) : undefined) ?? (await get('/images/json?', { query }));
  if (Array.isArray(records)) return records as readonly unknown[];
  throw new TeaChestError(
    'engineFailed',
    l10n.t('The container engine gave something else than a list of its images.'),
    {
      stage: 'engine',
    },
  );
}

/** By podman's own API, because what it offers to docker's clients leaves manifest lists out. */
async function getFromPodman(get: EngineGet): Promise<unknown> {
  try {
    return await get('/libpod/images/json?', { prefix: podmanPrefix });
  } catch (error) {
    // Podman 3 and a proxy may refuse it.
    if (error instanceof TeaChestError && error.code === 'engineFailed') return undefined;
    throw error;
  }
}

/** Undefined if the engine refuses: a proxy in front of it may let images through alone. */
async function getContainers(
  get: EngineGet,
  logger: Pick<Logger, 'warn'>,
): Promise<ReadonlyMap<string, ContainerCount> | undefined> {
  try {
    return countContainers(await get('/containers/json?', { query: { all: true } }));
  } catch (error) {
    if (!(error instanceof TeaChestError) || error.code !== 'engineFailed') throw error;
    logger.warn(`Which images are in use is not known: ${error.message}`);
    return undefined;
  }
}
