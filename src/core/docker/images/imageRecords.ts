import { TeaChestError } from '../../base/errors.ts';
import { isDigest, type Digest } from '../../oci/digest.ts';
import type { Platform } from '../../oci/platform.ts';
import { member, number, text } from '../client/looseJson.ts';
import type { EngineImage } from '../types.ts';
import type { EngineManifest, ImageDetails } from '../../ports/imageSource.ts';

/** An item of `GET /images/json`. Beyond its ID, what is missing or of another type is not said. */
export function toEngineImage(info: unknown, platform: Platform | undefined): EngineImage {
  const created = number(info, 'Created');
  const containers = number(info, 'Containers') ?? -1;
  return {
    id: toDigest(member(info, 'Id')),
    references: toReferences(member(info, 'RepoTags')),
    size: toSize(member(info, 'Size')),
    createdAt: (created === undefined ? undefined : toDate(created * 1000)) ?? '',
    platform,
    // −1: the engine did not count (GET /images/json without shared-size, moby's API notes).
    containers: containers >= 0 ? containers : undefined,
  };
}

/** The answer of `GET /images/{name}/json`. */
export function toImageDetails(info: unknown): ImageDetails {
  const manifests = toManifests(info);
  const layers: unknown = member(member(info, 'RootFS'), 'Layers') ?? [];
  if (!Array.isArray(layers)) throw notADigest(layers);
  return {
    id: toDigest(member(info, 'Id')),
    references: toReferences(member(info, 'RepoTags')),
    diffIds: layers.map(toDigest),
    size: toSize(member(info, 'Size')),
    platform: toPlatform(info),
    createdAt: toDate(text(info, 'Created') ?? ''),
    manifestType: text(member(info, 'Descriptor'), 'mediaType'),
    ...(manifests === undefined ? {} : { manifests }),
  };
}

function toSize(size: unknown): number {
  return typeof size === 'number' && size >= 0 ? size : 0;
}

function toPlatform(info: unknown): Platform {
  const known = { os: text(info, 'Os') ?? '', architecture: text(info, 'Architecture') ?? '' };
  const variant = text(info, 'Variant') ?? '';
  return variant === '' ? known : { ...known, variant };
}

/** `Manifests` of an answer that was asked for with `manifests=1` (API 1.48); undefined where it is not as documented. */
function toManifests(info: unknown): readonly EngineManifest[] | undefined {
  const listed = member(info, 'Manifests');
  if (!Array.isArray(listed)) return undefined;
  const manifests = (listed as unknown[]).map(toManifest).filter((manifest) => manifest !== undefined);
  return manifests.length === listed.length ? manifests : undefined;
}

function toManifest(value: unknown): EngineManifest | undefined {
  const { ID, Available, ImageData } = (value ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof ID !== 'string' || !isDigest(ID) || typeof Available !== 'boolean') return undefined;
  const platform = member(ImageData, 'Platform');
  const [os, architecture, variant] = ['os', 'architecture', 'variant'].map((name) => text(platform, name));
  const isKnown = os !== undefined && architecture !== undefined;
  const runsOn = isKnown ? { os, architecture, ...(variant ? { variant } : {}) } : undefined;
  return { digest: ID, isAvailable: Available, platform: runsOn };
}

/** Older engines call a dangling image `<none>:<none>`, newer ones give it no tags. */
export function toReferences(tags: unknown): string[] {
  if (!Array.isArray(tags)) return [];
  return tags.filter((tag): tag is string => typeof tag === 'string' && !tag.includes('<none>'));
}

/** Older podman leaves the algorithm out of ids. */
function toDigest(id: unknown): Digest {
  if (typeof id !== 'string') throw notADigest(id);
  const digest = id.includes(':') ? id : `sha256:${id}`;
  if (isDigest(digest)) return digest;
  throw notADigest(id);
}

function notADigest(found: unknown): TeaChestError {
  const what = typeof found === 'string' ? `“${found.slice(0, 200)}”` : 'something else';
  return new TeaChestError('engineFailed', `The container engine gave ${what} where a sha256 digest belongs.`, {
    stage: 'engine',
  });
}

/** Go's zero time, the year 1, stands for “not said”. */
function toDate(when: string | number): string | undefined {
  const time = new Date(when);
  return Number.isNaN(time.getTime()) || time.getUTCFullYear() <= 1 ? undefined : time.toISOString();
}
