import * as v from 'valibot';
import { TeaChestError, type ErrorCode } from '../../base/errors.ts';
import { lenient, readValue } from '../../base/json.ts';
import { Semaphore } from '../../base/semaphore.ts';
import type { Platform } from '../../oci/platform.ts';
import type { EngineImage, EngineVersion } from '../types.ts';
import { longestArtifact } from './artifactType.ts';
import { isBuildDate } from '../../oci/buildDate.ts';
import { distinctPlatforms, toDate, toPlatform } from './imageRecords.ts';
import type { EngineGet } from './listEngineImages.ts';
import { getManifestList } from './manifestList.ts';

/** Concurrent inspections: a list may have thousands of images. */
const inspectionsAtOnce = 6;

/** Images without a date, and artifacts, that one list may ask about. */
const askedAtOnce = 50;

type Identified = Pick<EngineImage, 'id' | 'references'>;

interface Inspected {
  readonly platforms: readonly Platform[];
  readonly taggedAt: string | undefined;
}

interface FactCalls {
  readonly inspect: (image: Identified, signal: AbortSignal) => Promise<Inspected>;
  readonly artifactType: (image: Identified, signal: AbortSignal) => Promise<string | undefined>;
}

/** What the list of images does not say of each, by inspection; cached. */
export class InspectedFacts {
  readonly #calls: FactCalls;
  readonly #inspections = new Semaphore(inspectionsAtOnce);
  readonly #platforms = new Map<string, readonly Platform[]>();
  /** By ID and names, because a new name is a new time. */
  readonly #tagTimes = new Map<string, string | undefined>();

  readonly #artifactTypes = new Map<string, string | undefined>();

  constructor(calls: FactCalls) {
    this.#calls = calls;
  }

  async platformsOf(image: Identified, signal: AbortSignal): Promise<readonly Platform[]> {
    return this.#platforms.get(image.id) ?? (await this.#inspected(image, signal)).platforms;
  }

  /** Adds what is known. With `asks`, asks when images without a date were tagged, and what artifacts are. */
  async addTo(
    images: readonly Omit<EngineImage, 'taggedAt'>[],
    { signal, asks }: { readonly signal: AbortSignal; readonly asks: boolean },
  ): Promise<readonly EngineImage[]> {
    const undated = images.filter(
      ({ createdAt, references, obstacle }) =>
        references.length > 0 && obstacle === undefined && !isBuildDate(createdAt),
    );
    const artifacts = images.filter(({ isArtifact, artifactType }) => isArtifact && artifactType === undefined);
    keepOnly(this.#platforms, new Set(images.map(({ id }) => id)));
    keepOnly(this.#tagTimes, new Set(undated.map(tagKey)));
    keepOnly(this.#artifactTypes, new Set(artifacts.map(({ id }) => id)));
    if (asks) await Promise.all([this.#askForTags(undated, signal), this.#askForTypes(artifacts, signal)]);
    return images.map((image) => ({
      ...image,
      platforms: image.platforms ?? this.#platforms.get(image.id),
      taggedAt: this.#tagTimes.get(tagKey(image)),
      artifactType: image.artifactType ?? this.#artifactTypes.get(image.id),
    }));
  }

  async #askForTags(undated: readonly Identified[], signal: AbortSignal): Promise<void> {
    const unknown = undated.filter((image) => !this.#tagTimes.has(tagKey(image))).slice(0, askedAtOnce);
    await Promise.all(
      unknown.map(async (image) => {
        if ((await unlessDamaged(this.#inspected(image, signal))) === undefined) {
          this.#tagTimes.set(tagKey(image), undefined);
        }
      }),
    );
  }

  async #askForTypes(artifacts: readonly Pick<EngineImage, 'id' | 'references' | 'size'>[], signal: AbortSignal) {
    const unknown = artifacts.filter(({ id, size }) => !this.#artifactTypes.has(id) && size <= longestArtifact);
    await Promise.all(
      unknown.slice(0, askedAtOnce).map(async (image) => {
        const read = this.#inspections.run(() => this.#calls.artifactType(image, signal), signal);
        this.#artifactTypes.set(image.id, await unlessDamaged(read));
      }),
    );
  }

  #inspected(image: Identified, signal: AbortSignal): Promise<Inspected> {
    return this.#inspections.run(async () => {
      const facts = await this.#calls.inspect(image, signal);
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

/** Undefined if the image is damaged, or was removed meanwhile: a fact about one image is not worth the list. */
async function unlessDamaged<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof TeaChestError && aboutOneImage.has(error.code)) return undefined;
    throw error;
  }
}

const aboutOneImage: ReadonlySet<string> = new Set<ErrorCode>([
  'engineFailed',
  'imageNotFound',
  'archiveInvalid',
  'archiveTruncated',
]);

const text = v.fallback(v.string(), '');

/** The answer of `GET /images/{name}/json`, as far as it is of use here. */
const inspectedImage = v.object({
  Id: text,
  Os: text,
  Architecture: text,
  Variant: text,
  Metadata: lenient(v.object({ LastTagTime: lenient(v.string()) })),
});

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
  const found = await getManifestList(get, name);
  return (
    found &&
    distinctPlatforms(
      found.manifests.flatMap(({ platform }) =>
        platform === undefined ? [] : [toPlatform({ ...platform, variant: platform.variant ?? '' })],
      ),
    )
  );
}
