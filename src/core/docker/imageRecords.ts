import type { ImageInfo, ImageInspectInfo } from 'dockerode';
import { TeaChestError } from '../base/errors.ts';
import { isDigest, type Digest } from '../oci/digest.ts';
import type { Platform } from '../oci/platform.ts';
import type { EngineImage, ImageDetails } from './types.ts';

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
  return {
    id: toDigest(info.Id),
    references: toReferences(info.RepoTags),
    diffIds: (info.RootFS.Layers ?? []).map(toDigest),
    size: info.Size,
    platform: variant === undefined || variant === '' ? { os, architecture } : { os, architecture, variant },
    createdAt: toDate(info.Created),
    manifestType: info.Descriptor?.mediaType,
  };
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
