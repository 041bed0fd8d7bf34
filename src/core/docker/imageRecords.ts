import type { ImageInfo, ImageInspectInfo } from 'dockerode';
import { TeaChestError } from '../base/errors.ts';
import { isDigest, type Digest } from '../oci/digest.ts';
import type { Platform } from '../oci/platform.ts';
import type { EngineImage, EngineManifest, ImageDetails } from './types.ts';

/** An item of `GET /images/json`. */
export function toEngineImage(info: ImageInfo, platform: Platform | undefined): EngineImage {
  return {
    id: toDigest(info.Id),
    references: toReferences(info.RepoTags),
    size: info.Size,
    createdAt: new Date(info.Created * 1000).toISOString(),
    platform,
    // −1: the engine did not count (GET /images/json without shared-size, moby's API notes).
    containers: info.Containers >= 0 ? info.Containers : undefined,
  };
}

/** The answer of `GET /images/{name}/json`. */
export function toImageDetails(info: ImageInspectInfo): ImageDetails {
  const { Os: os, Architecture: architecture, Variant: variant } = info;
  const manifests = toManifests(info);
  return {
    id: toDigest(info.Id),
    references: toReferences(info.RepoTags),
    diffIds: (info.RootFS.Layers ?? []).map(toDigest),
    size: info.Size,
    platform: variant === undefined || variant === '' ? { os, architecture } : { os, architecture, variant },
    createdAt: toDate(info.Created),
    manifestType: info.Descriptor?.mediaType,
    ...(manifests === undefined ? {} : { manifests }),
  };
}

/** `Manifests` of an answer that was asked for with `manifests=1` (API 1.48); undefined where it is not as documented. */
function toManifests(info: object): readonly EngineManifest[] | undefined {
  const listed: unknown = 'Manifests' in info ? info.Manifests : undefined;
  if (!Array.isArray(listed)) return undefined;
  const manifests = (listed as unknown[]).map(toManifest).filter((manifest) => manifest !== undefined);
  return manifests.length === listed.length ? manifests : undefined;
}

function toManifest(value: unknown): EngineManifest | undefined {
  const { ID, Available, ImageData } = (value ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof ID !== 'string' || !isDigest(ID) || typeof Available !== 'boolean') return undefined;
  const { Platform: platform } = (ImageData ?? {}) as { readonly Platform?: Partial<Platform> };
  const { os, architecture, variant } = platform ?? {};
  const isKnown = typeof os === 'string' && typeof architecture === 'string';
  const runsOn = isKnown ? { os, architecture, ...(variant ? { variant } : {}) } : undefined;
  return { digest: ID, isAvailable: Available, platform: runsOn };
}

/** Older engines call a dangling image `<none>:<none>`, newer ones give it no tags. */
function toReferences(tags: readonly string[] | null | undefined): string[] {
  return (tags ?? []).filter((tag) => !tag.includes('<none>'));
}

/** Older podman leaves the algorithm out of ids. */
function toDigest(id: string): Digest {
  const digest = id.includes(':') ? id : `sha256:${id}`;
  if (isDigest(digest)) return digest;
  throw new TeaChestError('engineFailed', `The container engine gave “${id}” where a sha256 digest belongs.`, {
    stage: 'engine',
  });
}

/** Go's zero time, the year 1, stands for “not said”. */
function toDate(text: string | undefined): string | undefined {
  const time = new Date(text ?? '');
  return Number.isNaN(time.getTime()) || time.getUTCFullYear() <= 1 ? undefined : time.toISOString();
}
