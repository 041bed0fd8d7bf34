import * as v from 'valibot';
import { TeaChestError } from '../../base/errors.ts';
import { lenient, listOf, readValue } from '../../base/json.ts';
import { Semaphore } from '../../base/semaphore.ts';
import type { Platform } from '../../oci/platform.ts';
import type { EngineImage, EngineVersion } from '../types.ts';
import { isBuildDate } from './buildDate.ts';
import { distinctPlatforms, platform, toDate, toPlatform } from './imageRecords.ts';
import { podmanPrefix, type EngineGet } from './listEngineImages.ts';

/** Concurrent inspections: a list may have thousands of images. */
const inspectionsAtOnce = 6;

/** Inspections that one list may need to learn when images without a date were tagged. */
const tagTimesAtOnce = 50;

type Identified = Pick<EngineImage, 'id' | 'references'>;

interface Inspected {
  readonly platforms: readonly Platform[];
  readonly taggedAt: string | undefined;
}

/** What the list of images does not say of each, by inspection; cached. */
export class InspectedFacts {
  readonly #inspect: (image: Identified, signal: AbortSignal) => Promise<Inspected>;
  readonly #inspections = new Semaphore(inspectionsAtOnce);
  readonly #platforms = new Map<string, readonly Platform[]>();
  /** By ID and names, because a new name is a new time. */
  readonly #tagTimes = new Map<string, string | undefined>();

  constructor(inspect: (image: Identified, signal: AbortSignal) => Promise<Inspected>) {
    this.#inspect = inspect;
  }

  async platformsOf(image: Identified, signal: AbortSignal): Promise<readonly Platform[]> {
    return this.#platforms.get(image.id) ?? (await this.#inspected(image, signal)).platforms;
  }

  /** Adds what is known. With `asksForTags`, asks when images without a date were tagged. */
  async addTo(
    images: readonly Omit<EngineImage, 'taggedAt'>[],
    { signal, asksForTags }: { readonly signal: AbortSignal; readonly asksForTags: boolean },
  ): Promise<readonly EngineImage[]> {
    const undated = images.filter(
      ({ createdAt, references, obstacle }) =>
        references.length > 0 && obstacle === undefined && !isBuildDate(createdAt),
    );
    keepOnly(this.#platforms, new Set(images.map(({ id }) => id)));
    keepOnly(this.#tagTimes, new Set(undated.map(tagKey)));
    if (asksForTags) await this.#askForTags(undated, signal);
    return images.map((image) => ({
      ...image,
      platforms: image.platforms ?? this.#platforms.get(image.id),
      taggedAt: this.#tagTimes.get(tagKey(image)),
    }));
  }

  async #askForTags(undated: readonly Identified[], signal: AbortSignal): Promise<void> {
    const unknown = undated.filter((image) => !this.#tagTimes.has(tagKey(image))).slice(0, tagTimesAtOnce);
    await Promise.all(
      unknown.map(async (image) => {
        try {
          await this.#inspected(image, signal);
        } catch (error) {
          // Damaged, or removed meanwhile. The order of one image is not worth the list.
          if (!(error instanceof TeaChestError) || !isAboutTheImage(error)) throw error;
          this.#tagTimes.set(tagKey(image), undefined);
        }
      }),
    );
  }

  #inspected(image: Identified, signal: AbortSignal): Promise<Inspected> {
    return this.#inspections.run(async () => {
      const facts = await this.#inspect(image, signal);
      this.#platforms.set(image.id, facts.platforms);
      this.#tagTimes.set(tagKey(image), facts.taggedAt);
      return facts;
    }, signal);
  }
}

function tagKey({ id, references }: Identified): string {
  return [id, ...references].join(' ');
}

function keepOnly(map: Map<string, unknown>, keys: ReadonlySet<string>): void {
  for (const key of map.keys()) if (!keys.has(key)) map.delete(key);
}

function isAboutTheImage({ code }: TeaChestError): boolean {
  return code === 'engineFailed' || code === 'imageNotFound';
}

const text = v.fallback(v.string(), '');

/** The answer of `GET /images/{name}/json`, as far as it is of use here. */
const inspectedImage = v.object({
  Id: text,
  Os: text,
  Architecture: text,
  Variant: text,
  Metadata: lenient(v.object({ LastTagTime: lenient(v.string()) })),
});

/** The answer of podman's `GET /libpod/manifests/{name}/json`. */
const manifestList = v.object({ manifests: listOf(v.object({ platform })) });

interface InspectCalls {
  /** The answer about an image; rejects with `imageNotFound`. */
  readonly inspect: (image: string) => Promise<unknown>;
  readonly get: EngineGet;
}

/** Rejects with `imageNotFound` if the engine has no such image. */
export async function inspectForFacts(
  { inspect, get }: InspectCalls,
  { product }: EngineVersion,
  image: Identified,
): Promise<Inspected> {
  if (product !== 'Podman') return toFacts(await inspect(image.id));
  try {
    const answer = await inspect(image.id);
    if (isAbout(answer, image)) return toFacts(answer);
    return { platforms: (await podmanList(get, image)) ?? toFacts(answer).platforms, taggedAt: undefined };
  } catch (error) {
    if (!(error instanceof TeaChestError) || error.code !== 'imageNotFound') throw error;
    const platforms = await podmanList(get, image);
    if (platforms === undefined) throw error;
    return { platforms, taggedAt: undefined };
  }
}

function toFacts(answer: unknown): Inspected {
  const { Os = '', Architecture = '', Variant = '', Metadata } = readValue(inspectedImage, answer) ?? {};
  return {
    platforms: distinctPlatforms([toPlatform({ os: Os, architecture: Architecture, variant: Variant })]),
    taggedAt: Metadata?.LastTagTime === undefined ? undefined : toDate(Metadata.LastTagTime),
  };
}

/** False for a manifest list of podman: it finds one by name alone, and then describes one of its images. */
function isAbout(answer: unknown, { id }: Identified): boolean {
  const found = readValue(inspectedImage, answer)?.Id ?? '';
  return found !== '' && id.endsWith(found);
}

async function podmanList(get: EngineGet, { references }: Identified): Promise<readonly Platform[] | undefined> {
  const [name] = references;
  if (name === undefined) return undefined;
  const path = `/libpod/manifests/${name.split('/').map(encodeURIComponent).join('/').replaceAll('%3A', ':')}/json`;
  const list = await get(path, { prefix: podmanPrefix }).catch((error: unknown) => {
    if (error instanceof TeaChestError && error.code === 'engineFailed') return undefined;
    throw error;
  });
  const found = readValue(manifestList, list);
  return found && distinctPlatforms(found.manifests.map((one) => toPlatform(one.platform)));
}
